"""Answers to the exercises of notebook 07: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import entr, xlogy
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import load_banknotes, load_penguins
from gmmlab.mixture import best_fit, from_parameters, n_parameters


@right("choose-1")
def formula_with_helper():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log(n) - 2 * n * score


@right("choose-1")
def parameters_counted_by_hand():
    def bic(score, covariance_type, K, d, n):
        shapes = {"full": K * d * (d + 1) / 2, "tied": d * (d + 1) / 2, "diag": K * d, "spherical": K}
        return [(K - 1 + K * d + shapes[covariance_type]) * np.log(n) - 2 * (score * n)]

    return bic


@right("choose-1")
def from_scikit_learn():
    def bic(score, kind, K, d, n):
        X = np.random.default_rng(0).normal(size=(n, d))
        model = GaussianMixture(K, covariance_type=kind, max_iter=1, tol=1e3, random_state=0).fit(X)
        return model.bic(X) + 2 * n * (model.score(X) - score)

    return bic


@right("choose-1")
def numpy_float32():
    return lambda score, kind, K, d, n: np.float32(n_parameters(kind, K, d) * np.log(n) - 2 * n * score)


@wrong("choose-1", "bic-sign")
def bic_of_mclust():
    return lambda score, kind, K, d, n: 2 * n * score - n_parameters(kind, K, d) * np.log(n)


@wrong("choose-1", "bic-sign")
def likelihood_added():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log(n) + 2 * n * score


@wrong("choose-1", "per-sample-for-total")
def score_taken_for_a_total():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log(n) - 2 * score


@wrong("choose-1", "aic-for-bic")
def two_for_each_parameter():
    return lambda score, kind, K, d, n: 2 * n_parameters(kind, K, d) - 2 * n * score


@wrong("choose-1", "once-for-twice")
def likelihood_once():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log(n) - n * score


@wrong("choose-1", "half")
def halved_bic():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log(n) / 2 - n * score


@wrong("choose-1", "free-weights")
def all_weights_counted():
    return lambda score, kind, K, d, n: (n_parameters(kind, K, d) + 1) * np.log(n) - 2 * n * score


@wrong("choose-1", "components-for-parameters")
def components_counted():
    return lambda score, kind, K, d, n: K * np.log(n) - 2 * n * score


@wrong("choose-1", "wrong-log")
def decimal_logarithm():
    return lambda score, kind, K, d, n: n_parameters(kind, K, d) * np.log10(n) - 2 * n * score


@wrong("choose-1", "no-price")
def deviance_only():
    return lambda score, kind, K, d, n: -2 * n * score


@wrong("choose-1", "wrong-kind")
def sentence_returned():
    return lambda score, kind, K, d, n: f"BIC {n_parameters(kind, K, d) * np.log(n) - 2 * n * score:.1f}"


@wrong("choose-1", "raised")
def model_expected():
    return lambda score, kind, K, d, n: score.bic(n)


@right("choose-2")
def with_entr():
    return lambda bic, r: bic + 2 * entr(r).sum()


@right("choose-2")
def with_xlogy():
    return lambda bic, r: bic - 2 * xlogy(r, r).sum(axis=1).sum()


@right("choose-2")
def zeros_left_out():
    return lambda bic, r: [bic - 2 * np.sum(r[r > 0] * np.log(r[r > 0]))]


@right("choose-2")
def clipped_loop_over_rows():
    def icl(bic, responsibilities):
        return bic + 2 * sum(-sum(p * np.log(max(p, 1e-300)) for p in row) for row in responsibilities.tolist())

    return icl


@right("choose-2")
def nan_sum_in_float32():
    def icl(bic, responsibilities):
        with np.errstate(all="ignore"):
            return np.float32(bic - 2 * np.nansum(responsibilities * np.log(responsibilities)))

    return icl


@wrong("choose-2", "log-of-zero")
def plain_logarithm():
    return lambda bic, r: bic - 2 * (r * np.log(r)).sum()


@wrong("choose-2", "entropy-sign")
def doubt_rewarded():
    return lambda bic, r: bic + 2 * xlogy(r, r).sum()


@wrong("choose-2", "once-for-twice")
def entropy_once():
    return lambda bic, r: bic + entr(r).sum()


@wrong("choose-2", "per-sample-for-total")
def mean_entropy():
    return lambda bic, r: bic + 2 * entr(r).sum(axis=1).mean()


@wrong("choose-2", "hard-labels")
def icl_of_mclust():
    return lambda bic, r: bic - 2 * np.log(r.max(axis=1)).sum()


@wrong("choose-2", "mean-responsibilities")
def entropy_of_the_weights():
    return lambda bic, r: bic + 2 * entr(r.mean(axis=0)).sum()


@wrong("choose-2", "missing-weight")
def logs_without_weights():
    return lambda bic, r: bic - 2 * np.log(r[r > 0]).sum()


@wrong("choose-2", "winners-only")
def only_the_largest():
    return lambda bic, r: bic + 2 * entr(r.max(axis=1)).sum()


@wrong("choose-2", "wrong-log")
def entropy_in_bits():
    return lambda bic, r: bic + 2 * entr(r).sum() / np.log(2)


@wrong("choose-2", "entropy-alone")
def bic_forgotten():
    return lambda bic, r: 2 * entr(r).sum()


@wrong("choose-2", "wrong-shape")
def one_value_a_row():
    return lambda bic, r: bic + 2 * entr(r).sum(axis=1)


@wrong("choose-2", "wrong-kind")
def called_icl():
    return 2500.0 + 2 * entr(np.full((3, 2), 0.5)).sum()


@right("choose-3")
def shape_at_fault():
    return "c"


@right("choose-3")
def shape_at_fault_capital():
    return "C."


@right("choose-3")
def shape_at_fault_numpy():
    return np.str_(" (c)")


@wrong("choose-3", "chose-a")
def six_kinds():
    return "a"


@wrong("choose-3", "chose-b")
def longer_range():
    return "b"


@wrong("choose-3", "chose-d")
def aic_instead():
    return "d"


@wrong("choose-3", "chose-e")
def not_converged():
    return "e"


@wrong("choose-3", "wrong-kind")
def two_letters_chosen():
    return "b and c"


@wrong("choose-3", "wrong-kind")
def letters_as_list():
    return ["c"]


@wrong("choose-3", "wrong-kind")
def number_of_kinds():
    return 6


@cache
def notes():
    return load_banknotes().drop(columns="Status")


@cache
def fit(kind, k, *, n_init=10, seed=0):
    return best_fit(notes(), k, covariance_type=kind, n_init=n_init, random_state=seed)


@right("choose-4")
def the_recipe():
    return fit("tied", 4), 3


@right("choose-4")
def own_settings_and_numpy():
    patient = GaussianMixture(4, covariance_type="tied", n_init=20, tol=1e-7, max_iter=5000, random_state=5)
    return patient.fit(notes().to_numpy()), np.int64(3)


@right("choose-4")
def other_order_and_float():
    gmm = fit("tied", 4)
    return from_parameters(gmm.weights_[::-1], gmm.means_[::-1], gmm.covariances_, "tied"), 3.0


@right("choose-4")
def searched_in_float32():
    return best_fit(notes().astype(np.float32), 4, covariance_type="tied", random_state=2), [3]


@wrong("choose-4", "covariance-type")
def searched_full_only():
    return min((fit("full", k) for k in range(1, 5)), key=lambda model: model.bic(notes())), 3


@wrong("choose-4", "bic-sign")
def highest_bic():
    return max((fit("spherical", k) for k in range(1, 4)), key=lambda model: model.bic(notes())), 3


@wrong("choose-4", "icl-for-bic")
def lowest_icl_for_both():
    return fit("tied", 3), 3


@wrong("choose-4", "default-tol")
def scikit_learn_defaults():
    return GaussianMixture(4, covariance_type="tied", random_state=0).fit(notes()), 3


@wrong("choose-4", "too-many")
def lowest_aic():
    return min((fit("tied", k) for k in range(1, 7)), key=lambda model: model.aic(notes())), 3


@wrong("choose-4", "too-few")
def genuine_and_forged():
    return fit("tied", 2), 3


@wrong("choose-4", "collapsed")
def one_note_alone():
    X = notes().to_numpy()
    labels = np.r_[0, np.ones(99, int), np.full(100, 2)]
    means = np.array([X[labels == k].mean(axis=0) for k in range(3)])
    spreads = [np.eye(6) * 1e-6, np.cov(X[1:100].T), np.cov(X[100:].T)]
    return from_parameters([1 / 200, 99 / 200, 1 / 2], means, spreads, "full"), 3


@wrong("choose-4", "wrong-units")
def standardised_notes():
    Z = StandardScaler().fit_transform(notes())
    return best_fit(Z, 4, covariance_type="tied", n_init=2), 3


@wrong("choose-4", "wrong-data")
def five_lengths():
    return best_fit(notes().iloc[:, :5], 4, covariance_type="tied", n_init=2), 3


@wrong("choose-4", "wrong-data")
def genuine_notes_only():
    genuine = load_banknotes().query("Status == 'genuine'").drop(columns="Status")
    return best_fit(genuine, 4, covariance_type="tied", n_init=1), 3


@wrong("choose-4", "wrong-data")
def penguins_for_notes():
    X = load_penguins().dropna().select_dtypes("number")
    return GaussianMixture(2, random_state=0).fit(X), 3


@wrong("choose-4", "bic-for-icl")
def bic_for_both():
    return fit("tied", 4), 4


@wrong("choose-4", "truth-for-icl")
def number_of_statuses():
    return fit("tied", 4), load_banknotes()["Status"].nunique()


@wrong("choose-4", "too-many")
def largest_number():
    return fit("tied", 4), 6


@wrong("choose-4", "wrong-kind")
def model_for_its_number():
    return fit("tied", 4), fit("tied", 3)


@wrong("choose-4", "wrong-shape")
def table_of_the_search():
    return fit("tied", 4), pd.Series([fit("tied", k).bic(notes()) for k in (2, 3, 4)])
