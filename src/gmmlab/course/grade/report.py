"""``report.html``: how the class did, what it misunderstood, and where an instructor should look."""

import base64
import io
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from gmmlab import __version__
from gmmlab.course.grade.gradebook import MISSING, Row, possible, texts_of
from gmmlab.course.grade.page import prose, render, shown
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.registry import exercises, find

MOST_MISTAKES = 25
FEW = 5
"""Fewest students for whom a correlation is shown."""

_NAMELESS = ("other", "unjudged", "malformed")


@dataclass
class Class:
    """What is counted of a class, student by student: little for each, so that a large class needs little memory."""

    notebooks: list[str]
    students: int = 0
    percents: array = field(default_factory=lambda: array("d"))
    shares: dict[str, array] = field(default_factory=dict)
    tries: dict[str, array] = field(default_factory=dict)
    states: dict[str, Counter] = field(default_factory=dict)
    mistakes: Counter = field(default_factory=Counter)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    given: Counter = field(default_factory=Counter)
    texts: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    statuses: Counter = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)
    flagged: list[list[str]] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Count one student."""
        self.students += 1
        total, of = row.total(self.notebooks), row.possible(self.notebooks)
        if total is not None and of:
            self.percents.append(100 * total / of)
        self.statuses.update(row.status(name) for name in self.notebooks)
        if all(row.status(name) == MISSING for name in self.notebooks):
            self.absent.append(row.student.key)
        for name in self.notebooks:
            self._add_notebook(row, name)
            self._add_texts(row, name)
        self.problems += [[row.student.key, *problem] for problem in row.problems]
        self.flagged += [
            [row.student.key, _link(row, name), Markup("<br>").join(map(shown, flags))]
            for name, flags in row.flags.items()
            if flags
        ]

    def _add_texts(self, row: Row, name: str) -> None:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        for ex in texts_of(name):
            if ex.id in judged and judged[ex.id].given:
                by_hand = "; ".join(one.words for one in row.overrides.get(ex.id, []))
                self.texts.setdefault(ex.id, []).append((row.student.key, judged[ex.id].given, by_hand))

    def _add_notebook(self, row: Row, name: str) -> None:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        for ex in exercises(name):
            one = judged.get(ex.id)
            self.shares.setdefault(ex.id, array("d")).append(one.points / ex.points if one else float("nan"))
            self.tries.setdefault(ex.id, array("d")).append(one.tries if one and one.tries else float("nan"))
            self.states.setdefault(ex.id, Counter())[one.status if one else MISSING] += 1
            if one and one.given and one.status != "right":
                self.given[ex.id, one.given, ", ".join(dict(one.mistakes))] += 1
            for mistake, message in dict(one.mistakes).items() if one else ():
                self.mistakes[ex.id, mistake] += 1
                self.words.setdefault((ex.id, mistake), message)


def _link(row: Row, name: str) -> str:
    if row.points(name) is None:
        return name
    return Markup('<a href="feedback/{}/{}.html">{}</a>').format(quote(row.folder), quote(name), shown(name))


def grade_of(row: Row, name: str) -> bytes:
    """Return what stands above a student's page: name and grade, and how it came about."""
    grade, scale = row.grades[name], row.worth[name] / possible(name)
    judged = row.counted[name].result.exercises
    own = [(ex.id, one) for ex in exercises(name) for one in row.overrides.get(ex.id, [])]
    steps = [("by the checks", _points(sum(one.points for one in judged.values()) * scale))]
    for is_change in (False, True):  # in the order in which they are applied
        for id, one in own:
            if one.points is not None and one.is_change == is_change:
                before = 0.0 if is_change or id not in judged else judged[id].points
                steps.append((one.words, _points((one.points - before) * scale, "+")))
        if grade.why and not is_change:
            steps.append((grade.why, _points(-grade.penalty, "+")))
    return render(
        "grade.html",
        student=row.student.key,
        total="it does not count for you"
        if name in row.excused
        else f"{_points(grade.total)} of {row.worth[name]:g} points",
        steps=[*steps, ("what counts", _points(grade.total))] if len(steps) > 1 else [],
        comments=[(id, one.comment) for id, one in own if one.comment],
    )


def _points(points: float, sign: str = "") -> str:
    """Return points as a reader takes them, to two digits."""
    return f"{round(points, 2) + 0.0:{sign}.10g}"


def report(seen: Class, orphans: list[tuple[str, str, str]]) -> bytes:
    """Return the page."""
    own = [ex for name in seen.notebooks for ex in exercises(name)]
    named = [item for item in seen.mistakes.most_common() if item[0][1] not in _NAMELESS][:MOST_MISTAKES]
    statuses = ", ".join(f"{count} {status}" for status, count in seen.statuses.most_common())
    return render(
        "report.html",
        title="How the class did",
        students=seen.students,
        notebooks=len(seen.notebooks),
        statuses=statuses or "nothing handed in",
        date=date.today().isoformat(),
        version=__version__,
        totals=_totals(seen),
        exercise_columns=COLUMNS,
        exercises=statistics(seen),
        given=[line for line in wrong_answers(seen) if int(line[2]) > 1][:MOST_MISTAKES],
        shares=_shares(seen, own),
        mistakes=[[mistake, id, str(n), prose(seen.words[id, mistake])] for (id, mistake), n in named],
        nameless=sum(count for (_, mistake), count in seen.mistakes.items() if mistake in _NAMELESS),
        absent=seen.absent,
        problems=seen.problems + [["", *orphan] for orphan in orphans],
        flagged=seen.flagged,
    )


COLUMNS = (
    "exercise", "title", "points", "judged", "share", "right", "partly", "wrong", "open", "none", "tries",
    "discrimination",
)  # fmt: skip


WRONG = ("exercise", "answer", "students", "mistakes")
"""Columns of ``wrong_answers.csv``."""


def texts_page(seen: Class) -> bytes:
    """Return the page of the texts of a class, beside what they are read for."""
    read = [find(id) for id in seen.texts]
    criteria = {ex.id: [[words, f"{points:g}"] for words, points in ex.form.criteria.items()] for ex in read}
    return render("texts.html", title="Texts to be read", exercises=read, criteria=criteria, texts=seen.texts)


def texts_to_grade(seen: Class) -> list[list[str]]:
    """Return lines for ``overrides.csv``, without points, for the texts that nobody has read."""
    return [[who, id, "", "", ""] for id, texts in seen.texts.items() for who, _, by_hand in texts if not by_hand]


def statistics(seen: Class) -> list[list[str]]:
    """Return a line for each exercise, under `COLUMNS`."""
    return [_exercise(seen, ex) for name in seen.notebooks for ex in exercises(name)]


def wrong_answers(seen: Class) -> list[list[str]]:
    """Return the answers that were not right, the commonest first, under `WRONG`."""
    return [[id, given, str(count), mistakes] for (id, given, mistakes), count in seen.given.most_common()]


def _totals(seen: Class) -> dict[str, str] | None:
    percents = np.asarray(seen.percents)
    if not len(percents):
        return None
    low, median, high = (f"{value:.0f}" for value in np.percentile(percents, [25, 50, 75]))
    counts, _ = np.histogram(percents, bins=10, range=(0, 100))
    bars = "; ".join(f"{10 * k} to {10 * k + 10}%: {n}" for k, n in enumerate(counts) if n)
    return {
        "students": str(len(percents)),
        "low": low,
        "median": median,
        "high": high,
        "mean": f"{percents.mean():.0f}",
        "png": _png(lambda ax: _histogram(ax, counts), 3.2),
        "alt": f"Histogram of totals, students in each tenth: {bars}.",
    }


def _histogram(ax: Any, counts: ArrayLike) -> None:
    ax.bar(np.arange(10) * 10 + 5, counts, width=9)
    ax.set(
        xlabel="total (% of the points)", ylabel="students", xlim=(0, 100), title="How many students reached how much"
    )
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="x", visible=False)


def _shares(seen: Class, own: list[Exercise]) -> dict[str, str] | None:
    means = {ex.id: _mean(seen.shares[ex.id]) for ex in own}
    told = {id: mean for id, mean in means.items() if not np.isnan(mean)}
    if not told:
        return None
    words = ", ".join(f"{id} {100 * mean:.0f}%" for id, mean in told.items())
    png = _png(lambda ax: _bars(ax, told), 1 + 0.24 * len(told))
    return {"png": png, "alt": f"Bars, one for each exercise: mean share of the points. {words}."}


def _bars(ax: Any, means: dict[str, float]) -> None:
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
    share = f"{100 * mean:.0f}%" if judged else ""
    tries = _mean(seen.tries[ex.id])
    return [ex.id, ex.title, f"{ex.points:g}", str(judged), share, *counts, none, _told(tries, 1), _told(told, 2)]


def _told(value: float | None, digits: int) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.{digits}f}"


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


def _png(draw: Callable[[Any], None], height: float) -> str:
    """Return a figure as PNG in base64."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from gmmlab.figure import lab_style

    with lab_style():
        figure = Figure(figsize=(7.2, height))
        FigureCanvasAgg(figure)
        draw(figure.subplots())
        stored = io.BytesIO()
        figure.savefig(stored, format="png", bbox_inches="tight")
    return base64.b64encode(stored.getvalue()).decode("ascii")
