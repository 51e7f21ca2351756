"""Executed notebooks as students hand them in, and whole classes of them, made from the misconception cases."""

import ast
import copy
import json
import random
from functools import cache

from exercises.case import Case, all_cases
from gmmlab.course.author.student_copies import remove_solutions
from gmmlab.exercises import check, exercises
from gmmlab.exercises.failed_cells import digest_of
from gmmlab.exercises.feedback import ANSWER_MIME, Feedback
from gmmlab.paths import lab_folder

FIT = "03_fit_mixture"


@cache
def _lab_notebook(name: str) -> str:
    return (lab_folder() / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")


def lab_notebook(name: str = FIT) -> dict:
    """Return the lab's own notebook, with all right answers, as plain data."""
    notebook = json.loads(_lab_notebook(name))
    for ex in exercises(name):
        sign(notebook, ex.id)
    return notebook


def sign(notebook: dict, exercise: str) -> None:
    """Have the stored answer to an exercise name the answer cell as it is, as running both would."""
    source = "".join(cell_of(notebook, f"{exercise}-answer")["source"])
    stored = cell_of(notebook, f"{exercise}-check")["outputs"][0]["data"][ANSWER_MIME]
    stored.update(source=digest_of(source), tries=1)


def to_bytes(notebook: dict) -> bytes:
    return json.dumps(notebook).encode()


def cell_of(notebook: dict, name: str) -> dict:
    """Return the cell with this id, such as ``fit-1-answer`` or ``fit-1-check``."""
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def shown(feedback: Feedback) -> dict:
    """Return the output that a check leaves in a notebook."""
    bundle = json.loads(json.dumps(feedback._repr_mimebundle_()))
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": bundle}


def answer(notebook: dict, exercise: str, *answers) -> dict:
    """Put answers into a notebook as running its cells would; with none, leave the exercise open."""
    return put(notebook, exercise, check(exercise, *(answers or (...,))))


def put(notebook: dict, exercise: str, feedback: Feedback) -> dict:
    own, checks = cell_of(notebook, f"{exercise}-answer"), cell_of(notebook, f"{exercise}-check")
    output = shown(feedback)
    output["execution_count"] = checks["execution_count"]
    checks["outputs"] = [output]
    source = "".join(own["source"])
    open_ = feedback.status == "open"
    own["source"] = remove_solutions(source, exercise) if open_ else _source(checks, feedback)
    sign(notebook, exercise)
    return notebook


def _source(checks: dict, feedback: Feedback) -> str:
    """Return code that gives these answers when it is run."""
    call = ast.parse("".join(checks["source"])).body[0].value
    names = [ast.unparse(argument) for argument in call.args[1:]]
    coded = json.dumps(feedback.payload["answers"])
    lines = ["import json", "from gmmlab.exercises.answers import decode", f"given = json.loads({coded!r})"]
    return "\n".join([*lines, *(f"{name} = decode(given[{i}])" for i, name in enumerate(names))])


@cache
def feedback_of(case: Case) -> Feedback:
    return check(case.exercise, *case.answers())


@cache
def cases_by_exercise() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in all_cases():
        found.setdefault(case.exercise, []).append(case)
    return found


def student(name: str, rng: random.Random, skill: float) -> dict:
    """Return a student's notebook: each answer right with the probability ``skill``, else a usual mistake, or open."""
    notebook = lab_notebook(name)
    for ex in exercises(name):
        cases = cases_by_exercise()[ex.id]
        right = rng.random() < skill
        if not right and rng.random() < 0.15:
            answer(notebook, ex.id)
        elif not right or rng.random() < 0.5:
            fitting = [case for case in cases if (case.mistake is None) == right]
            # Some mistakes are common, some are rare.
            weights = [1 / (k + 1) for k in range(len(fitting))]
            put(notebook, ex.id, feedback_of(rng.choices(fitting, weights)[0]))
    return notebook


def copied(notebook: dict) -> dict:
    return copy.deepcopy(notebook)
