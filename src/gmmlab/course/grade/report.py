"""``report.html``: how the class did, what it misunderstood, and where an instructor should look."""

import base64
import io
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike

from gmmlab import __version__
from gmmlab.course.grade.gradebook import MISSING, Row, possible
from gmmlab.course.grade.page import document, prose, shown, table_of
from gmmlab.exercises.registry import Exercise, exercises

MOST_MISTAKES = 25
FEW = 5
"""Fewest students for whom a correlation is shown."""

_NAMELESS = ("other", "unjudged", "malformed")


@dataclass
class Class:
    """What is counted of a class, student by student; numbers alone, so that a large class needs little memory."""

    notebooks: list[str]
    students: int = 0
    percents: array = field(default_factory=lambda: array("d"))
    shares: dict[str, array] = field(default_factory=dict)
    states: dict[str, Counter] = field(default_factory=dict)
    mistakes: Counter = field(default_factory=Counter)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: Counter = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)
    flagged: list[list[str]] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Count one student."""
        self.students += 1
        total, of = row.total(self.notebooks), sum(map(possible, self.notebooks))
        if total is not None and of:
            self.percents.append(100 * total / of)
        self.statuses.update(row.status(name) for name in self.notebooks)
        if all(row.status(name) == MISSING for name in self.notebooks):
            self.absent.append(row.student.key)
        for name in self.notebooks:
            self._add_notebook(row, name)
        self.problems += [[shown(row.student.key), *map(shown, problem)] for problem in row.problems]
        self.flagged += [
            [shown(row.student.key), _link(row, name), "<br>".join(map(shown, flags))]
            for name, flags in row.flags.items()
            if flags
        ]

    def _add_notebook(self, row: Row, name: str) -> None:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        for ex in exercises(name):
            one = judged.get(ex.id)
            self.shares.setdefault(ex.id, array("d")).append(one.points / ex.points if one else float("nan"))
            self.states.setdefault(ex.id, Counter())[one.status if one else MISSING] += 1
            for mistake, message in dict(one.mistakes).items() if one else ():
                self.mistakes[ex.id, mistake] += 1
                self.words.setdefault((ex.id, mistake), message)


def _link(row: Row, name: str) -> str:
    if row.points(name) is None:
        return shown(name)
    return f'<a href="feedback/{quote(row.folder)}/{quote(name)}.html">{shown(name)}</a>'


def report(seen: Class, orphans: list[tuple[str, str, str]]) -> bytes:
    """Return the page."""
    sizes = f"{_count(seen.students, 'student')}, {_count(len(seen.notebooks), 'notebook')}"
    parts = [
        f"<p>{sizes}: {_statuses(seen)}. Graded on "
        f"{date.today().isoformat()} with version {__version__} of the lab. Points: <code>grades.csv</code>.</p>",
        *_distribution(seen),
        *_exercises(seen),
        *_mistakes(seen),
        *_lists(seen, orphans),
    ]
    return document("How the class did", "\n".join(parts))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _statuses(seen: Class) -> str:
    return ", ".join(f"{count} {shown(status)}" for status, count in seen.statuses.most_common()) or "nothing handed in"


def _distribution(seen: Class) -> Iterator[str]:
    yield "<h2>Totals</h2>"
    percents = np.asarray(seen.percents)
    if not len(percents):
        yield "<p>No student has a total.</p>"
        return
    low, middle, high = np.percentile(percents, [25, 50, 75])
    words = f"median {middle:.0f} %, middle half from {low:.0f} to {high:.0f} %"
    yield f"<p>Of {len(percents)} students with a total: {words}, mean {percents.mean():.0f} %.</p>"
    counts, _ = np.histogram(percents, bins=10, range=(0, 100))
    bars = "; ".join(f"{10 * k} to {10 * k + 10} %: {n}" for k, n in enumerate(counts) if n)
    yield _figure(lambda ax: _histogram(ax, counts), f"Histogram of totals, students in each tenth: {bars}.", 3.2)


def _histogram(ax, counts: ArrayLike) -> None:
    ax.bar(np.arange(10) * 10 + 5, counts, width=9)
    ax.set(
        xlabel="total (% of the points)", ylabel="students", xlim=(0, 100), title="How many students reached how much"
    )
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="x", visible=False)


def _exercises(seen: Class) -> Iterator[str]:
    own = [ex for name in seen.notebooks for ex in exercises(name)]
    if not own:
        return
    yield "<h2>Exercises</h2>"
    yield (
        "<p>Share is the mean share of the points, among those whose notebook was judged: the lower, the harder. "
        "Discrimination is the correlation of an exercise's points with those of the other exercises of its notebook: "
        "near zero or below, the exercise does not tell strong from weak students, and deserves a look. None counts "
        "notebooks in which no answer is stored.</p>"
    )
    rows = [_exercise(seen, ex) for ex in own]
    columns = (
        "exercise",
        "title",
        "points",
        "judged",
        "share",
        "right",
        "partly",
        "wrong",
        "open",
        "none",
        "discrimination",
    )
    yield table_of("Difficulty and discrimination of each exercise", columns, rows, frozenset(range(2, 11)))
    means = {ex.id: _mean(seen.shares[ex.id]) for ex in own}
    told = {id: mean for id, mean in means.items() if not np.isnan(mean)}
    if told:
        words = ", ".join(f"{id} {100 * mean:.0f} %" for id, mean in told.items())
        alt = f"Bars, one an exercise: mean share of the points. {words}."
        yield _figure(lambda ax: _bars(ax, told), alt, 1 + 0.24 * len(told))


def _bars(ax, means: dict[str, float]) -> None:
    ax.barh(list(means), [100 * mean for mean in means.values()], height=0.7)
    ax.invert_yaxis()
    ax.set(xlim=(0, 100), xlabel="mean share of the points (%)", title="Short bars are the hard exercises")
    ax.grid(axis="y", visible=False)


def _mean(shares: ArrayLike) -> float:
    values = np.asarray(shares)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _exercise(seen: Class, ex: Exercise) -> list[str]:
    states = seen.states[ex.id]
    judged = int(np.count_nonzero(~np.isnan(seen.shares[ex.id])))
    mean, told = _mean(seen.shares[ex.id]), _discrimination(seen, ex)
    counts = [str(states[state]) for state in ("right", "partly", "wrong", "open")]
    none = str(states[MISSING] - (seen.students - judged))
    share = f"{100 * mean:.0f} %" if judged else ""
    return [
        shown(ex.id),
        shown(ex.title),
        f"{ex.points:g}",
        str(judged),
        share,
        *counts,
        none,
        "" if told is None else f"{told:.2f}",
    ]


def _discrimination(seen: Class, ex: Exercise) -> float | None:
    """Return the item-rest correlation, or None where it is not defined or there are too few students."""
    others = [other for other in exercises(ex.notebook) if other.id != ex.id]
    own = np.asarray(seen.shares[ex.id])
    rest = sum((other.points * np.asarray(seen.shares[other.id]) for other in others), start=np.zeros(len(own)))
    there = ~np.isnan(own)
    own, rest = own[there], rest[there]
    if len(own) < FEW or np.ptp(own) == 0 or np.ptp(rest) == 0:
        return None
    return float(np.corrcoef(own, rest)[0, 1])


def _mistakes(seen: Class) -> Iterator[str]:
    yield "<h2>Commonest misconceptions</h2>"
    named = [item for item in seen.mistakes.most_common() if item[0][1] not in _NAMELESS][:MOST_MISTAKES]
    if not named:
        yield "<p>None was recognised.</p>"
        return
    rows = [[shown(mistake), shown(id), str(count), prose(seen.words[id, mistake])] for (id, mistake), count in named]
    yield table_of("Mistakes recognised, and what the first student who made each was told",
                   ("mistake", "exercise", "students", "message"), rows, frozenset({2}))  # fmt: skip
    rest = sum(count for (_, mistake), count in seen.mistakes.items() if mistake in _NAMELESS)
    yield f"<p>Wrong in a way that no check has a name for: {rest} times.</p>"


def _lists(seen: Class, orphans: list[tuple[str, str, str]]) -> Iterator[str]:
    yield "<h2>Not handed in</h2>"
    absent = "".join(f"<li>{shown(name)}</li>" for name in seen.absent)
    yield f"<ul>{absent}</ul>" if absent else "<p>Every student handed in something.</p>"
    yield "<h2>Files not graded, or not counted</h2>"
    problems = seen.problems + [["", *map(shown, orphan)] for orphan in orphans]
    yield (
        table_of("As in problems.csv", ("student", "file", "status", "reason"), problems)
        if problems
        else "<p>None.</p>"
    )
    yield "<h2>To look at</h2>"
    yield "<p>Flags say what was seen. None is a verdict, and none has changed a grade.</p>"
    yield table_of("Flags", ("student", "notebook", "flags"), seen.flagged) if seen.flagged else "<p>Nothing.</p>"


def _figure(draw, alt: str, height: float) -> str:
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context("gmmlab.lab"):
        figure = Figure(figsize=(7.2, height))
        FigureCanvasAgg(figure)
        draw(figure.subplots())
        stored = io.BytesIO()
        figure.savefig(stored, format="png", bbox_inches="tight")
    coded = base64.b64encode(stored.getvalue()).decode("ascii")
    return f'<figure><img alt="{shown(alt)}" src="data:image/png;base64,{coded}"></figure>'
