import datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from scipy.sparse import csr_array
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from gmmlab.mixture import (
    COVARIANCE_TYPES,
    GaussianMixtureClassifier,
    best_fit,
    bootstrap,
    bounding_volume,
    diagnose,
    e_step,
    em,
    em_with_missing,
    fit_with_noise,
    follow_em,
    likelihood_ratio_test,
    merge_by_entropy,
    predict_missing,
    random_parameters,
    rough_start,
    search,
)

X = np.random.default_rng(0).normal(size=(40, 2))
WHOLE = (10 * X).round()
START = random_parameters(X, 2, "full", seed=0)
GMM = GaussianMixture(2, random_state=0).fit(X)
READERS = {
    "best_fit": lambda X: best_fit(X, 2, n_init=4).means_,
    "search": lambda X: search(X, [1], ["full"], progress=False)["log_likelihood"],
    "held_out": lambda held_out: search(X, [1], ["full"], held_out=held_out, progress=False)["held_out"],
    "em": lambda X: em(X, START, max_iter=5).parameters.means,
    "e_step": lambda X: e_step(X, START)[0],
    "follow_em": lambda X: follow_em(X, START, 2)[1],
    "random_parameters": lambda X: random_parameters(X, 2, "full", seed=0).means,
    "bootstrap": lambda X: bootstrap(GMM, X, n_resamples=2, progress=False).means,
    "fit_with_noise": lambda X: fit_with_noise(X, 1, n_init=4, progress=False).predict_proba(X),
    "bounding_volume": bounding_volume,
    "likelihood_ratio_test": lambda X: likelihood_ratio_test(X, 1, n_simulations=2, n_init=2, progress=False).statistic,
    "diagnose": lambda X: len([said for said in diagnose(GMM, X, n_starts=1) if "has" not in said]),
    "classifier": lambda X: GaussianMixtureClassifier().fit(X, np.arange(40) % 2).predict_proba(X),
}
WITH_HOLES = {
    "em_with_missing": lambda X: em_with_missing(X, START, max_iter=5).parameters.means,
    "rough_start": lambda X: rough_start(X, 2).means,
    "predict_missing": lambda X: predict_missing(X, GMM).mean,
}
HOLE = np.zeros(X.shape, dtype=bool)
HOLE[3, 1] = True
FRAME = pd.DataFrame(X, columns=["a", "b"])
REFUSED = {
    "sparse": (csr_array(X), "is sparse"),
    "complex": (X + 1j, "Complex data not supported"),
    "complex objects": ((X + 1j).astype(object), "Complex data not supported"),
    "text": (X.astype(str), "text"),
    "a column of text": (FRAME.assign(name="a"), "text"),
    "categories": (FRAME.assign(name=pd.Categorical(["a"] * 40)), "text"),
    "dates": (FRAME.assign(day=pd.Timestamp("2020-01-01")), "dates"),
    "boolean": (X > 0, "Boolean"),
    "nullable boolean": ((FRAME > 0).astype("boolean"), "Boolean"),
    "one dimension": (X[:, 0], "one dimension, of 40"),
    "a series": (FRAME["a"], "one dimension, of 40"),
    "three dimensions": (X[None], r"shape \(1, 40, 2\); expected a table"),
    "rows of different lengths": ([[1, 2], [3]], "is no table: its rows have different lengths"),
    "one name twice": (FRAME.set_axis(["a", "a"], axis=1), "have the name 'a'"),
    "infinite": (np.where(HOLE, np.inf, X), "infinite entries, the first in row 3, column 1"),
    "infinite and negative": (np.where(HOLE, -np.inf, X), "infinite entries, the first in row 3, column 1"),
    "negative and too large": (np.where(HOLE, -1e153, X), r"column 1 go up to 1e\+153, too large to be squared"),
    "too large": (X * [1, 1e153], r"column 1 go up to \de\+153, too large to be squared"),
    "too small": (X * [1e-200, 1], r"column 0 go up to \de-200, too small to be squared"),
}
MISSING = {
    "NaN": np.where(HOLE, np.nan, X),
    "masked": np.ma.masked_array(X, HOLE),
    "NaN in single precision": np.where(HOLE, np.nan, X).astype(np.float32),
    "None": np.where(HOLE, None, X).tolist(),
    "NA": FRAME.mask(HOLE).astype("Float64"),
    "NA among whole numbers": FRAME.mask(HOLE).round().astype("Int64"),
}


@pytest.mark.parametrize("reader", [*READERS, *WITH_HOLES])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_numbers_is_refused_in_a_sentence(case, reader):
    if "too" in case and reader == "e_step":
        pytest.skip("The density there is a number.")
    data, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        (READERS | WITH_HOLES)[reader](data)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", MISSING)
def test_a_missing_entry_is_refused_in_a_sentence(case, reader):
    with pytest.raises(ValueError, match=r"missing entries, the first in row 3, column (1|b)"):
        READERS[reader](MISSING[case])


@pytest.mark.parametrize("reader", WITH_HOLES)
@pytest.mark.parametrize("case", MISSING)
def test_a_missing_entry_is_one_however_it_is_written(case, reader):
    expected = np.where(HOLE, np.nan, X.round() if "whole" in case else X)
    np.testing.assert_allclose(WITH_HOLES[reader](MISSING[case]), WITH_HOLES[reader](expected), rtol=1e-4, atol=1e-5)


KINDS = {
    "integers": lambda whole: whole.astype(int),
    "bytes": lambda whole: whole.astype(np.int8),
    "single precision": lambda whole: whole.astype(np.float32),
    "objects": lambda whole: whole.astype(object),
    "nothing masked": np.ma.masked_array,
    "lists": lambda whole: whole.tolist(),
    "nullable whole numbers": lambda whole: pd.DataFrame(whole).astype("Int64"),
    "nullable and not": lambda whole: pd.DataFrame(whole).astype({0: "Float64"}),
    "a frame of another library": lambda whole: Frame(whole),
    "polars": lambda whole: pytest.importorskip("polars").DataFrame({"a": whole[:, 0].astype(int), "b": whole[:, 1]}),
}


@cache
def of_floats(reader):
    return (READERS | WITH_HOLES)[reader](WHOLE)


class Frame:
    """What numpy asks of a frame, and no more."""

    def __init__(self, rows):
        self.rows, self.columns, self.dtypes = rows, ["a", "b"], ["Float64", "Int64"]

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=dtype)

    def __len__(self):
        return len(self.rows)


@pytest.mark.slow
@pytest.mark.parametrize("reader", [*READERS, *WITH_HOLES])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_kind_give_one_result(kind, reader):
    if kind == "a frame of another library" and reader == "classifier":
        pytest.skip("scikit-learn checks names itself, and knows only some libraries.")
    digits, found = 1e-3 if kind == "single precision" else 1e-10, (READERS | WITH_HOLES)[reader](KINDS[kind](WHOLE))
    np.testing.assert_allclose(found, of_floats(reader), rtol=digits, atol=digits)


def test_polars_has_missing_entries_and_names():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None, 3, 4], "b": [0.5, 1, 2, 4]})
    assert rough_start(frame, 1).means == pytest.approx(np.array([[8 / 3, 1.875]]))
    with pytest.raises(ValueError, match="the first in row 1, column a"):
        best_fit(frame, 1)
    with pytest.raises(ValueError, match="text"):
        best_fit(frame.with_columns(c=polars.lit("x")), 1)
    with pytest.raises(ValueError, match="dates"):
        best_fit(polars.DataFrame({"a": [datetime.date(2020, 1, 1)] * 3}), 1)
    assert list(best_fit(frame.drop_nulls(), 1).feature_names_in_) == ["a", "b"]


@pytest.mark.parametrize("bad", ["masked", "complex", "text"])
def test_responsibilities_are_read_like_rows(bad):
    shares = e_step(X, START)[0]
    kinds = {"masked": np.ma.masked_array(shares, HOLE), "complex": shares + 0j, "text": shares.astype(str)}
    with pytest.raises(ValueError, match="responsibilities"):
        merge_by_entropy(kinds[bad])


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_what_best_fit_returns_scores_integers_as_the_floats_they_stand_for(covariance_type):
    kind, whole = np.uint8, (20 * X).round() + 100
    gmm = best_fit(whole.astype(kind), 2, covariance_type=covariance_type)
    plain = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(whole)
    assert abs(plain.score(whole.astype(kind)) - plain.score(whole)) > 0.01  # what would happen
    for method in (gmm.score, gmm.bic, gmm.aic, gmm.predict, gmm.predict_proba, gmm.score_samples):
        np.testing.assert_array_equal(method(whole.astype(kind)), method(whole))
    assert not [said for said in diagnose(gmm, whole.astype(kind), n_starts=0) if "integers" in said]


def test_single_precision_comes_out_in_double():
    gmm = best_fit(X.astype(np.float32), 2)
    assert {getattr(gmm, name).dtype for name in ("weights_", "means_", "covariances_")} == {np.dtype(float)}
    assert gmm.score_samples(X.astype(np.float32)) == pytest.approx(gmm.score_samples(X), abs=1e-4)


@cache
def of_ordinary_numbers(covariance_type):
    return best_fit(X, 2, covariance_type=covariance_type, n_init=4)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("unit", [1e-149, 1e149])
def test_the_largest_and_smallest_numbers_that_are_taken_are_fitted(covariance_type, unit):
    gmm = best_fit(X * unit, 2, covariance_type=covariance_type, n_init=4)
    assert gmm.means_ / unit == pytest.approx(of_ordinary_numbers(covariance_type).means_, rel=1e-6)


def test_a_search_of_nothing_and_five_rows():
    with pytest.raises(ValueError, match="at least one number of components and one covariance type"):
        search(X, [])
    with pytest.raises(ValueError, match="6 components need at least as many samples, but got 5"):
        search(X[:5])
    with pytest.raises(ValueError, match="X has 1 rows; at least 2 are needed"):
        search(X[:1], [1])
    assert len(search(X[:5], [1], progress=False)) == 4


@pytest.mark.slow
def test_a_search_gives_the_same_for_every_number_of_processes():
    one, two = (search(X, [1, 2, 3], n_init=4, n_jobs=n, progress=False) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_fit_gives_the_same_in_threads_at_the_same_time():
    fits = Parallel(n_jobs=2, prefer="threads")(delayed(best_fit)(X, 2, n_init=4) for _ in range(2))
    np.testing.assert_array_equal(fits[0].means_, best_fit(X, 2, n_init=4).means_)
    np.testing.assert_array_equal(fits[0].means_, fits[1].means_)


@pytest.mark.parametrize("fit", ["best_fit", "search", "bootstrap", "fit_with_noise"])
def test_the_number_of_threads_changes_no_digit(fit):
    wide = np.random.default_rng(1).normal(size=(1200, 8)) + np.repeat([[0], [2]], 600, axis=0)
    gmm = GaussianMixture(2, random_state=0).fit(wide)
    calls = {
        "best_fit": lambda: best_fit(wide, 2, covariance_type="tied", n_init=4).means_,
        "search": lambda: search(wide, [2], ["tied"], n_init=4, progress=False)["log_likelihood"],
        "bootstrap": lambda: bootstrap(gmm, wide, n_resamples=2, progress=False).means,
        "fit_with_noise": lambda: fit_with_noise(wide, 1, n_init=4, progress=False).mixture.means_,
    }
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(calls[fit]())
    np.testing.assert_array_equal(*found)
