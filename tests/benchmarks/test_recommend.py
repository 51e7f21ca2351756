"""The recommenders that notebook 14 compares: what each is by definition, and the whole comparison at a small size."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import recommend
from recommenders import ALS, Bias, Gaussian, ItemNeighbours, Segments, rmse

pytestmark = pytest.mark.slow

TABLE = recommend.film_table(per_film=170)
KNOWN, HIDDEN = recommend.hide(TABLE, np.random.default_rng(0))
every_one = pytest.mark.parametrize(
    "recommender",
    [Bias(), ItemNeighbours(), ALS(), Segments(), Gaussian(), Gaussian(components=2)],
    ids=["bias", "neighbours", "ALS", "segments", "one Gaussian", "two Gaussians"],
)


def test_known_and_hidden_ratings_are_the_ratings():
    assert not (~np.isnan(KNOWN) & ~np.isnan(HIDDEN)).any()
    assert_allclose(np.where(np.isnan(KNOWN), HIDDEN, KNOWN), TABLE)


def test_a_fifth_of_each_users_ratings_is_hidden():
    assert_allclose(np.isfinite(KNOWN).sum(axis=1), (0.8 * np.isfinite(TABLE).sum(axis=1)).round())


def test_so_many_ratings_stay_known_as_are_given():
    known, _ = recommend.hide(TABLE, np.random.default_rng(1), given=7)
    assert (np.isfinite(known).sum(axis=1) == 7).all()


@every_one
def test_it_beats_the_mean_rating(recommender):
    stars = recommender.fit(KNOWN).predict(KNOWN)
    assert rmse(stars, HIDDEN) < 0.95 * rmse(np.full(HIDDEN.shape, np.nanmean(KNOWN)), HIDDEN)


@every_one
def test_a_user_is_predicted_alone_as_among_others(recommender):
    recommender.fit(KNOWN)
    assert_allclose(recommender.predict(KNOWN[:1]), recommender.predict(KNOWN)[:1], rtol=1e-8)


def test_without_damping_the_bias_of_one_rating_is_all_of_it():
    bias = Bias(user_damping=0).fit(KNOWN)
    row = np.full((1, KNOWN.shape[1]), np.nan)
    row[0, 3] = 1.5
    assert bias.predict(row)[0, 3] == pytest.approx(1.5)


def test_with_countless_imaginary_users_a_gaussian_predicts_as_the_bias_model():
    bias, gaussian = Bias().fit(KNOWN), Gaussian(rows=1e9).fit(KNOWN)
    covariance = gaussian.parameters.covariances
    bias.user_damping = covariance[0, 0] / covariance[0, 1] - 1
    there = ~np.isnan(HIDDEN)
    assert rmse(gaussian.predict(KNOWN)[there], bias.predict(KNOWN)[there]) < 0.03


def test_nine_in_ten_errors_are_within_the_conformal_half_width():
    assert recommend.conformal(np.arange(1, 20) / 10) == pytest.approx(1.8)  # place 18 of 19


def test_a_miss_costs_twenty_times_its_distance_from_the_interval():
    row = recommend.judged(np.array([3.0, 3.0]), np.array([1.0, 1.0]), np.array([3.5, 4.5]), np.array([0, 1]))
    assert [row[key] for key in ("coverage", "width", "score")] == pytest.approx([0.5, 2, 2 + 20 * 0.5 / 2])


def test_knowing_all_gives_the_precision_of_those_who_liked_ten():
    truth = np.where(np.arange(12) < 10, 4.0, 2.0)[None]
    assert recommend.precision(truth, np.full((1, 12), np.nan), truth) == 1


def test_what_is_known_is_not_recommended():
    seen = np.full((1, 12), np.nan)
    seen[0, :2] = 5
    assert recommend.precision(-np.arange(12.0)[None], seen, np.where(np.isnan(seen), 1.0, 5.0)) == 0


def test_the_whole_comparison_runs_at_a_small_size(tmp_path):
    recommend.main(["--quick", "--folder", str(tmp_path)])
    for name in recommend.EXPERIMENTS:
        made, kept = (pd.read_csv(f / f"recommend_{name}.csv") for f in (tmp_path, recommend.RESULTS))
        assert made.columns.tolist() == kept.columns.tolist()
        for column in {"method", "imaginary_users"} & set(kept):
            assert set(made[column]) == set(kept[column])
        assert kept["draw"].nunique() == 20
