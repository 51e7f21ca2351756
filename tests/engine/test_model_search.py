import io
from contextlib import redirect_stderr
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest

from gmmlab.data import MEASURES, load_faithful, load_penguins, load_wreath
from gmmlab.engine import exchange
from gmmlab.mixture import best_fit, search

FAITHFUL = load_faithful()


@cache
def searched() -> pd.DataFrame:
    return search(FAITHFUL, range(1, 5))


@cache
def searched_up_to_two() -> pd.DataFrame:
    return search(FAITHFUL, [1, 2])


@cache
def model_of(n_components: int, covariance_type: str):
    return best_fit(FAITHFUL, n_components, covariance_type=covariance_type)


def row_of(covariance_type: str, n_components: int) -> pd.Series:
    return searched().set_index(["covariance_type", "n_components"]).loc[(covariance_type, n_components)]


def test_every_model_has_a_row():
    assert len(searched().drop_duplicates(["n_components", "covariance_type"])) == len(searched()) == 16


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["bic", "aic"])
def test_criteria_are_those_of_scikit_learn(criterion):
    for row in searched().itertuples():
        model = model_of(row.n_components, row.covariance_type)
        assert getattr(row, criterion) == pytest.approx(getattr(model, criterion)(FAITHFUL), abs=0.02)


@pytest.mark.parametrize(
    ("covariance_type", "n_components", "icl"),
    [("tied", 3, 2358.388763), ("full", 2, 2322.704680), ("spherical", 3, 3360.935211)],  # mclust 6.0.0, converged
)
def test_icl_is_that_of_mclust_with_the_sign_turned(covariance_type, n_components, icl):
    assert row_of(covariance_type, n_components)["icl"] == pytest.approx(icl, abs=0.01)


def test_bic_picks_three_tied_components_for_the_geyser():
    best = searched().iloc[0]
    assert (best["covariance_type"], best["n_components"]) == ("tied", 3)
    assert best["bic"] == pytest.approx(2314.30, abs=0.01)


@pytest.mark.slow
def test_bic_picks_the_fourteen_components_of_the_wreath():
    best = search(load_wreath(), range(12, 17)).iloc[0]
    assert (best["covariance_type"], best["n_components"]) == ("full", 14)
    assert best["bic"] == pytest.approx(11062.37, abs=0.01)


def test_bic_counts_more_components_of_penguins_than_icl():
    table = search(load_penguins()[MEASURES].dropna(), range(2, 6), ["tied"])
    by_icl = table.loc[table["icl"].idxmin()]
    assert (table.iloc[0]["n_components"], by_icl["n_components"]) == (4, 3)


@pytest.mark.slow
def test_degenerate_models_come_last():
    X = np.r_[np.zeros(40), np.random.default_rng(0).normal(size=40)][:, None]
    flags = search(X, range(1, 4), ["full"])["degenerate"].tolist()
    assert flags == sorted(flags) and True in flags


def test_without_held_out_rows_their_log_likelihood_is_missing():
    assert searched()["held_out"].isna().all()


def test_held_out_rows_are_scored_by_the_mixture_of_the_others():
    first, second = FAITHFUL[::2], FAITHFUL[1::2]
    score = search(first, [2], ["full"], held_out=second)["held_out"].item()
    assert score == pytest.approx(best_fit(first, 2).score(second), abs=1e-4)


def test_cross_validation_prefers_two_components_to_one():
    table = search(FAITHFUL, [1, 2], ["full"], held_out=5).set_index("n_components")
    assert table.loc[2, "held_out"] > table.loc[1, "held_out"] + 0.3


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_backend_of_joblib_changes_nothing(backend):
    alone = searched_up_to_two()  # not under the backend
    with joblib.parallel_config(backend, n_jobs=2):
        pd.testing.assert_frame_equal(search(FAITHFUL, [1, 2]), alone)


def test_nothing_is_written_where_stderr_is_no_terminal():
    with redirect_stderr(io.StringIO()) as written:
        search(FAITHFUL, [1, 2], ["full"])
    assert written.getvalue() == ""


def test_a_progress_bar_is_drawn_where_it_is_asked_for():
    with redirect_stderr(io.StringIO()) as written:
        search(FAITHFUL, [1, 2], ["full"], progress=True)
    assert "2/2" in written.getvalue()


def test_models_learn_from_their_neighbours_what_they_miss_alone(six_clumps, monkeypatch):
    monkeypatch.setattr(exchange, "dense_starts", lambda sample, base: [])  # alone, one finds it there too
    together = search(six_clumps, range(2, 6), ["full"]).set_index("n_components")["log_likelihood"]
    assert together[3] > search(six_clumps, [3], ["full"])["log_likelihood"].item() + 100


def test_types_that_are_one_model_keep_the_order_in_which_they_were_asked_for():
    for types in (["tied", "full"], ["full", "tied"]):
        table = search(FAITHFUL, [1], types)
        assert list(table["covariance_type"]) == types
