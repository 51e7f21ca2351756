"""The comparison of classifiers, on small grids: what it counts agrees with what is counted by hand."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_predict

import labels
from gmmlab.data import MEASURES, load_penguins, load_results
from gmmlab.mixture import GaussianMixtureClassifier


def test_wrong_announced_and_brier_are_those_of_lda_by_hand():
    tied = {"tied": (GaussianMixtureClassifier(reg_covar=0), {"covariance_type": ["tied"]})}
    (row,) = labels.judged("species", 3, tied)

    birds = load_penguins().dropna(subset=MEASURES)
    X, y = birds[MEASURES].to_numpy(dtype=float), birds["species"].to_numpy()
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    p = cross_val_predict(LinearDiscriminantAnalysis(solver="lsqr"), X, y, cv=folds, method="predict_proba")
    truth = np.array([[label == name for name in np.unique(y)] for label in y], dtype=float)
    assert row["wrong"] == (p.argmax(axis=1) != truth.argmax(axis=1)).sum()
    assert row["announced"] == pytest.approx((1 - p.max(axis=1)).sum(), abs=2e-3)
    assert row["Brier"] == pytest.approx(((p - truth) ** 2).sum(axis=1).mean(), abs=2e-5)
    assert (row["target"], row["birds"]) == ("species", 342)


def test_the_table_that_the_notebook_reads_has_twenty_repeats_of_every_method():
    table = load_results("labels")
    counts = table.groupby(["target", "method"]).size()
    assert counts.to_dict() == {(t, m): 20 for t in ("sex", "species") for m in labels.METHODS}
    assert not table.duplicated(["target", "method", "repeat"]).any()
