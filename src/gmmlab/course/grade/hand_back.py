"""What goes back to a learning platform: all pages of a class in one archive, and Gradescope's results."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from gmmlab.course.files import atomic_file, atomic_write
from gmmlab.course.grade.collect import name_of_feedback
from gmmlab.course.grade.gradebook import Row
from gmmlab.course.grade.roster import GRADESCOPE
from gmmlab.exercises.registry import exercises

ARCHIVE = "feedback.zip"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write_archive(out: Path, pages: Iterable[tuple[Path, str]]) -> None:
    """Pack the pages under the names by which Canvas and Moodle know whose they are: one upload for the whole class.

    Parameters
    ----------
    out : Path
        The folder of the results.
    pages : iterable of (Path, str)
        Each page below ``feedback``, and the file that was handed in. Canvas and Moodle pass over a page whose file
        has none of their names; it is packed with its folder.
    """
    with atomic_file(out / ARCHIVE) as file, zipfile.ZipFile(file, "w", compresslevel=1) as archive:
        for page, where in pages:
            name = name_of_feedback(where, page.name) or page.relative_to(out / "feedback").as_posix()
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, page.read_bytes())


def write_results(out: Path, rows: Iterable[Row], notebooks: list[str]) -> None:
    """Write for each student the ``results.json`` that Gradescope reads from an autograder."""
    written = set()
    for row in rows:
        path = out / GRADESCOPE / row.folder / "results.json"
        atomic_write(path, json.dumps(_results(row, notebooks), indent=1).encode(), durable=False)
        written.add(path)
    for path in set((out / GRADESCOPE).glob("*/results.json")) - written:  # of an earlier run
        path.unlink()


def _results(row: Row, notebooks: list[str]) -> dict[str, object]:
    own = row.counting(notebooks)
    notes = [f"{name}: {note}" for name in own for note in row.notes(name)]
    problems = [f"{where}: {status}, {reason}" for where, status, reason in row.problems]
    return {
        "score": row.total(notebooks) or 0.0,
        "visibility": "visible",
        "output": "\n".join([*notes, *problems]) or row.in_words(notebooks),
        "tests": [_test(row, name, ex.id, ex.title, ex.points) for name in own for ex in exercises(name)],
    }


def _test(row: Row, name: str, id: str, title: str, points: float) -> dict[str, object]:
    one = row.counted[name].result.exercises.get(id) if name in row.counted else None
    by_hand = [f"{each.words}\n{each.comment}".strip() for each in row.overrides.get(id, [])]
    said = [message for *_, message in one.lines] if one else ["There is no answer."]
    scale = row.worth[name] / sum(ex.points for ex in exercises(name))
    return {
        "name": f"{id}: {title}",
        "score": round((row.earned(id, one) or 0.0) * scale, 6),
        "max_score": round(points * scale, 6),
        "output": "\n".join([*said, *by_hand]),
    }
