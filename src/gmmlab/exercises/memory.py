"""What the lab remembers of a student's exercises, and `progress`, which shows it.

In a working copy made by ``gmm-lab start`` the latest result of each exercise is kept in ``.gmm-lab/progress``, one
small file an exercise, and ``progress.html`` shows them all; elsewhere it lasts as long as the kernel.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmlab import paths
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.registry import exercises, notebooks

if TYPE_CHECKING:
    from gmmlab.exercises.feedback import Feedback

_SEEN: dict[str, dict[str, Any]] = {}
"""What is known of an exercise, where no working copy keeps it: points, and digests of the answers that were tried."""

MOST_TRIES = 1_000
"""Different answers to an exercise that are counted."""

PAGE = "progress.html"
"""The page of a working copy that shows the progress in the whole lab."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Your progress in the GMM lab</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; font-weight: bold; padding-bottom: 1rem; }}
th, td {{ text-align: left; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid #8888; }}
</style>
</head>
<body>
<h1>Your progress in the GMM lab</h1>
<p>Each check that you run brings this page up to date: reload it to see the newest.</p>
{table}
</body>
</html>
"""


def remember(feedback: "Feedback") -> int:
    """Keep the points of the latest answer, and none of an exercise that is open again.

    One place knows: the working copy's folder, or the kernel where there is none or it cannot be written.

    Returns
    -------
    int
        How many different answers to the exercise were tried so far, this one included.
    """
    id, points = feedback.exercise.id, None if feedback.status == "open" else feedback.points
    home = paths.working_copy()
    tried = list(_known(home, id).get("tried", []))
    if points is not None and not any(line.mistake == "failed-cell" for line in feedback.lines):
        coded = json.dumps(feedback.payload.get("answers"), sort_keys=True)
        tried = list(dict.fromkeys([*tried, hashlib.sha256(coded.encode()).hexdigest()[:8]]))[:MOST_TRIES]
    if home is not None and keep(home, id, points, tried):
        _SEEN.pop(id, None)
    else:
        _SEEN[id] = {"points": points, "tried": tried}
    return len(tried)


def keep(home: Path, id: str, points: float | None, tried: Sequence[str] = ()) -> bool:
    """Write what is known of one exercise (None: it is open) into a working copy, and say whether that went well."""
    file = _file(home, id)
    try:
        if points is None and not tried:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(exist_ok=True)
            _replace(file, json.dumps({"points": points, "tried": list(tried)}))
    except OSError:
        return False
    with suppress(OSError):
        write_page(home)
    return True


def _file(home: Path, id: str) -> Path:
    return home / ".gmm-lab" / "progress" / f"{id}.json"


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all, whoever else writes it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def write_page(home: Path) -> None:
    """Bring the page that shows the whole lab's progress up to date."""
    _replace(home / PAGE, _PAGE.format(table=progress_in(home)._repr_html_()))


def recall(id: str) -> float | None:
    """Return the points of the latest answer to an exercise, or None where there is none."""
    return _points_in(_known(paths.working_copy(), id))


def _recall(home: Path, id: str) -> float | None:
    return _points_in(_read(home, id))


def _points_in(known: dict[str, Any]) -> float | None:
    points = known.get("points")
    return float(points) if isinstance(points, int | float) else None


def _known(home: Path | None, id: str) -> dict[str, Any]:
    return _SEEN.get(id, {}) if home is None or id in _SEEN else _read(home, id)


def _read(home: Path, id: str) -> dict[str, Any]:
    try:
        read = json.loads(_file(home, id).read_text(encoding="utf-8"))
        return {"points": read.get("points"), "tried": list(map(str, read.get("tried", [])))}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


@dataclass(frozen=True)
class Progress:
    """Exercises, each with the points of its latest answer (None: still open); shows itself as a table."""

    rows: list[tuple[Exercise, float | None]]

    def __repr__(self) -> str:
        """Return one sentence: points and exercises done."""
        done = [points for _, points in self.rows if points is not None]
        total = sum(ex.points for ex, _ in self.rows)
        return f"{sum(done):g} of {total:g} points; {len(done)} of {len(self.rows)} exercises answered"

    def lines(self) -> list[str]:
        """Return the table as lines for a terminal: one for each notebook, or for each exercise where it is one."""
        notebooks = list(dict.fromkeys(ex.notebook for ex, _ in self.rows))
        if len(notebooks) == 1:
            return [f"{ex.id:12}  {_points(ex, p):8}  {_state(ex, p)[2:]:14}  {ex.title}" for ex, p in self.rows]
        return [self._line([row for row in self.rows if row[0].notebook == name], name) for name in notebooks]

    def _line(self, rows: list[tuple[Exercise, float | None]], notebook: str) -> str:
        points = f"{sum(p or 0 for _, p in rows):g} of {sum(ex.points for ex, _ in rows):g} points"
        states: dict[str, list[str]] = {}
        for ex, p in rows:
            states.setdefault(_state(ex, p)[2:], []).append(ex.id)
        return f"{notebook:24}  {points:16}  " + "; ".join(
            f"{state}: {', '.join(ids)}" for state, ids in states.items()
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{ex.notebook}</td><td>{ex.id}</td><td style='text-align: left'>{escape(ex.title)}</td>"
            f"<td>{_state(ex, points)}</td><td>{_points(ex, points)}</td></tr>"
            for ex, points in self.rows
        )
        head = "".join(f"<th>{name}</th>" for name in ("notebook", "exercise", "title", "state", "points"))
        return f"<table><caption>{self}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _points(ex: Exercise, points: float | None) -> str:
    return f"{points or 0:g} of {ex.points:g}"


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
    return Progress([(ex, recall(ex.id)) for ex in _exercises_of(notebook)])


def progress_in(home: Path, notebook: str | None = None) -> Progress:
    """Return the progress that a working copy remembers; `progress` says of what."""
    return Progress([(ex, _recall(home, ex.id)) for ex in _exercises_of(notebook)])


def _exercises_of(notebook: str | None) -> list[Exercise]:
    if notebook is not None:
        notebook = paths.notebook_called(notebook, notebooks())
    return exercises(notebook)
