"""Readers of answers say what was expected and what they got, in one plain sentence."""

import numpy as np
import pytest

from gmmlab.exercises.answers import decode, encode
from gmmlab.exercises.rubric import Misfit, as_array, as_labels, as_number, described

SENTENCES = [
    (as_number, ("many", "a whole number for Biscoe"), "Expected a whole number for Biscoe, got the text 'many'."),
    (as_number, (True,), "Expected one number, got the truth value True."),
    (as_number, ((1, 2),), "Expected one number, got a list or tuple of 2 items."),
    (as_number, (np.inf,), "Expected one number, got inf: see where it arises."),
    (as_number, (None,), "Expected one number, got None (did the cell assign the variable, or the function return"),
    (as_array, ((1, 2), (3,), "3 weights"), "Expected 3 weights, got a list or tuple of 2 items."),
    (as_array, (("a", "b"), (2,), "2 means"), "Expected 2 means, got a list or tuple of 2 items, some of them texts."),
    (as_array, (np.array(["a"]), (1,), "1 mean"), "Expected 1 mean, got an array of texts of shape (1,)."),
    (as_array, ([[1], [2]], (2,), "2 means"), "Expected 2 means, got numbers of shape (2, 1)."),
    (as_array, (np.ones((2, 1)), (2,), "2 means"), "Expected 2 means, got an array of shape (2, 1)."),
    (as_array, (np.ones((3, 2)), (2, 3), "means"), "Expected means, got the transpose: an array of shape (3, 2)."),
    (as_array, ([1, np.nan], (2,), "2 means"), "Expected 2 means, got NaN or infinity in 1 of 2 places."),
    (as_labels, ([0, 1], 3, "species"), "Expected species: 3 labels, got a list or tuple of 2 items."),
    (as_labels, ([0.5, 1], 2, "species"), "Expected species, got values that are neither whole numbers nor names."),
]


@pytest.mark.parametrize("reader, arguments, sentence", SENTENCES)
def test_what_cannot_be_read_is_answered_in_one_sentence(reader, arguments, sentence):
    answer, *rest = arguments
    with pytest.raises(Misfit) as caught:
        reader(decode(encode(answer)), *rest)
    assert str(caught.value).startswith(sentence)


def test_arguments_are_described_in_words():
    assert described([np.ones((2, 3)), 0.123456, 4]) == "an array of shape (2, 3), the number 0.1235 and the number 4"
