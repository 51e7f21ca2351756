import pytest
from sklearn.metrics import roc_curve

from gmmlab.data import load_faithful
from gmmlab.explore import move_threshold


def test_the_ring_is_on_the_roc_curve_of_scikit_learn(shown, judged_notes):
    judged, scores, truth, normal_scores = judged_notes
    move_threshold(judged, scores, truth, normal_scores=normal_scores)
    alarms, found, _ = roc_curve(truth, -scores, drop_intermediate=False)
    on_curve = set(zip(alarms.round(9).tolist(), found.round(9).tolist(), strict=True))
    rings = [frame["marks"][0][1:] for frame in shown[0]["scene"]["frames"]]
    assert {(round(x, 9), round(y, 9)) for x, y in rings} <= on_curve


def test_precision_is_not_claimed_where_nothing_is_flagged(shown, judged_notes):
    judged, scores, truth, _ = judged_notes
    move_threshold(judged, scores, truth, normal_scores=scores - 1000, rates=[0.0, 0.05])
    texts = [frame["text"] for frame in shown[0]["scene"]["frames"]]
    assert "too few to promise" in texts[0]
    assert "Precision: not defined" in texts[1]


def test_each_sample_needs_a_score():
    with pytest.raises(ValueError, match="272 samples and 2"):
        move_threshold(load_faithful(), [1, 2], [True, False], normal_scores=[1])
