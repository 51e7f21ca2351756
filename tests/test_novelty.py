import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from gmmlab.data import MEASURES, load_penguins
from gmmlab.novelty import (
    DETECTORS,
    NeighbourDistance,
    Parts,
    auc,
    contest,
    contests,
    mixtures,
    split_normal,
    threshold_outcomes,
)

BIRDS = load_penguins().dropna(subset=MEASURES)
NOVEL = (BIRDS["species"] == "Chinstrap").to_numpy()
KNOWN, CHINSTRAPS = (BIRDS.loc[rows, MEASURES[:2]].to_numpy() for rows in (~NOVEL, NOVEL))
ALL = [*DETECTORS, "mixture"]
LIKELY = ["one Gaussian", "KDE", "mixture"]


@pytest.fixture(scope="module")
def parts() -> Parts:
    return split_normal(KNOWN, CHINSTRAPS, 0.6, random_state=0)


@pytest.fixture(scope="module")
def standardised(parts) -> Parts:
    return parts.mapped(lambda X: (X - parts.train.mean(axis=0)) / parts.train.std(axis=0))


@pytest.fixture(scope="module")
def table(standardised):
    return contest(standardised, n_components=(2, 3))


def test_each_sample_is_in_one_part(parts):
    normal = np.concatenate([parts.train, parts.valid, parts.test])
    strange = np.concatenate([parts.valid_strange, parts.test_strange])
    np.testing.assert_array_equal(np.sort(normal, axis=0), np.sort(KNOWN, axis=0))
    np.testing.assert_array_equal(np.sort(strange, axis=0), np.sort(CHINSTRAPS, axis=0))


def test_training_holds_the_share_asked_for(parts):
    assert len(parts.train) == int(0.6 * len(KNOWN))


def test_validation_and_test_are_halves(parts):
    assert abs(len(parts.valid) - len(parts.test)) <= 1
    assert abs(len(parts.valid_strange) - len(parts.test_strange)) <= 1


def test_another_seed_draws_other_parts(parts):
    assert not np.array_equal(parts.train, split_normal(KNOWN, CHINSTRAPS, 0.6, random_state=1).train)


def test_the_distance_to_neighbours_is_the_mean_over_the_nearest():
    detector = NeighbourDistance(2).fit([[0.0], [1.0], [10.0]])
    np.testing.assert_allclose(detector.score_samples([[0.5], [13.0]]), [-0.5, -(3 + 12) / 2])


def test_auc_is_the_share_of_pairs_in_which_the_strange_one_scores_lower():
    detector = GaussianMixture(1, random_state=0).fit(KNOWN)
    normal, strange = detector.score_samples(KNOWN), detector.score_samples(CHINSTRAPS)
    assert auc(detector, KNOWN, CHINSTRAPS) == pytest.approx(np.mean(strange[:, None] < normal))


@pytest.mark.parametrize("name", [name for name in ALL if name != "one Gaussian"])
def test_every_method_with_something_to_choose_has_three_settings(name):
    assert len((DETECTORS | {"mixture": mixtures((1, 2, 3))})[name]) == 3


@pytest.mark.parametrize("name", ALL)
def test_every_detector_scores_a_far_point_below_the_middle_of_a_cloud(name, standardised):
    for detector in (DETECTORS | {"mixture": mixtures((1, 2, 3))})[name]:
        near, far = detector.fit(standardised.train).score_samples([standardised.train[0], [20.0, -20.0]])
        assert far < near


def test_the_contest_judges_every_method(table):
    assert table.index.tolist() == ALL


def test_areas_are_shares(table):
    assert table["auc"].between(0, 1).all()


def test_only_methods_with_a_likelihood_can_do_without_novelties(table):
    assert table["auc_normals_only"].dropna().index.tolist() == LIKELY


def test_on_bills_of_two_kinds_a_mixture_is_far_ahead_of_one_gaussian(table):
    assert table.loc["mixture", "auc"] > table.loc["one Gaussian", "auc"] + 0.1


def test_settings_are_chosen_on_validation_data_and_judged_on_test_data(standardised, table):
    spread = np.sqrt(standardised.train.var(axis=0).mean())
    p = standardised.mapped(lambda X: X / spread)
    settings = [KernelDensity(bandwidth=detector.bandwidth).fit(p.train) for detector in DETECTORS["KDE"]]
    rules = {"auc": lambda d: auc(d, p.valid, p.valid_strange), "auc_normals_only": lambda d: d.score(p.valid)}
    for column, rule in rules.items():
        assert table.loc["KDE", column] == pytest.approx(auc(max(settings, key=rule), p.test, p.test_strange))


def test_the_unit_of_the_data_does_not_matter(standardised, table):
    in_other_units = contest(standardised.mapped(lambda X: 1000 * X), n_components=(2, 3))
    np.testing.assert_allclose(in_other_units["auc"], table["auc"], atol=0.02)


def test_repeated_contests_give_mean_and_lowest_of_the_splits():
    both = contests(KNOWN, CHINSTRAPS, train_size=0.6, n_components=(2,), n_splits=2)
    one = contests(KNOWN, CHINSTRAPS, train_size=0.6, n_components=(2,), n_splits=1)
    assert (both["lowest AUC"] <= both["mean AUC"]).all()
    assert (both["lowest AUC"] <= one["lowest AUC"]).all()


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
