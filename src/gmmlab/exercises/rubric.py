"""What a check is made of: rubric lines, the usual mistakes with their names, and readers of answers.

A check is a generator of `Line`. Before it judges, it reads the answer with one of the ``as_...`` functions, which
accept every reasonable form of a right answer (array, list, Series, DataFrame, float32, ...) and stop the check with a
sentence when the answer is of the wrong kind: what was expected, what they got, what to do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from gmmlab.exercises.answers import AxesAnswer, Calls, Failed, Open, Raised, Unknown

_OF_PANDAS = ("Series", "DataFrame")
"""Known by their names: what is judged need not wait for pandas."""


class Mistake(NamedTuple):
    """A usual mistake: its name for reports, whether this answer makes it, and what to tell the student."""

    name: str
    made: bool
    message: str


@dataclass(frozen=True)
class Line:
    """One line of a rubric.

    Attributes
    ----------
    points : float
        What the line is worth.
    met : bool
        Whether the answer meets it.
    message : str
        To the student: what is right, or the likely mistake.
    mistake : str or None
        Name of the mistake recognised; ``None`` where the line is met, ``"other"`` where none fits.
    """

    points: float
    met: bool
    message: str
    mistake: str | None = None


class Misfit(Exception):
    """The answer cannot be judged further; carries the name of the mistake and the sentence for the student."""

    def __init__(self, mistake: str, message: str) -> None:
        super().__init__(message)
        self.mistake = mistake


def award(points: float, met: Any, right: str, *mistakes: Mistake, otherwise: str) -> Line:
    """Return a line: ``right`` if met, else the message of the first mistake made, else ``otherwise``."""
    if bool(met):
        return Line(points, True, right)
    for mistake in mistakes:
        if bool(mistake.made):
            return Line(points, False, mistake.message, mistake.name)
    return Line(points, False, otherwise, "other")


def part(points: float, judge: Callable[[], Iterable[Line] | Line]) -> Iterator[Line]:
    """Yield the lines of one part of an exercise: what stops it costs the points of this part alone."""
    try:
        lines = judge()
        yield from [lines] if isinstance(lines, Line) else list(lines)
    except Misfit as misfit:
        yield Line(points, False, str(misfit), misfit.mistake)


def mistakes_made(made: Mapping[str, Any], words: Mapping[str, str]) -> list[Mistake]:
    """Join for each mistake whether it was made, and what to say about it."""
    return [Mistake(name, was_made, words[name]) for name, was_made in made.items()]


def need(condition: Any, mistake: str, message: str) -> None:
    """Stop the check with this message unless the condition holds; what is not yet earned is lost."""
    if not bool(condition):
        raise Misfit(mistake, message)


def wrong_kind(answer: Any, expected: str) -> NoReturn:
    """Stop the check: say what was expected, and what they got."""
    if isinstance(answer, Open):
        raise Misfit("open", f"This part is still open. Expected {expected}: replace the `...`.")
    if isinstance(answer, Failed):
        raise Misfit(
            "failed-cell",
            f"The cell of this answer ended in an error ({answer.error}: {answer.message}), so there is no new answer "
            "to judge. Mend that cell, run it, then run this one.",
        )
    raise Misfit("wrong-kind", f"Expected {expected}, got {describe(answer)}.")


def describe(answer: Any) -> str:
    """Say in words what an answer is, such as "an array of shape (3, 4)"."""
    kind = type(answer).__name__
    match answer:
        case None:
            return "None (did the cell assign the variable, or the function return something?)"
        case Open():
            return "the stub"
        case Unknown():
            return answer.what
        case Raised():
            return f"an error ({answer.error}: {answer.message})"
        case bool() | int() | float():
            return f"the number {answer!r}" if not isinstance(answer, bool) else f"the truth value {answer}"
        case str():
            return f"the text {answer[:40]!r}"
        case np.ndarray():
            texts = "of texts " if answer.dtype.kind in "UO" and any(isinstance(v, str) for v in answer.flat) else ""
            return f"an array {texts}of shape {answer.shape}" if answer.ndim else f"the number {answer.item()!r}"
        case _ if kind == "DataFrame":
            return f"a DataFrame of {answer.shape[0]} rows and {answer.shape[1]} columns"
        case _ if kind == "Series":
            return f"a Series of {len(answer)} values"
        case list() | tuple():
            # A stored tuple is a list.
            named = "tuple" if isinstance(answer, tuple) else "list or tuple"
            texts = ", some of them texts" if any(isinstance(v, str) for v in answer) else ""
            return f"a {named} of {len(answer)} {'item' if len(answer) == 1 else 'items'}{texts}"
        case dict():
            return f"a dict of {len(answer)} items"
        case AxesAnswer():
            return "a figure's Axes"
        case Calls():
            return "a function"
    return f"a {kind}"


def described(arguments: Sequence[Any]) -> str:
    """Say in words what a function was called with."""
    words = [f"the number {a:.4g}" if isinstance(a, float | np.floating) else describe(a) for a in arguments]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def as_number(answer: Any, expected: str = "one number") -> float:
    """Read a number; an array, list or Series of one number counts."""
    if isinstance(answer, bool):
        wrong_kind(answer, expected)
    values = read_numbers(answer, expected)
    need(values.size == 1, "wrong-shape", f"Expected {expected}, got {describe(answer)}.")
    value = float(values.reshape(-1)[0])
    need(np.isfinite(value), "not-finite", f"Expected {expected}, got {value}: see where it arises.")
    return value


def as_count(answer: Any, expected: str) -> float:
    """Read a whole number from 1."""
    value = as_number(answer, expected)
    need(value >= 1 and value.is_integer(), "not-a-count", f"Expected {expected}, 1 or more, got {value:.4g}.")
    return value


def as_array(answer: Any, shape: Sequence[int | None], expected: str) -> NDArray[np.float64]:
    """Read an array of finite floats of this shape; ``None`` stands for any length along that axis."""
    values = read_numbers(answer, expected)
    got = describe(answer)
    if isinstance(answer, list) and values.ndim > 1:
        got = f"numbers of shape {values.shape}"
    need(
        _has(values, shape) or values.ndim != 2 or not _has(values.T, shape),
        "transposed",
        f"Expected {expected}, got the transpose: {got}.",
    )
    need(_has(values, shape), "wrong-shape", f"Expected {expected}, got {got}.")
    bad = int(np.size(values) - np.isfinite(values).sum())
    need(not bad, "not-finite", f"Expected {expected}, got NaN or infinity in {bad} of {values.size} places.")
    return values


def _has(values: NDArray[np.float64], shape: Sequence[int | None]) -> bool:
    return values.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, values.shape, strict=True))


def read_numbers(answer: Any, expected: str) -> NDArray[np.float64]:
    """Read numbers of any shape, finite or not."""
    if not isinstance(answer, int | float | list | np.ndarray) and type(answer).__name__ not in _OF_PANDAS:
        wrong_kind(answer, expected)
    try:
        values = np.asarray(answer)
        if values.dtype.kind in "biuf" or (
            values.dtype.kind == "O" and not any(isinstance(v, str) for v in values.flat)
        ):
            return values.astype(np.float64)
    except (TypeError, ValueError):
        pass
    wrong_kind(answer, expected)


def as_labels(answer: Any, n: int, expected: str) -> NDArray[Any]:
    """Read one label a sample: a vector of ``n`` whole numbers or texts; a column of shape (n, 1) counts."""
    if not isinstance(answer, list | np.ndarray) and type(answer).__name__ not in _OF_PANDAS:
        wrong_kind(answer, expected)
    labels = np.asarray(answer, dtype=object)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim == 2 and labels.shape[0] == n:
        raise Misfit(
            "predict_proba-for-predict",
            f"Expected {expected}, got {describe(answer)}: a row of responsibilities for each sample. "
            "`predict_proba` says how sure the model is; `predict` gives one label a sample.",
        )
    need(labels.ndim == 1 and len(labels) == n, "wrong-length",
         f"Expected {expected}: {n} labels, got {describe(answer)}.")  # fmt: skip
    values = labels.tolist()
    if all(isinstance(value, str) for value in values):
        return labels.astype(str)
    whole = all(isinstance(v, int | float) and not isinstance(v, bool) and float(v).is_integer() for v in values)
    need(
        whole,
        "not-labels",
        f"Expected {expected}, got values that are neither whole numbers nor names.",
    )
    return labels.astype(float).astype(int)


def as_text(answer: Any, expected: str) -> str:
    """Read a text, without the blanks around it."""
    if not isinstance(answer, str):
        wrong_kind(answer, expected)
    return answer.strip()


def as_dict(answer: Any, expected: str) -> dict[Any, Any]:
    """Read a dict; a Series counts, as one from its index."""
    table = answer.to_dict() if type(answer).__name__ == "Series" else answer
    if not isinstance(table, dict):
        wrong_kind(answer, expected)
    return table


def as_mixture(answer: Any, expected: str = "a fitted GaussianMixture") -> Any:
    """Read a fitted mixture; of a Pipeline the last step is taken."""
    mixture = answer.steps[-1][1] if type(answer).__name__ == "Pipeline" and answer.steps else answer
    if type(mixture).__name__ not in ("GaussianMixture", "BayesianGaussianMixture"):
        wrong_kind(answer, expected)
    return mixture


def overall_mean(mixture: Any) -> NDArray[np.float64]:
    """Return the mean of the samples that a mixture was fitted to; of a Bayesian one without what its priors added."""
    if not hasattr(mixture, "mean_precision_prior_"):
        return np.asarray(mixture.weights_ @ mixture.means_)
    prior = mixture.mean_precision_prior_
    added = len(mixture.means_) * prior * mixture.mean_prior_
    return np.asarray((mixture.mean_precision_ @ mixture.means_ - added) / (mixture.mean_precision_ - prior).sum())


def is_fitted_to(mixture: Any, X: Any) -> bool:
    """Whether a mixture has the mean of these samples, as every M-step gives it."""
    samples = np.asarray(X, dtype=float)
    if mixture.means_.shape[1] != samples.shape[1]:
        return False
    return bool((np.abs(overall_mean(mixture) - samples.mean(axis=0)) < 1e-3 * samples.std(axis=0)).all())


def as_axes(answer: Any, expected: str = "the Axes that you drew on") -> AxesAnswer:
    """Read an Axes; of a list of them the only one."""
    answer = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    if not isinstance(answer, AxesAnswer):
        wrong_kind(answer, expected)
    return answer


def as_results(answer: Any, n_calls: int, *, may_raise: bool = False) -> list[Any]:
    """Read what a function returned on the exercise's inputs; an error raised stops the check with its words.

    Where some calls ``may_raise``, the others are judged.
    """
    if answer is None:
        raise Misfit(
            "called-function",
            "Expected a function (its name, without parentheses), got None. Give `check` the function itself.",
        )
    if not isinstance(answer, Calls):
        wrong_kind(answer, "a function (its name, without parentheses)")
    need(
        len(answer.results) == n_calls,
        "wrong-kind",
        "The stored results do not belong to this exercise's inputs.",
    )
    raised = [result for result in answer.results if isinstance(result, Raised)]
    for result in raised:
        if not may_raise or len(raised) == n_calls:
            raise Misfit("raised", f"Your function raised {result.error}: {result.message}")
    _need_returned(answer)
    return answer.results


def _need_returned(answer: Calls) -> None:
    """Stop the check where a call returned None."""
    nothing = sum(result is None for result in answer.results)
    if answer.printed:
        raise Misfit(
            "print-for-return",
            "Your function printed and returned None. `print` only shows a value: give it back with `return`.",
        )
    need(
        nothing < len(answer.results),
        "no-return",
        "Your function returned None. Did you forget `return` in its last line?",
    )
    need(
        not nothing,
        "no-return",
        f"Your function returned None on {nothing} of {len(answer.results)} calls. Each way through it ends in "
        "`return`.",
    )
