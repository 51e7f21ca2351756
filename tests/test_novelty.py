import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from gmmlab.novelty import alarm_threshold, threshold_outcomes


@pytest.mark.parametrize("n", [1, 19, 60, 99, 199])
def test_the_threshold_is_exact_at_every_rate_that_a_number_of_scores_can_reach(n):
    scores = np.random.default_rng(n).permutation(n).astype(float)
    for k in range(1, n + 1):
        assert alarm_threshold(scores, k / (n + 1)) == k - 1  # the k-th lowest of 0, 1, ..., n - 1


def test_a_product_that_floating_point_rounds_down_loses_no_score():
    assert int(0.29 * 100) == 28
    assert alarm_threshold(np.arange(99.0), 0.29) == 28.0  # 29 of 99 scores are at or below


def test_a_rate_between_two_shares_takes_the_lower():
    assert alarm_threshold(np.arange(60.0), 0.05) == 2.0


def test_a_rate_below_one_place_gives_no_threshold():
    assert alarm_threshold(np.arange(12.0), 1 / 16) == -np.inf


def test_new_normal_samples_raise_the_alarm_as_often_as_promised():
    rng = np.random.default_rng(0)
    alarms = [rng.normal() <= alarm_threshold(rng.normal(size=39), 0.1) for _ in range(4000)]
    assert np.mean(alarms) == pytest.approx(0.1, abs=0.015)


def test_recall_and_precision_are_scikit_learns(judged_notes):
    _, scores, truth, normal_scores = judged_notes
    for row in threshold_outcomes(scores, truth, normal_scores, [0.02, 0.1, 0.3]).itertuples():
        flagged = scores <= row.threshold
        assert row.recall == recall_score(truth, flagged)
        assert row.precision == precision_score(truth, flagged)


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1, 0.29, 0.5])
def test_a_new_normal_sample_is_flagged_at_most_as_often_as_allowed(judged_notes, rate):
    _, scores, truth, normal_scores = judged_notes
    (row,) = threshold_outcomes(scores, truth, normal_scores, [rate]).itertuples()
    places = (normal_scores <= row.threshold).sum()  # of n + 1 equally likely places for a new score
    assert places / (len(normal_scores) + 1) <= rate < (places + 1) / (len(normal_scores) + 1)


def test_too_few_normal_scores_allow_no_threshold(judged_notes):
    _, scores, truth, normal_scores = judged_notes
    (row,) = threshold_outcomes(scores, truth, normal_scores[:50], [0.01]).itertuples()
    assert (row.threshold, row.flagged) == (-np.inf, 0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: threshold_outcomes([1, 2], [True], [1], [0.1]), "sample by sample"),
        (lambda: threshold_outcomes([1, 2], [True, True], [1], [0.1]), "only one kind"),
        (lambda: threshold_outcomes([1, 2], [True, False], [1], [5]), "a share from 0 to 1"),
    ],
)
def test_what_has_no_outcome_is_refused_with_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
