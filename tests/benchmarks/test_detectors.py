from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.mixture import GaussianMixture

import detectors

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bills():
    return detectors.split("bills", 0)


@pytest.fixture(scope="module")
def quick():
    """Every method, with two of its settings."""
    return {name: settings[::8] for name, settings in detectors.METHODS.items()}


@pytest.fixture(scope="module")
def table(bills, quick):
    return pd.DataFrame(detectors.contest(bills, quick)).set_index("method")


def test_every_method_has_the_same_budget():
    assert {name: len(settings) for name, settings in detectors.METHODS.items()} == dict.fromkeys(detectors.METHODS, 16)


def test_each_row_is_in_one_part():
    normal, strange = detectors.bills(0)
    train, valid, valid_strange, test, test_strange = detectors.split("bills", 3)
    assert len(train) + len(valid) + len(test) == len(normal)
    assert len(valid_strange) + len(test_strange) == len(strange)
    assert len(np.unique(np.concatenate([train, valid, test]), axis=0)) == len(np.unique(normal, axis=0))


def test_scaling_uses_the_training_rows_alone(bills):
    train = bills[0]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-12)
    assert train.var(axis=0).mean() == pytest.approx(1)


def test_auc_is_the_share_of_pairs_in_which_the_anomaly_scores_lower(bills):
    gaussian = GaussianMixture(1).fit(bills[0])
    normal, strange = gaussian.score_samples(bills[3]), gaussian.score_samples(bills[4])
    assert detectors.auc(gaussian, bills[3], bills[4]) == pytest.approx(np.mean(strange[:, None] < normal))


def test_the_distance_to_neighbours_is_the_mean_over_the_nearest():
    detector = detectors.NeighbourDistance(2).fit(np.array([[0.0], [1.0], [10.0]]))
    np.testing.assert_allclose(detector.score_samples(np.array([[0.5], [13.0]])), [-0.5, -(3 + 12) / 2])


def test_the_contest_judges_every_method(table):
    assert table.index.tolist() == list(detectors.METHODS)
    assert table["auc"].between(0, 1).all()


def test_only_methods_with_a_likelihood_are_chosen_without_anomalies(table):
    assert tuple(table["auc_normals_only"].dropna().index) == detectors.WITH_LIKELIHOOD


def test_settings_are_chosen_on_validation_data_and_judged_on_test_data(bills, quick, table):
    fitted = [setting.fit(bills[0]) for setting in quick["KDE"]]
    best = max(fitted, key=lambda detector: detectors.auc(detector, bills[1], bills[2]))
    assert table.loc["KDE", "auc"] == pytest.approx(detectors.auc(best, bills[3], bills[4]))


def test_the_stored_table_has_twenty_splits_of_each_data_set():
    stored = pd.read_csv(FOLDER / "results" / "detectors.csv")
    assert stored.groupby(["data", "method"]).size().to_dict() == {
        (data, method): 20 for data in detectors.DATA for method in detectors.METHODS
    }
