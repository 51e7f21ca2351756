"""What R's mclust 6.0.0 computes beyond a fit, and what the lab finds on the same data.

Where the two differ the reason is asserted, too: mclust stops early or keeps a local optimum, and it has covariance
types that scikit-learn lacks. Standard errors stand in ``tests/engine/test_resampling.py``, labels for three birds of
each species in ``tests/engine/test_classifier.py``, the eruptions merged in ``tests/engine/test_merging.py``. Long runs
come from the tables of ``benchmarks/``.

``chevron.csv`` is the data set of that name in mclust, simulated, GPL-2 or later: 350 points on a line pattern among
754 uniform ones.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from gmmlab.data import MEASURES, load_penguins, load_results
from gmmlab.mixture import best_fit, fit_with_noise, merge_by_entropy

HERE = Path(__file__).parent


def ratio_test(data: str, covariance_type: str, k: int) -> pd.Series:
    """Read a test of k components against k + 1 from its table."""
    table = load_results("likelihood_ratio_tests").set_index(["data", "covariance_type", "n_components"])
    return table.loc[data, covariance_type, k]


@pytest.mark.parametrize(
    ("data", "kind", "k", "statistic", "p"),
    [
        ("faithful", "tied", 1, 299.220, 0.001),
        ("faithful", "tied", 2, 27.721, 0.001),
        ("faithful", "full", 1, 319.065, 0.001),
        ("penguins", "tied", 1, 480.338, 0.005),
        ("penguins", "tied", 2, 180.173, 0.005),
    ],
)
def test_likelihood_ratios_of_fits_that_both_reach(data, kind, k, statistic, p):
    ours = ratio_test(data, kind, k)
    assert ours["statistic"] == pytest.approx(statistic, abs=0.03)  # mclust stops early
    assert ours["p"] == pytest.approx(p, abs=1e-9)
    assert not ours["degenerate"]


@pytest.mark.parametrize(
    ("data", "kind", "k", "mclust"),
    [("faithful", "tied", 3, -0.089), ("faithful", "full", 2, 6.131), ("penguins", "tied", 3, 11.459)],
)
def test_where_mclusts_larger_mixture_keeps_a_local_optimum_the_ratio_is_larger(data, kind, k, mclust):
    assert ratio_test(data, kind, k)["statistic"] > mclust + 10


@pytest.mark.parametrize(
    ("data", "kind", "k", "mclust"), [("faithful", "full", 3, 31.838), ("penguins", "tied", 4, 43.821)]
)
def test_one_step_later_mclusts_ratio_is_too_large_by_what_its_smaller_mixture_lacks(data, kind, k, mclust):
    assert ratio_test(data, kind, k)["statistic"] < mclust - 10


def test_every_p_value_on_the_eruptions_counts_the_stored_simulations():
    simulated = load_results("likelihood_ratios")
    for name in simulated:
        kind, k = name.split("_")
        test = ratio_test("faithful", kind, int(k))
        assert test["p"] == pytest.approx((1 + (simulated[name] >= test["statistic"]).sum()) / 1000, abs=6e-4)


def birds() -> tuple[np.ndarray, pd.Series]:
    table = load_penguins().dropna(subset=MEASURES)
    return table[MEASURES].to_numpy(dtype=float), table["species"]


def test_four_tied_components_of_penguins_are_merged_as_by_mclust():
    X, species = birds()
    V = StandardScaler().fit_transform(X)
    local = GaussianMixture(4, covariance_type="tied", tol=1e-6, max_iter=2000, random_state=0).fit(V)
    assert 342 * (local.score(V) - np.log(X.std(axis=0)).sum()) == pytest.approx(
        -5184.355, abs=0.01
    )  # mclust's optimum
    four, three, two, one = merge_by_entropy(local.predict_proba(V))
    agreement = [adjusted_rand_score(species, step.responsibilities.argmax(axis=1)) for step in (four, three)]
    assert agreement == pytest.approx([0.820, 0.953], abs=0.006)
    assert [one.entropy, two.entropy, three.entropy, four.entropy] == pytest.approx(
        [0, 0.001, 7.5, 52.8], rel=0.04, abs=1e-3
    )


def test_the_better_optimum_of_four_merges_into_the_species_as_well():
    X, species = birds()
    four = best_fit(X, 4, covariance_type="tied")
    assert 342 * four.score(X) > -5168.25  # mclust: -5184.355
    three = merge_by_entropy(four.predict_proba(X))[1]
    assert adjusted_rand_score(species, three.responsibilities.argmax(axis=1)) == pytest.approx(0.953, abs=1e-3)


@pytest.mark.parametrize(
    ("data", "method", "error", "brier"),
    [
        ("penguins", "one tied Gaussian a class", 0.0117, 0.0085),  # mclust has VVE
        ("banknotes", "one tied Gaussian a class", 0.005, 0.0050),  # mclust has EVE
    ],
)
def test_errors_in_ten_folds_are_those_of_mclusts_one_gaussian_a_class(data, method, error, brier):
    runs = load_results("ten_fold").query("data == @data and method == @method")
    shares = runs["wrong"] / runs["rows"]
    assert shares.min() <= error + 1e-4
    assert error <= shares.max() + 1e-4
    assert (runs["Brier"] / 2).mean() == pytest.approx(brier, rel=0.15)  # mclust halves the score


def test_two_gaussians_for_the_counterfeits_make_one_mistake_or_more_where_mclusts_eve_makes_none():
    runs = load_results("ten_fold").query("method == 'two for counterfeit, one for genuine'")
    assert runs["wrong"].min() == 1  # mclust: 0 in 15 of 20 repeats of ten folds, 1 in the others


@pytest.mark.slow
def test_the_chevron_is_told_from_noise_as_by_mclust():
    table = pd.read_csv(HERE / "chevron.csv")
    X, noise = table[["x", "y"]].to_numpy(), table["class"] == "noise"
    fit = fit_with_noise(X, 2, n_init=5)
    assert 1 / fit.volume == pytest.approx(6.2415e-05, rel=1e-4)
    assert fit.noise_weight == pytest.approx(0.7544, abs=0.002)
    assert fit.log_likelihood == pytest.approx(-10525.614, abs=0.5)  # mclust has VVE, one parameter less
    assert np.mean((fit.predict(X) == -1) == noise) == pytest.approx(0.941, abs=0.005)
