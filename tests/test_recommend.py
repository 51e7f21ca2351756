"""The recommenders to compare with: what each is by definition, on the ratings of the lab."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gmmlab.data import load_films, load_ratings
from gmmlab.engine.missing import predict_missing
from gmmlab.recommend import (
    ALS,
    Bias,
    ItemNeighbours,
    Segments,
    film_name,
    hide,
    one_taste,
    precision_at,
    rating_table,
    rmse,
    unseen_best,
)

TABLE = rating_table(load_ratings(), load_films(), per_film=150, per_user=20)
KNOWN, HIDDEN = hide(TABLE, share=0.2, seed=0)
ALL = [Bias(), ItemNeighbours(), ALS(), Segments()]
every_one = pytest.mark.parametrize("recommender", ALL, ids=lambda one: type(one).__name__)

NAMES = {
    ("Shawshank Redemption, The", 1994.0): "The Shawshank Redemption (1994)",
    ("Seven (a.k.a. Se7en)", 1995.0): "Seven (1995)",
    ("American in Paris, An", 1951.0): "An American in Paris (1951)",
    ("Crouching Tiger, Hidden Dragon (Wo hu cang long)", 2000.0): "Crouching Tiger, Hidden Dragon (2000)",
}


@pytest.mark.parametrize(("title", "year"), NAMES)
def test_films_are_named_as_one_says_them(title, year):
    assert film_name(title, year) == NAMES[title, year]


def test_every_film_of_the_table_has_ratings_enough_and_a_name_of_its_own():
    ratings = load_ratings()
    assert TABLE.shape[1] == (ratings["movieId"].value_counts() >= 150).sum()
    assert TABLE.columns.is_unique


def test_every_user_of_the_table_has_ratings_enough():
    assert TABLE.notna().sum(axis=1).min() >= 20


def test_known_and_hidden_ratings_are_the_ratings():
    assert not (~np.isnan(KNOWN) & ~np.isnan(HIDDEN)).any()
    assert_allclose(np.where(np.isnan(KNOWN), HIDDEN, KNOWN), TABLE.to_numpy())


def test_a_fifth_of_each_users_ratings_is_hidden():
    assert_allclose(np.isfinite(HIDDEN).sum(axis=1), (0.2 * TABLE.notna().sum(axis=1)).round())


def test_so_many_ratings_stay_known_as_are_given():
    assert (np.isfinite(hide(TABLE, given=7, seed=1)[0]).sum(axis=1) == 7).all()


@pytest.mark.parametrize(
    "how, sentence",
    [
        ({}, "Give `share` or `given`"),
        ({"share": 0.2, "given": 3}, "and not both"),
        ({"share": 20}, "share from 0 to 1, got 20"),
        ({"given": 0.2}, "whole number of ratings given, got 0.2"),
        ({"given": -1}, "got -1"),
    ],
)
def test_what_to_hide_must_be_said(how, sentence):
    with pytest.raises(ValueError, match=sentence):
        hide(TABLE, seed=0, **how)


@every_one
def test_it_beats_the_mean_rating(recommender):
    stars = recommender.fit(KNOWN).predict(KNOWN)
    assert rmse(stars, HIDDEN) < 0.95 * rmse(np.full(HIDDEN.shape, np.nanmean(KNOWN)), HIDDEN)


@every_one
def test_a_user_is_predicted_alone_as_among_others(recommender):
    recommender.fit(KNOWN)
    assert_allclose(recommender.predict(KNOWN[:1]), recommender.predict(KNOWN)[:1], rtol=1e-8)


@pytest.mark.parametrize("recommender", ALL[1:3], ids=lambda one: type(one).__name__)
def test_taste_beats_bias(recommender):
    plain = rmse(Bias().fit(KNOWN).predict(KNOWN), HIDDEN)
    assert rmse(recommender.fit(KNOWN).predict(KNOWN), HIDDEN) < plain - 0.01


def test_without_damping_the_bias_of_one_rating_is_all_of_it():
    bias = Bias(user_damping=0).fit(KNOWN)
    row = np.full((1, KNOWN.shape[1]), np.nan)
    row[0, 3] = 1.5
    assert bias.predict(row)[0, 3] == pytest.approx(1.5)


def test_the_gaussian_of_one_taste_predicts_as_the_bias_model():
    gaussian = one_taste(KNOWN)
    generosity = gaussian.covariances[0, 0, 1]
    damping = gaussian.covariances[0, 0, 0] / generosity - 1
    bias = Bias().fit(KNOWN)
    bias.user_damping = damping
    missing = np.isnan(KNOWN)
    assert_allclose(predict_missing(KNOWN, gaussian).mean[missing], bias.predict(KNOWN)[missing], rtol=1e-9)


def test_knowing_all_gives_the_precision_of_those_who_liked_ten():
    liked = np.arange(12) < 10
    assert precision_at(liked.astype(float), np.full((1, 12), np.nan), liked[None]) == 1


def test_what_is_known_is_not_recommended():
    known = np.full((1, 12), np.nan)
    known[0, :2] = 5
    assert precision_at(-np.arange(12.0), known, (np.arange(12) < 2)[None]) == 0


def test_the_best_unseen_films_come_in_order_and_unseen():
    predictions = TABLE.mean().rename("stars").to_frame()
    mine = TABLE.iloc[0]
    best = unseen_best(predictions, mine, 5)
    assert best["stars"].is_monotonic_decreasing
    assert mine[best.index].isna().all()
