"""The form of an exercise: an author writes down what is asked, what is right and what usually goes wrong, once.

A lesson module (``lessons/fit.py`` for a notebook ``03_fit_mixture``) exposes two names and is found by being there::

    NOTEBOOK = "03_fit_mixture"
    EXERCISES = [thickness, why_collapse, reach_optimum]  # in the order of the notebook, ids fit-1, fit-2, ...

Commands such as ``gmm-lab start`` list the exercises and judge none. So a lesson imports at its top only what loads in
a moment: ``numpy``, ``scipy`` and ``gmmlab``. Of the last two it names things in full (``scipy.stats.norm``,
``gmmlab.mixture.best_fit``), which loads each part where it is first used. What it needs of scikit-learn and pandas is
imported in the function that needs it.

An exercise has one of four forms.

**The student writes a function**: `function_exercise`. Say with which ``inputs`` it is called (drawn from a seed, so
that a hard-coded answer fails), what a call ``returns``, and for what there is credit::

    def draw_birds(seed):
        rng = np.random.default_rng(seed)
        return [(rng.normal(size=(n, 4)),) for n in (5, 9)]  # a tuple of arguments a call

    spread = function_exercise(
        "fit-1",
        title="Measure the spread",
        hint="Which axis runs over the birds?",
        inputs=draw_birds,
        returns=[
            Value("means", lambda X: X.mean(axis=0), [
                Slip("wrong-axis", lambda X: X.mean(axis=1), "This is a mean for each bird. Average over the birds."),
            ]),
            Value("standard deviations", lambda X: X.std(axis=0), [
                Slip("variance-for-sd", lambda X: X.var(axis=0), "These are variances. Take the root."),
                Slip("wrong-axis", [lambda X: X.std(axis=1), lambda X: X.std()], "Measure over the birds, axis 0."),
            ]),
        ],
        credits=[
            Credit(1, "The means are right.", "The means are not right. Try two birds on paper.", of=["means"]),
            Credit(2, "So is the spread.", "The spread is not right.", of=["standard deviations"]),
        ],
    )

A `Value` has a name in plain words (plural for an array), the right formula, and its slips: for each usual mistake
name, formula and sentence. A formula takes the same arguments as the student's function. Everything else follows:

- the answer may be an array, list, tuple, Series, column, float32, ...; the shape that is expected is that of the right
  formula; wrong types, shapes and counts, transposed tables, NaN and errors raised are answered in words
  ("Expected 3 weights, got 4.");
- numbers are compared with the tolerances below, and right numbers that were rounded are recognised as such;
- the first slip whose formula gives the student's numbers on all calls is named, with its sentence;
- the cases that prove the check (the right formula in several forms, every formula of every slip, the wrong kinds and
  shapes) are generated in ``tests/exercises``. By hand you write those that try something else: a right answer written
  in another way, a slip in code that you have seen.

**The student chooses a letter**: `choice`, with a sentence for each option; cases are generated.

**The student writes a text**: `text`, with the criteria by which somebody reads it, and what each is worth. A check
cannot read: a text of a fitting length, without the words to be avoided, counts in full until the instructor has read
it, beside its criteria, and given points in ``overrides.csv``.

**Anything else** (values, fitted models, figures) is code: a generator of rubric lines, decorated with `exercise`::

    @exercise("fit-3", title="Reach a published optimum", points=2, hint="Two diseases, two cures.")
    def reach_optimum(model, bic):
        gmm = as_mixture(model, "a fitted GaussianMixture as its first answer")
        yield award(1, ..., "This is the published optimum.", Mistake(...), otherwise="...")

Its readers (``as_number``, ``as_mixture``, ...) are in `gmmlab.exercises.rubric`; its cases are written by hand.

In such an exercise **every student may have data of their own**, drawn from the id that they write: with ``data=draw``,
a function of a seed, the check gets the data before the answers (see `gmmlab.exercises.variants`)::

    @exercise("predict-3", ..., data=draw_birds)
    def least_sure_bird(birds, label):
        ...

In the notebook stands ``check("predict-3", me, label)``. Cases are functions of the data, too; that another's answer is
refused is tried with each of the right ones.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from inspect import signature
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmmlab.exercises.answers import Raised
from gmmlab.exercises.rubric import (
    Line,
    Misfit,
    Mistake,
    as_results,
    as_text,
    award,
    described,
    need,
    read_numbers,
    wrong_kind,
)

RTOL, ATOL = 1e-4, 1e-5
"""How far numbers may be from the right ones, relatively and absolutely: float32 and another order of sums pass."""

Check = Callable[..., Iterable[Line]]
Inputs = Callable[[int], list[tuple[Any, ...]]]
Draw = Callable[[int], Any]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Slip:
    """A usual mistake: its name for reports, the formula (or formulas) that makes it, and what to tell the student."""

    name: str
    formula: Callable[..., Any] | Sequence[Callable[..., Any]]
    sentence: str

    @property
    def formulas(self) -> Sequence[Callable[..., Any]]:
        """The formulas, also where there is one."""
        return self.formula if isinstance(self.formula, Sequence) else (self.formula,)


@dataclass(frozen=True)
class Value:
    """One thing that a call returns.

    Attributes
    ----------
    name : str
        In plain words, plural for an array: "weights", "standard deviation".
    right : callable
        The right formula: from the arguments of a call to a number or an array.
    slips : sequence of Slip
        The usual mistakes, that to be named first, first.
    rtol, atol : float
        Tolerances, where those of the module do not fit.
    """

    name: str
    right: Callable[..., Any]
    slips: Sequence[Slip] = ()
    rtol: float = RTOL
    atol: float = ATOL


@dataclass(frozen=True)
class Credit:
    """What there are points for: values that are right.

    Attributes
    ----------
    points : float
        What it earns.
    praise, otherwise : str
        To the student who has it right, and to the one whose mistake is none of the slips.
    of : sequence of str, optional
        Names of the values that must be right. Default: all.
    calls : slice, optional
        The calls on which they must be right. Default: all.
    holds : callable, optional
        Asks for something weaker: from the values (those of ``of``) and the arguments of a call to whether it holds.
    """

    points: float
    praise: str
    otherwise: str
    of: Sequence[str] | None = None
    calls: slice | None = None
    holds: Callable[..., Any] | None = None


@dataclass(frozen=True)
class FunctionForm:
    """What `function_exercise` writes down: inputs, values with their slips, credits. Judges, and makes cases."""

    inputs: Inputs
    returns: tuple[Value, ...]
    credits: tuple[Credit, ...]

    def judge(self, answer: Any) -> Iterator[Line]:
        """Yield a line for each credit."""
        seed = getattr(answer, "seed", 0)
        inputs = _drawn(self.inputs, seed)
        results = [self._parts(result) for result in as_results(answer, len(inputs), may_raise=True)]
        columns = {
            value.name: _Column(value, [parts[k] for parts in results], inputs, partial(_numbers, self.inputs, seed))
            for k, value in enumerate(self.returns)
        }
        for credit in self.credits:
            chosen = [columns[name] for name in credit.of or columns]
            calls = range(len(inputs))[credit.calls or slice(None)]
            if stop := next((stop for c in chosen if (stop := c.misfit(calls))), None):
                yield Line(credit.points, False, str(stop), stop.mistake)
                continue
            if credit.holds is None:
                met = all(column.right(calls) for column in chosen)
            else:
                met = all(credit.holds(*(c.numbers[i] for c in chosen), *inputs[i]) for i in calls)
            made = None if met else next((m for c in chosen if (m := c.mistake(calls))), None)
            yield award(credit.points, met, credit.praise, *([made] if made else []), otherwise=credit.otherwise)

    def _parts(self, result: Any) -> list[Any]:
        """Return the values that a call gave, one each."""
        n, names = len(self.returns), ", ".join(value.name for value in self.returns)
        if n == 1 or isinstance(result, Raised):
            return [result] * n
        parts = list(result) if isinstance(result, np.ndarray) and result.ndim else result
        if not isinstance(parts, list):
            wrong_kind(result, f"{n} values from each call ({names})")
        need(len(parts) == n, "wrong-length", f"Expected {n} values from each call ({names}), got {len(parts)}.")
        return parts

    def answers(self, k: int = 0, formula: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """Return a function that answers rightly, save that value ``k`` is given by ``formula``."""
        formulas = [value.right for value in self.returns]
        if formula is not None:
            formulas[k] = formula
        if len(formulas) == 1:
            return formulas[0]
        return lambda *arguments: tuple(f(*arguments) for f in formulas)


@lru_cache(maxsize=100)
def _drawn(inputs: Inputs, seed: int) -> list[tuple[Any, ...]]:
    """Return the inputs to judge by; a student's function gets others, which it may change."""
    return inputs(seed)


@lru_cache(maxsize=1000)
def _numbers(inputs: Inputs, seed: int, formula: Callable[..., Any]) -> list[Numbers]:
    """Return what a formula gives on all calls: a class is judged on one seed, and some formulas fit mixtures."""
    with np.errstate(all="ignore"):
        return [np.asarray(formula(*arguments), dtype=float) for arguments in _drawn(inputs, seed)]


class _Column:
    """One value on all calls: what the student's function gave, and what formulas give."""

    def __init__(
        self,
        value: Value,
        results: Sequence[Any],
        inputs: list[tuple[Any, ...]],
        by: Callable[[Callable[..., Any]], list[Numbers]],
    ) -> None:
        self.value, self.inputs, self._by = value, inputs, by
        self.expected = self._by(value.right)
        self.misfits: dict[int, Misfit] = {}
        self.numbers = [self._read_or_note(i, result) for i, result in enumerate(results)]
        self._refuse_infinite()

    def misfit(self, calls: Iterable[int]) -> Misfit | None:
        """Return what stops the judging of these calls."""
        found = next((self.misfits[i] for i in calls if i in self.misfits), None)
        # The same trouble in several calls is told in one sentence.
        return found and next(other for other in self.misfits.values() if other.mistake == found.mistake)

    def right(self, calls: Iterable[int]) -> bool:
        return self._same(self.expected, calls)

    def mistake(self, calls: Iterable[int]) -> Mistake | None:
        """Return the slip that gives the student's numbers: on all calls, else on these."""
        if self.right(range(len(self.inputs))):
            return None
        every = range(len(self.inputs))
        elsewhere = [i for i in every if i not in set(calls)]
        whole = all(e.ndim == 0 and float(e).is_integer() for e in self.expected)
        # A few whole numbers agree with a slip by chance: then nothing unexplained may be left in the other calls.
        doubtful = whole and not all(i in self.misfits or self.right([i]) for i in elsewhere)
        for where in (every,) if doubtful else (every, calls):
            for slip in self.value.slips:
                if any(self._same(self._by(formula), where) for formula in slip.formulas):
                    return Mistake(slip.name, True, slip.sentence)
            if self._rounded(where):
                return Mistake("rounded", True, f"The {self.value.name} would be right, but you rounded: return all "
                               "digits, and round only what you show.")  # fmt: skip
        return None

    def _same(self, others: list[Numbers], calls: Iterable[int]) -> bool:
        return all(
            i not in self.misfits
            and self.numbers[i].shape == others[i].shape
            and np.allclose(self.numbers[i], others[i], self.value.rtol, self.value.atol, equal_nan=True)
            for i in calls
        )

    def _rounded(self, calls: Iterable[int]) -> bool:
        def same(digits: int) -> bool:
            pairs = [(self.numbers[i], np.round(self.expected[i], digits)) for i in calls]
            alike = all(a.shape == b.shape and np.allclose(a, b, 1e-6, 1e-9) for a, b in pairs)
            return alike and any(b.any() for _, b in pairs)

        return not self.misfit(calls) and any(map(same, range(5)))

    def _read_or_note(self, i: int, result: Any) -> Numbers:
        """Read numbers; where they cannot be read note why, so that other calls and values are judged."""
        try:
            return self._read(i, result)
        except Misfit as misfit:
            self.misfits[i] = misfit
            return np.full(self.expected[i].shape, np.nan)

    def _read(self, i: int, result: Any) -> Numbers:
        """Read numbers of the right shape, or of the shape that a slip gives."""
        name, shape = self.value.name, self.expected[i].shape
        if isinstance(result, Raised):
            raise Misfit(
                "raised",
                f"Called with {described(self.inputs[i])}: your function raised {result.error}: {result.message}",
            )
        what = f"one number, the {name}" if shape == () else f"{name} as numbers"
        if isinstance(result, bool):
            wrong_kind(result, what)
        numbers = read_numbers(result, what)
        if shape == () and numbers.size == 1:
            return numbers.reshape(())
        if len(shape) == 1 and numbers.shape in ((*shape, 1), (1, *shape)):
            return numbers.ravel()
        if numbers.shape == shape or any(
            numbers.shape == self._by(formula)[i].shape for slip in self.value.slips for formula in slip.formulas
        ):
            return numbers
        given = f"Called with {described(self.inputs[i])}: expected"
        if shape == ():
            raise Misfit("wrong-shape", f"{given} {what}, got an array of shape {numbers.shape}.")
        if len(shape) == numbers.ndim == 1:
            raise Misfit("wrong-shape", f"{given} {shape[0]} {name}, got {numbers.size}.")
        turned = numbers.shape == shape[::-1]
        raise Misfit(
            "transposed" if turned else "wrong-shape",
            f"{given} {name} of shape {shape}, got {'the transpose, ' if turned else ''}shape {numbers.shape}.",
        )

    def _refuse_infinite(self) -> None:
        """Note NaN or infinity where the right value is finite, unless a slip explains them."""
        bad = [
            int((~np.isfinite(a) & np.isfinite(b)).sum() if a.shape == b.shape else (~np.isfinite(a)).sum())
            if i not in self.misfits
            else 0
            for i, (a, b) in enumerate(zip(self.numbers, self.expected, strict=True))
        ]
        if any(bad) and not self.mistake(range(len(self.inputs))):
            where = f"{sum(bad)} of the {self.value.name}" if self.numbers[0].ndim else f"the {self.value.name}"
            misfit = Misfit(
                "not-finite", f"Expected finite numbers, got NaN or infinity for {where}. Where do they arise?"
            )
            self.misfits.update({i: misfit for i, count in enumerate(bad) if count})


@dataclass(frozen=True)
class ChoiceForm:
    """What `choice` writes down: the right letter and a sentence for each option. Judges, and makes cases."""

    right: str
    options: Mapping[str, str]
    points: float

    def judge(self, answer: Any) -> Iterator[Line]:
        """Yield one line."""
        expected = f"one of the letters {', '.join(self.options)} as a text, such as {next(iter(self.options))!r}"
        chosen = as_text(answer, expected).lower().strip(" ().'\"")
        if chosen not in self.options:
            wrong_kind(answer, expected)
        mistake = Mistake(f"chose-{chosen}", True, self.options[chosen])
        yield award(self.points, chosen == self.right, self.options[self.right], mistake, otherwise="")


@dataclass(frozen=True)
class TextForm:
    """What `text` writes down: the criteria by which somebody reads, and what can be said before."""

    criteria: Mapping[str, float]
    least: int
    most: int
    avoid: Mapping[str, str]

    def judge(self, answer: Any) -> Iterator[Line]:
        """Yield a line for each criterion, met until somebody has read the text."""
        said = as_text(answer, f"a text of {self.least} to {self.most} words")
        words = len(said.split())
        length = f"Expected {self.least} to {self.most} words, got {words}."
        need(words >= self.least, "too-short", f"{length} What does the reader still need?")
        need(words <= self.most, "too-long", f"{length} What can the reader do without?")
        need(len(set(said.lower().split())) > words / 4, "repetition", "The same words come again and again.")
        copied = any(criterion in " ".join(said.split()) for criterion in self.criteria)
        need(not copied, "task-copied", "This repeats the task. Answer it in words of your own.")
        for word, sentence in self.avoid.items():
            need(not re.search(rf"\b{word}", said, re.I), "word-to-avoid", sentence)
        for criterion, points in self.criteria.items():
            yield Line(points, True, f"Counted until somebody has read it: {criterion}")


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    id, title : str
        Such as ``"fit-2"`` and ``"Reach the published optimum"``.
    points : float
        What a full answer earns: the sum of the rubric's lines.
    hint : str
        What a student who is stuck may unfold.
    check : callable
        From the decoded answers to rubric lines. Pure: the student's kernel and a grader run the same code.
    inputs : callable, optional
        For an exercise that asks for a function: from a seed to the list of argument tuples that it is called with.
    form : FunctionForm, ChoiceForm or TextForm, optional
        The record that the check and its cases were made from, if there is one.
    notebook : str
        Such as ``"03_fit_mixture"``; the registry writes it in.
    data : callable, optional
        For an exercise in which every student has data of their own: from a seed to the data.
    """

    id: str
    title: str
    points: float
    hint: str
    check: Check
    inputs: Inputs | None = None
    form: FunctionForm | ChoiceForm | TextForm | None = None
    notebook: str = ""
    data: Draw | None = None

    @cached_property
    def n_answers(self) -> int:
        """How many answers the notebook's check takes; for data of one's own the first is the id."""
        return len(signature(self.check).parameters)

    @property
    def number(self) -> int:
        """The number in the id: 10 for ``"fit-10"``."""
        return int(self.id.rpartition("-")[2])

    def of(self, notebook: str) -> "Exercise":
        """Return the exercise as one of this notebook."""
        return replace(self, notebook=notebook)


def exercise(
    id: str, *, title: str, points: float, hint: str, inputs: Inputs | None = None, data: Draw | None = None
) -> Callable[[Check], Exercise]:
    """Make an exercise of the decorated generator of rubric lines.

    A check of a function exercise gets the recorded calls: it draws the same inputs again with ``inputs(calls.seed)``.
    """
    return lambda check: Exercise(id, title, points, hint, check, inputs, data=data)


def function_exercise(
    id: str, *, title: str, hint: str, inputs: Inputs, returns: Sequence[Value], credits: Sequence[Credit]
) -> Exercise:
    """Make an exercise in which the student writes a function; see the module's docstring."""
    form = FunctionForm(inputs, tuple(returns), tuple(credits))
    return Exercise(id, title, sum(credit.points for credit in credits), hint, form.judge, inputs, form)


def choice(id: str, *, title: str, points: float, hint: str, right: str, options: Mapping[str, str]) -> Exercise:
    """Make a question with choices.

    Parameters
    ----------
    id, title, points, hint
        As for `Exercise`.
    right : str
        Letter of the right option.
    options : mapping of str to str
        For each letter what to tell a student who chose it: why it is right, or the misconception behind it.
    """
    form = ChoiceForm(right, options, points)
    return Exercise(id, title, points, hint, form.judge, form=form)


def text(
    id: str,
    *,
    title: str,
    hint: str,
    criteria: Mapping[str, float],
    least: int,
    most: int,
    avoid: Mapping[str, str] = MappingProxyType({}),
) -> Exercise:
    """Make an exercise in which the student writes a text.

    Parameters
    ----------
    id, title, hint
        As for `Exercise`.
    criteria : mapping of str to float
        What the text is read for, and the points for it.
    least, most : int
        Fewest and most words.
    avoid : mapping of str to str
        How words begin that the text must not use, and what to tell the student who does.
    """
    form = TextForm(criteria, least, most, avoid)
    return Exercise(id, title, sum(criteria.values()), hint, form.judge, form=form)
