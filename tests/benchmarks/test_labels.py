"""The comparison of classifiers, on small grids: what it counts agrees with what is counted by hand."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_predict

import labels
from gmmlab.data import MEASURES, load_penguins, load_results
from gmmlab.mixture import GaussianMixtureClassifier

pytestmark = pytest.mark.slow


def test_wrong_announced_and_brier_are_those_of_lda_by_hand():
    tied = {"tied": (GaussianMixtureClassifier(reg_covar=0), {"covariance_type": ["tied"]})}
    row = labels.judged(labels.predicted("species", 3, tied)["tied"], labels.birds_for("species")[1])

    birds = load_penguins().dropna(subset=MEASURES)
    X, y = birds[MEASURES].to_numpy(dtype=float), birds["species"].to_numpy()
    assert len(y) == 342
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    p = cross_val_predict(LinearDiscriminantAnalysis(solver="lsqr"), X, y, cv=folds, method="predict_proba")
    truth = np.array([[label == name for name in np.unique(y)] for label in y], dtype=float)
    assert row["wrong"] == (p.argmax(axis=1) != truth.argmax(axis=1)).sum()
    assert row["announced"] == pytest.approx((1 - p.max(axis=1)).sum(), abs=2e-3)
    assert row["Brier"] == pytest.approx(((p - truth) ** 2).sum(axis=1).mean(), abs=2e-5)


def test_birds_are_counted_in_tenths_of_their_probability_of_being_male():
    p = np.array([0.02, 0.08, 0.1, 0.55, 1.0])
    y = np.array(["female", "male", "female", "male", "male"])
    rows = labels.calibrated(np.column_stack([1 - p, p]), y)
    assert rows == [
        {"tenth": 0, "birds": 2, "announced": 0.05, "males": 1},
        {"tenth": 1, "birds": 1, "announced": 0.1, "males": 0},
        {"tenth": 5, "birds": 1, "announced": 0.55, "males": 1},
        {"tenth": 9, "birds": 1, "announced": 1.0, "males": 1},
    ]


def test_every_bird_is_in_one_tenth_of_each_repeat_and_method():
    table = load_results("calibration")
    totals = table.groupby(["method", "repeat"])[["birds", "males"]].sum()
    assert len(totals) == 20 * len(labels.METHODS)
    assert (totals["birds"] == 333).all()
    assert (totals["males"] == 168).all()
    announced = (table["birds"] * table["announced"]).groupby([table["method"], table["repeat"]]).sum()
    assert announced.between(150, 186).all()


def test_the_table_of_ten_folds_is_that_of_its_script():
    stored = load_results("ten_fold")
    fresh = labels.ten_fold(4)
    for row, there in zip(fresh, stored[stored["repeat"] == 4].to_dict("records"), strict=True):
        assert (there["data"], there["method"], there["wrong"]) == (row["data"], row["method"], row["wrong"])
        assert there["Brier"] == pytest.approx(row["Brier"], abs=1e-4)


def test_the_table_that_the_notebook_reads_has_twenty_repeats_of_every_method():
    table = load_results("labels")
    counts = table.groupby(["target", "method"]).size()
    assert counts.to_dict() == {(t, m): 20 for t in ("sex", "species") for m in labels.METHODS}
    assert not table.duplicated(["target", "method", "repeat"]).any()
