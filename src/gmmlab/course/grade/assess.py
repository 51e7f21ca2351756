"""Judge the answers that a submitted notebook holds, and say what an instructor should look at."""

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from gmmlab import __version__, paths
from gmmlab.course.author.student_copies import remove_solutions
from gmmlab.course.grade.alike import gist
from gmmlab.course.grade.given import in_short, text_in
from gmmlab.course.grade.read import Cell, Notebook, Output, answers_in
from gmmlab.exercises import judge
from gmmlab.exercises.answers import SCHEMA
from gmmlab.exercises.failed_cells import MAX_SOURCE, digest_of, names_set
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.form import ChoiceForm, TextForm
from gmmlab.exercises.registry import exercises, find
from gmmlab.exercises.rubric import Line

_INVALID = {"malformed", "unjudged"}
_CANDIDATES = 20
_LONGEST_ID = 80

_INTERNALS = re.compile(
    r"gmmlab\.(exercises\.(?!answers\b)|course)|import gmmlab\.exercises|gmmlab import .*\bexercises"
    r"|gmmlab\.exercises import .*(\*|\b(judg|exercises|registry|lessons|form|ANSWER_MIME|Exercise|Feedback))"
    r"|vnd\.gmmlab|_mimebundle_|__(globals|closure|code|import|loader)__|\bf_(globals|back|locals)\b|\b_getframe\b"
    r"|\bsys\.modules\b|\bimport_module\b|\bget_objects\b|\bgetsource\b|\bsite-packages\b"
)
"""What a cell says that looks for right answers behind `check`, or stores one itself."""


@dataclass(frozen=True)
class Judged:
    """The result of one exercise.

    Attributes
    ----------
    points : float
        Points earned.
    status : str
        ``"right"``, ``"partly"``, ``"wrong"`` or ``"open"``; ``"missing"`` where no answer is stored.
    lines : list of (float, bool, str, str)
        For each line of the rubric its worth, whether it is met, the mistake recognised, what the student was told.
    answer : str
        Fingerprint of the answer: answers that say the same have equal ones. Empty where there is no answer.
    code : str
        Fingerprint of the answer cell: cells that say the same, whatever they call their own names, have equal ones.
        Empty where there is none, or it is still the stub.
    tries : int
        How many different answers the student tried, as the notebook says; 0 where it does not.
    given : str
        The answer in a few words, where it is not right; a text that somebody reads, whole.
    me : str
        Whose data were answered for, as the notebook says, where each student has data of their own.
    """

    points: float
    status: str
    lines: list[tuple[float, bool, str, str]] = field(default_factory=list)
    answer: str = ""
    code: str = ""
    tries: int = 0
    given: str = ""
    me: str = ""

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """Name of each mistake recognised, and what the student was told."""
        return [(mistake, message) for _, met, mistake, message in self.lines if not met]


@dataclass(frozen=True)
class Result:
    """What became of one submitted file.

    Attributes
    ----------
    status : str
        ``"ok"``, or in words what went wrong, such as ``"unreadable"`` or ``"kernel died at cell 7"``.
    reason : str
        More of it, in a sentence; empty where all went well.
    notebook : str
        The lab's notebook that it was recognised as; empty if none.
    exercises : dict of str to Judged
        For each exercise of the notebook; empty where nothing could be judged.
    flags : list of str
        What an instructor should look at.
    """

    status: str
    reason: str = ""
    notebook: str = ""
    exercises: dict[str, Judged] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)

    @property
    def points(self) -> float | None:
        """Points earned; None where nothing could be judged, since a number never stands for a failure."""
        return sum(judged.points for judged in self.exercises.values()) if self.exercises else None

    def to_json(self) -> bytes:
        """Return the result as the store keeps it."""
        return json.dumps(asdict(self)).encode("ascii")

    @classmethod
    def from_json(cls, content: bytes) -> "Result":
        """Return the result that `to_json` wrote."""
        data = json.loads(content)
        judged = {
            id: Judged(**{**one, "lines": [tuple(line) for line in one["lines"]]})
            for id, one in data.pop("exercises").items()
        }
        return cls(exercises=judged, **data)


class Answered(NamedTuple):
    """The answer that counts: what the check says of it, the output and cell that hold it, and the answer cell."""

    feedback: Feedback
    output: Output
    cell: Cell
    own: Cell | None


def judge_notebook(notebook: Notebook, name: str, seed: int = 0) -> dict[str, Answered]:
    """Judge the last valid answer to each exercise of the notebook called ``name``.

    Parameters
    ----------
    notebook : Notebook
        Whatever was submitted.
    name : str
        The lab's notebook whose exercises count.
    seed : int
        From which the inputs of functions were drawn. What the stored answer says of it is not believed.

    Returns
    -------
    dict of str to Answered
        For each exercise to which an answer is stored.
    """
    stored = answers_in(notebook)
    judged = {}
    for ex in exercises(name):
        candidates = [(notebook.cells[number], output) for number, output in stored.get(ex.id, [])]
        cells = [cell for cell in notebook.cells if f"{ex.id}-answer" in cell.names and cell.kind == "code"]
        own, tried = cells[-1] if cells else None, []
        for cell, output in reversed(candidates[-_CANDIDATES:]):
            feedback = judge(_drawn_from(output.answer, seed))
            tried.append(Answered(feedback, output, cell, own))
            if feedback.lines and not _invalid(feedback):
                break
        if tried:
            valid = [one for one in tried if not _invalid(one.feedback)]
            judged[ex.id] = max(valid, key=lambda one: bool(one.feedback.lines), default=tried[0])
    return judged


def _invalid(feedback: Feedback) -> bool:
    return any(line.mistake in _INVALID for line in feedback.lines)


def _drawn_from(payload: dict, seed: int) -> dict:
    answers = payload.get("answers")
    if not isinstance(answers, list):
        return payload
    seeded = [a | {"seed": seed} if isinstance(a, dict) and a.get("kind") == "calls" else a for a in answers]
    return payload | {"answers": seeded}


def results_of(answered: dict[str, Answered], name: str) -> dict[str, Judged]:
    """Return the results of all exercises of a notebook."""
    return {ex.id: _judged(answered[ex.id]) if ex.id in answered else Judged(0, "missing") for ex in exercises(name)}


def _judged(one: Answered) -> Judged:
    lines = [(line.points, line.met, _named(line), line.message[:1000]) for line in one.feedback.lines]
    status = one.feedback.status
    if status == "open":
        return Judged(one.feedback.points, status, lines, tries=_tries(one))
    answer, code = gist(one.output.answer.get("answers")), "" if _is_stub(one) else _code(one.own)
    return Judged(one.feedback.points, status, lines, answer, code, _tries(one), _given(one), _me(one))


def _me(one: Answered) -> str:
    """Return the id that an answer is for."""
    if one.feedback.exercise.data is None:
        return ""
    with suppress(KeyError, IndexError, TypeError):
        me = one.output.answer["answers"][0]["value"]
        return " ".join(str(me).split())[:_LONGEST_ID] if isinstance(me, str | int) else ""
    return ""


def _given(one: Answered) -> str:
    ex = one.feedback.exercise
    if isinstance(ex.form, TextForm):
        return text_in(one.output.answer)
    return "" if one.feedback.status == "right" else in_short(one.output.answer, first=0 if ex.data is None else 1)


def _named(line: Line) -> str:
    return "" if line.met else line.mistake or "other"


def _code(own: Cell | None) -> str:
    return digest_of(own.source, names_set(own.source)) if own is not None else ""


def _is_stub(one: Answered) -> bool:
    """Whether the answer cell is empty, or as students get it."""
    if one.own is None:
        return False
    stub = lab_sources().get(f"{one.feedback.exercise.id}-answer", "")
    return one.own.source.split() in ([], stub.split())


def _tries(one: Answered) -> int:
    tries = one.output.answer.get("tries")
    return tries if type(tries) is int and 0 <= tries <= 10_000 else 0


def _fingerprint(output: Output) -> str:
    try:
        coded = json.dumps(output.answer.get("answers"), sort_keys=True)
    except RecursionError:  # deeper than any answer can be; the check has refused it
        return ""
    return hashlib.sha256(coded.encode("ascii")).hexdigest()[:24]


_KNOWN_SAVED = "shows other points than the check gives", "function called on other inputs than the lab's"
"""Findings that say nothing after a rerun, since inside nobody knows the seed."""


def flags_of(notebook: Notebook, name: str, answered: dict[str, Answered], *, rerun: bool = False) -> list[str]:
    """Return what an instructor should look at in a notebook, perhaps after a ``rerun``: facts, never verdicts."""
    older = [id for id, one in answered.items() if _older(one)]
    own = [ex.id for ex in exercises(name)]
    shown = {id: _shown(one.output) for id, one in answered.items()}
    findings = {
        "no answer stored": [id for id in own if id not in answered],
        "several different answers, the last valid one counts": [
            id for id, outputs in answers_in(notebook).items() if id in own and _differ(outputs)
        ],
        "answers to another notebook's exercises": [id for id in answers_in(notebook) if id not in own],
        "stored answer malformed": [id for id, one in answered.items() if _invalid(one.feedback)],
        "check cell edited": [id for id, one in answered.items() if _edited(id, one.cell)],
        "outputs older than the code": older,
        "made by code that is not in the notebook": [
            id for id, one in answered.items() if id not in older and _made_elsewhere(notebook, id, one)
        ],
        "shows other points than the check gives": [
            id for id, one in answered.items() if shown[id] is not None and abs(shown[id] - one.feedback.points) > 1e-9
        ],
        "function called on other inputs than the lab's": [id for id, one in answered.items() if _other_inputs(one)],
        "answers by another version of the lab": [id for id, one in answered.items() if _other_version(one)],
        "choices tried one after another": [
            f"{id} ({_tries(one)} answers)" for id, one in answered.items() if _tried_through(id, one)
        ],
        "code that looks behind the checks": [
            f"cell {number}" for number, cell in enumerate(notebook.cells, 1) if _looks_behind(cell)
        ],
    }  # fmt: skip
    for words in _KNOWN_SAVED if rerun else ():
        del findings[words]
    flags = [f"{words}: {', '.join(ids)}" for words, ids in findings.items() if ids]
    if out_of_order(notebook):
        flags.append("cells run out of order")
    if notebook.claims and notebook.claims != name:
        flags.append(f"its metadata say {notebook.claims[:60]}, its answers belong to {name}")
    return flags + list(notebook.oddities)


def _differ(outputs: list[tuple[int, Output]]) -> bool:
    return len({_fingerprint(output) for _, output in outputs[-_CANDIDATES:]}) > 1


def _shown(output: Output) -> float | None:
    """Return the points that the notebook itself shows; they are compared, and never counted."""
    try:
        return float(output.text[:20])
    except ValueError:
        return None


def out_of_order(notebook: Notebook) -> bool:
    """Whether the counts of cells say that they were run in another order than they stand in."""
    counts = [cell.count for cell in notebook.cells if cell.kind == "code" and cell.count is not None]
    return any(later <= earlier for earlier, later in pairwise(counts))


def _edited(id: str, cell: Cell) -> bool:
    expected = lab_sources().get(f"{id}-check")
    return expected is not None and "".join(cell.source.split()) != "".join(expected.split())


def _older(one: Answered) -> bool:
    """Whether the answer cell was run after its check, or is still the stub although an answer is stored."""
    if one.own is None or one.feedback.status == "open":
        return False
    counts = one.own.count, one.cell.count
    return (None not in counts and counts[0] > counts[1]) or _is_stub(one)


def _made_elsewhere(notebook: Notebook, id: str, one: Answered) -> bool:
    """Whether no cell says what the cell said that gave the answer."""
    made_by = one.output.answer.get("source")
    if one.feedback.status == "open" or not isinstance(made_by, str):
        return False
    first = sorted(notebook.cells, key=lambda cell: f"{id}-answer" not in cell.names)
    return not any(cell.kind == "code" and digest_of(cell.source) == made_by for cell in first)


def _tried_through(id: str, one: Answered) -> bool:
    form = find(id).form
    return isinstance(form, ChoiceForm) and 2 * _tries(one) > len(form.options)


def _looks_behind(cell: Cell) -> bool:
    joined = re.sub(r"""['"]\s*\+?\s*['"]""", "", cell.source[:MAX_SOURCE])  # a name in pieces is one again
    return cell.kind == "code" and bool(_INTERNALS.search(joined))


def _other_inputs(one: Answered) -> bool:
    answers = one.output.answer.get("answers")
    calls = (
        [a for a in answers if isinstance(a, dict) and a.get("kind") == "calls"] if isinstance(answers, list) else []
    )
    return any(call.get("seed") != 0 for call in calls)


def _other_version(one: Answered) -> bool:
    answer = one.output.answer
    return answer.get("lab") != __version__ or answer.get("schema") != SCHEMA or "source" not in answer


@cache
def lab_sources() -> dict[str, str]:
    """Return the sources of the lab's own check cells, and those of its answer cells as students get them."""
    sources: dict[str, str] = {}
    for path in sorted((paths.lab_folder() / "notebooks").glob("*.ipynb")):
        for cell, rules, source in _lab_cells(path):
            if rules.get("grade"):
                sources[f"{rules['grade_id']}-check"] = source
            elif rules.get("solution"):
                sources[rules["grade_id"]] = remove_solutions(source, cell.get("id", ""))
    return sources


@cache
def worked_cells(name: str) -> tuple[str, ...]:
    """Return the sources of the code cells before a notebook's first answer cell; none if the lab's own is missing."""
    path = paths.lab_folder() / "notebooks" / f"{name}.ipynb"
    cells = _lab_cells(path) if path.is_file() else []
    before = takewhile(lambda cell: not cell[1].get("solution"), cells)
    return tuple(source for cell, _, source in before if cell["cell_type"] == "code" and source.strip())


def _lab_cells(path: Path) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """Return the cells of one of the lab's own notebooks, each with its rules for nbgrader and its source."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
    return [(cell, cell["metadata"].get("nbgrader", {}), "".join(cell["source"])) for cell in cells]
