"""Notebooks with accidents and malice in them: bytes flipped, cut and doubled, JSON with values exchanged."""

import copy
import json
import random
from typing import Any

from course.grade.classroom import lab_notebook
from gmmlab.exercises.feedback import ANSWER_MIME

ODD: list[Any] = [
    None, True, 0, -1, 10**30, 1e308, float("nan"), "", "\ud800", "<script>", "c" * 5_000, [], {}, [[]], {"": {}},
    [None] * 50,
    {"kind": "text", "value": "c"}, {"kind": "list", "items": [{"kind": "open"}]}, "text/plain", ANSWER_MIME,
]  # fmt: skip


def small(name: str) -> dict:
    """Return a lab notebook without its pictures, which are most of its bytes and would take most of the mutations."""
    notebook = lab_notebook(name)
    for cell in notebook["cells"]:
        outputs = [o for o in cell.get("outputs", []) if "image/png" not in o.get("data", {})]
        if "outputs" in cell:
            cell["outputs"] = outputs
    return notebook


def mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    """Change some places of a file."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        place, length = rng.randrange(len(data) + 1), int(rng.expovariate(0.05))
        match rng.randrange(5):
            case 0 if data:
                data[min(place, len(data) - 1)] ^= 1 << rng.randrange(8)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length] * rng.randrange(1, 4)
            case 3:
                data[place:place] = rng.randbytes(min(length, 50))
            case 4 if rng.random() < 0.1:
                del data[place:]
    return bytes(data)


def _places(data: Any, inside: bool = False) -> list[tuple[Any, Any]]:
    """List every container with each of its keys; those of answers ten times, since most of the rest is text."""
    found, stack = [], [(data, inside)]
    while stack:
        here, answer = stack.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            deeper = answer or key == ANSWER_MIME
            found += [(here, key)] * (10 if deeper else 1)
            stack.append((here[key], deeper))
    return found


def mutated_structure(notebook: dict, rng: random.Random) -> bytes:
    """Exchange, delete, double and nest values of a notebook."""
    data = copy.deepcopy(notebook)
    for _ in range(rng.choice([1, 1, 2, 4, 10])):
        places = _places(data)
        if not places:
            break
        here, key = rng.choice(places)
        match rng.randrange(6):
            case 0 | 1:
                here[key] = copy.deepcopy(rng.choice(ODD))
            case 2:
                del here[key]
            case 3:
                other, name = rng.choice(places)
                try:
                    here[key] = copy.deepcopy(other[name])
                except (KeyError, IndexError):
                    continue
            case 4:
                for _ in range(rng.choice([1, 3, 40])):
                    here[key] = [here[key]] if rng.random() < 0.5 else {"kind": "list", "items": [here[key]]}
            case 5 if isinstance(here, list):
                here.insert(key, copy.deepcopy(here[key]))
    return json.dumps(data).encode("ascii")


def mutant(notebook: dict, rng: random.Random) -> bytes:
    """Return one mutated notebook."""
    if rng.random() < 0.4:
        return mutated_bytes(json.dumps(notebook).encode(), rng)
    return mutated_structure(notebook, rng)
