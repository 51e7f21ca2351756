"""What the lab remembers of a student's exercises, and `progress`, which shows it.

In a working copy made by ``gmm-lab start`` the latest result of each exercise is kept in ``.gmm-lab/progress``, one
small file an exercise; elsewhere it lasts as long as the kernel.
"""

import json
import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from gmmlab import paths
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.registry import exercises

if TYPE_CHECKING:
    from gmmlab.exercises.feedback import Feedback

_SEEN: dict[str, float | None] = {}
"""Points by exercise, where no working copy keeps them."""


def remember(feedback: "Feedback") -> None:
    """Keep the points of the latest answer, and none of an exercise that is open again.

    One place knows: the working copy's folder, or the kernel where there is none or it cannot be written.
    """
    id, points = feedback.exercise.id, None if feedback.status == "open" else feedback.points
    folder = _folder()
    if folder is not None and _write(folder, id, points):
        _SEEN.pop(id, None)
    else:
        _SEEN[id] = points


def _write(folder: Path, id: str, points: float | None) -> bool:
    try:
        if points is None:
            (folder / f"{id}.json").unlink(missing_ok=True)
        else:
            folder.mkdir(exist_ok=True)
            draft = folder / f"{id}.{os.getpid()}.tmp"
            draft.write_text(json.dumps({"points": points}), encoding="utf-8")
            draft.replace(folder / f"{id}.json")
    except OSError:
        return False
    return True


def recall(id: str) -> float | None:
    """Return the points of the latest answer to an exercise, or None where there is none."""
    if id in _SEEN:
        return _SEEN[id]
    folder = _folder()
    try:
        points = json.loads((folder / f"{id}.json").read_text(encoding="utf-8"))["points"] if folder else None
        return float(points) if points is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _folder() -> Path | None:
    """Return the memory of the working copy around the current directory, if there is one."""
    home = paths.working_copy()
    return home / ".gmm-lab" / "progress" if home else None


@dataclass(frozen=True)
class Progress:
    """Exercises, each with the points of its latest answer (None: still open); shows itself as a table."""

    rows: list[tuple[Exercise, float | None]]

    def __repr__(self) -> str:
        """Return one sentence: points and exercises done."""
        done = [points for _, points in self.rows if points is not None]
        total = sum(ex.points for ex, _ in self.rows)
        return f"{sum(done):g} of {total:g} points; {len(done)} of {len(self.rows)} exercises answered"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{ex.notebook}</td><td>{ex.id}</td><td style='text-align: left'>{escape(ex.title)}</td>"
            f"<td>{_state(ex, points)}</td><td>{0 if points is None else points:g} of {ex.points:g}</td></tr>"
            for ex, points in self.rows
        )
        head = "".join(f"<th>{name}</th>" for name in ("notebook", "exercise", "title", "state", "points"))
        return f"<table><caption>{self}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _state(ex: Exercise, points: float | None) -> str:
    if points is None:
        return "○ open"
    return "✓ right" if points >= ex.points else "◐ partly right" if points > 0 else "✗ not right yet"


def progress(notebook: str | None = None) -> Progress:
    """Show the exercises, done and open, with their points.

    Parameters
    ----------
    notebook : str, optional
        Show those of one notebook, such as ``"03_fit_mixture"`` or ``"03"``. Default: of all.

    Returns
    -------
    Progress

    Raises
    ------
    ValueError
        If there is no such notebook.
    """
    if notebook is not None:
        notebook = paths.notebook_called(notebook, list(dict.fromkeys(ex.notebook for ex in exercises())))
    return Progress([(ex, recall(ex.id)) for ex in exercises(notebook)])
