"""From the command line of ``gmm-lab grade`` to `gmmlab.course.grade.whole_class`."""

import argparse
import re
import sys
from pathlib import Path

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.grade.store import seed_of
from gmmlab.course.grade.whole_class import Summary, grade_class
from gmmlab.course.grade.workers import Mode, cores
from gmmlab.exercises.registry import notebooks


def grade_from_options(options: argparse.Namespace) -> Summary:
    """Grade as the options say.

    Raises
    ------
    LabError
        If the sandbox that is asked for is not there, or the options do not fit together.
    """
    submissions, out = Path(options.submissions), Path(options.output)
    return grade_class(
        submissions,
        out,
        _mode(options, out) if options.rerun else Mode(),
        jobs=options.jobs or cores(),
        dask=options.dask,
        class_list=Path(options.class_list) if options.class_list else None,
        lms=options.lms,
        notebooks=_named(options.notebooks) if options.notebooks else None,
        anonymous=options.anonymous,
    )


def _named(words: str) -> list[str]:
    """Return the notebooks that the words say: whole names, or numbers."""
    known = notebooks()
    found = []
    for word in re.split(r"[\s,;]+", words.strip(" ,;")):
        try:
            found.append(paths.notebook_called(word, known))
        except ValueError:
            raise LabError(f"The lab has no notebook {word} with exercises. It has {', '.join(known)}.") from None
    return found


def _mode(options: argparse.Namespace, out: Path) -> Mode:
    from gmmlab.course.sandbox import Limits, available

    if missing := available(options.sandbox):
        raise LabError(f"{missing} Or run them without: --sandbox none.")
    if options.sandbox == "none":
        print(
            "gmm-lab: without a sandbox, students' code runs with your rights, under limits on time and memory alone: "
            "it can read your files and use the network.",
            file=sys.stderr,
        )
    asked = options.seed is not None
    return Mode(True, seed_of(out, options.seed), options.sandbox, Limits(), options.full, asked)
