"""Data of one's own: an exercise may draw its data from the id that a student writes into the notebook.

The author of an exercise says how the data are drawn, ``exercise(..., data=draw)`` with a function of a seed, and the
check gets these data before the answers. The student writes ``me = "..."`` once, takes ``my_data("predict-3", me)``,
and hands in ``check("predict-3", me, ...)``. The id is stored as the first answer; live, in nbgrader and in the grader
the same data are drawn from it again, so another student's answer is wrong. Whose id it is, the grader looks up in the
class list.
"""

import hashlib
import unicodedata
from typing import Any

from gmmlab.exercises.answers import Open
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.registry import find
from gmmlab.exercises.rubric import Misfit, wrong_kind

LAB = "the lab"
"""The id of the lab's own solutions; its data are also given as long as no id is written."""


def my_data(exercise: str, me: Any) -> Any:
    """Return your own data for an exercise: the same each time for one id, others for another.

    Parameters
    ----------
    exercise : str
        Id of the exercise, such as ``"predict-3"``.
    me : str or int
        Your university number or your name, as on the class list; capitals and blanks around do not matter. As long as
        it is still ``...``, the data are those of the lab, and no answer counts.

    Returns
    -------
    object
        What the exercise is about, such as a table.

    Raises
    ------
    KeyError
        If there is no such exercise.
    ValueError
        If all students have the same data in this exercise, or ``me`` is no text.
    """
    found = find(exercise)
    if found.data is None:
        raise ValueError(f"Exercise {exercise} has the same data for everybody.")
    try:
        return data_of(found, LAB if is_unsaid(me) else me)
    except Misfit as misfit:
        raise ValueError(str(misfit)) from None


def data_of(exercise: Exercise, me: Any) -> Any:
    """Draw the data that an exercise has for one id.

    Raises
    ------
    Misfit
        If the id is neither a text nor a whole number.
    """
    assert exercise.data is not None
    if isinstance(me, bool) or not isinstance(me, str | int):
        wrong_kind(me, "your number or name in quotes, such as 'Jane Roe', in the place of `me`")
    plain = " ".join(unicodedata.normalize("NFKC", str(me)).casefold().split())
    digest = hashlib.sha256(f"{exercise.id}\n{plain}".encode("utf-8", "surrogatepass")).digest()
    return exercise.data(int.from_bytes(digest[:8], "big"))


def is_unsaid(me: Any) -> bool:
    """Whether no id is written yet."""
    return me is ... or isinstance(me, Open) or (isinstance(me, str) and not me.strip())
