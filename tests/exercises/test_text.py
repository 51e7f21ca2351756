"""A text counts until somebody has read it, and what can be said before is said."""

import pytest

from gmmlab.exercises.form import text
from gmmlab.exercises.rubric import Misfit

LETTER = text(
    "fit-9",
    title="Write a letter",
    hint="To whom?",
    criteria={"It is kind.": 2, "It is clear.": 1},
    least=5,
    most=8,
    avoid={"covarian": "The reader does not know covariances."},
)


def test_points_are_those_of_the_criteria_and_count_until_somebody_reads():
    lines = list(LETTER.check("We have looked at your birds."))
    assert LETTER.points == sum(line.points for line in lines) == 3
    assert all(line.met for line in lines)
    assert lines[0].message == "Counted until somebody has read it: It is kind."


@pytest.mark.parametrize(
    ("said", "mistake", "words"),
    [
        ("Dear you.", "too-short", "Expected 5 to 8 words, got 2."),
        ("a b c d e f g h i", "too-long", "Expected 5 to 8 words, got 9."),
        ("bird bird bird bird bird bird bird bird", "repetition", "again and again"),
        ("To be sure: It is\nkind. Really.", "task-copied", "repeats the task"),
        ("We have found three Covariances in them.", "word-to-avoid", "does not know"),
        (3, "wrong-kind", "Expected a text of 5 to 8 words, got the number 3"),
    ],
)
def test_what_can_be_said_before_it_is_read(said, mistake, words):
    with pytest.raises(Misfit, match=words) as raised:
        list(LETTER.check(said))
    assert raised.value.mistake == mistake
