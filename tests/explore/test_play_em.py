import numpy as np
import pytest

from gmmlab.data import load_faithful, load_wreath
from gmmlab.explore import play_em
from gmmlab.mixture import follow_em, random_parameters

FAITHFUL = load_faithful()


def test_the_log_likelihoods_are_those_of_em(shown):
    play_em(FAITHFUL, 2, starts=2, iterations=5)
    sides = [follow_em(FAITHFUL, random_parameters(FAITHFUL, 2, "full", seed), 5)[1] for seed in range(2)]
    marks = [frame["marks"][0][2] for frame in shown[0]["scene"]["frames"]]
    assert marks == np.concatenate(sides).tolist()


def test_no_two_of_fourteen_components_look_alike(shown):
    play_em(load_wreath(), 14, starts=1, iterations=1)
    look = shown[0]["scene"]["look"]
    assert len(set(zip(look["colours"], look["markers"], strict=True))) == 14


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: play_em(FAITHFUL, 0), "got 0"),
        (lambda: play_em(FAITHFUL, 273), "1 to 272 components"),
        (lambda: play_em(FAITHFUL, covariance_type="round"), "got 'round'"),
        (lambda: play_em(FAITHFUL, iterations=0), "at least one iteration"),
        (lambda: play_em(FAITHFUL, starts=0), "at least one start"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
