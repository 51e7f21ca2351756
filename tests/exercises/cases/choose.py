"""Answers to the exercises of notebook 07: right ones written differently, and the usual wrong ones."""

from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import entr
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import load_banknotes, load_penguins
from gmmlab.mixture import best_fit, from_parameters, merge_by_entropy, n_parameters


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


@wrong("choose-1", "free-weights")
def counted_with_all_weights():
    def bic(score, kind, K, d, n):
        shapes = {"full": K * d * (d + 1) / 2, "tied": d * (d + 1) / 2, "diag": K * d, "spherical": K}
        return (K + K * d + shapes[kind]) * np.log(n) - 2 * score * n

    return bic


@wrong("choose-1", "components-for-parameters")
def components_counted():
    return lambda score, kind, K, d, n: K * np.log(n) - 2 * n * score


def with_falls(gain, entropy=entr):
    def best_pair(responsibilities):
        pairs = list(combinations(range(responsibilities.shape[1]), 2))
        falls = [gain(entropy(responsibilities), entropy(responsibilities[:, j] + responsibilities[:, k]), j, k)
                 for j, k in pairs]  # fmt: skip
        return pairs[int(np.argmax(falls))]

    return best_pair


@right("choose-2")
def whole_entropy_after_each_merge():
    def best_pair(r):
        after = {}
        for j, k in combinations(range(r.shape[1]), 2):
            merged = np.delete(r, k, axis=1)
            merged[:, j] = r[:, j] + r[:, k]
            after[j, k] = entr(merged).sum()
        return min(after, key=after.get)

    return best_pair


@right("choose-2")
def logarithms_by_hand_with_zeros_left_out():
    def h(x):
        return -np.sum(x[x > 0] * np.log(x[x > 0]))

    def best_pair(r):
        K = r.shape[1]
        table = np.full((K, K), -np.inf)
        for j in range(K):
            for k in range(j + 1, K):
                table[j, k] = h(r[:, j]) + h(r[:, k]) - h(r[:, j] + r[:, k])
        return np.array(divmod(table.argmax(), K))

    return best_pair


@right("choose-2")
def as_the_lab_merges():
    def best_pair(r):
        return max(merge_by_entropy(r)[1].groups, key=len)

    return best_pair


@right("choose-2")
def in_bits():
    return with_falls(lambda h, union, j, k: (h[:, j] + h[:, k] - union).sum() / np.log(2))


@wrong("choose-2", "smallest-fall")
def a_sign_turned_round():
    return with_falls(lambda h, union, j, k: (union - h[:, j] - h[:, k]).sum())


@wrong("choose-2", "union-alone")
def what_was_there_before_forgotten():
    return with_falls(lambda h, union, j, k: -union.sum())


@wrong("choose-2", "columns-alone")
def union_forgotten():
    return with_falls(lambda h, union, j, k: (h[:, j] + h[:, k]).sum())


@wrong("choose-2", "raised")
def expected_a_model():
    return lambda model: model.predict_proba(None)


@wrong("choose-2", "wrong-shape")
def the_fall_itself():
    def best_pair(r):
        h = entr(r)
        return max((h[:, j] + h[:, k] - entr(r[:, j] + r[:, k])).sum() for j, k in combinations(range(r.shape[1]), 2))

    return best_pair


@cache
def notes():
    return load_banknotes().drop(columns="Status")


@cache
def fit(kind, k, *, n_init=10, seed=0):
    return best_fit(notes(), k, covariance_type=kind, n_init=n_init, random_state=seed)


def merged(clusters):
    """Return labels of the best mixture's components, merged to so many clusters."""
    steps = merge_by_entropy(fit("tied", 4).predict_proba(notes()))
    return steps[4 - clusters].responsibilities.argmax(axis=1)


@right("choose-4")
def the_recipe():
    return fit("tied", 4), merged(3)


@right("choose-4")
def own_settings_and_numpy():
    patient = GaussianMixture(4, covariance_type="tied", n_init=6, tol=1e-7, max_iter=5000, random_state=5)
    return patient.fit(notes().to_numpy()), merged(3).astype(float)


@right("choose-4")
def other_order_and_float():
    gmm = fit("tied", 4)
    return from_parameters(gmm.weights_[::-1], gmm.means_[::-1], gmm.covariances_, "tied"), np.array(list("abc"))[
        merged(3)
    ]


@right("choose-4")
def searched_in_float32():
    return best_fit(notes().astype(np.float32), 4, covariance_type="tied", random_state=2), merged(3)[:, None].tolist()


@wrong("choose-4", "covariance-type")
def searched_full_only():
    return min((fit("full", k) for k in range(1, 5)), key=lambda model: model.bic(notes())), merged(3)


@wrong("choose-4", "bic-sign")
def highest_bic():
    return max((fit("spherical", k) for k in range(1, 4)), key=lambda model: model.bic(notes())), merged(3)


@wrong("choose-4", "icl-for-bic")
def lowest_icl_for_both():
    return fit("tied", 3), merged(3)


@wrong("choose-4", "default-tol")
def scikit_learn_defaults():
    return GaussianMixture(4, covariance_type="tied", random_state=0).fit(notes()), merged(3)


@wrong("choose-4", "too-many")
def lowest_aic():
    return min((fit("tied", k) for k in range(1, 7)), key=lambda model: model.aic(notes())), merged(3)


@wrong("choose-4", "too-few")
def genuine_and_forged():
    return fit("tied", 2), merged(3)


@wrong("choose-4", "collapsed")
def one_note_alone():
    X = notes().to_numpy()
    labels = np.r_[0, np.ones(99, int), np.full(100, 2)]
    means = np.array([X[labels == k].mean(axis=0) for k in range(3)])
    spreads = [np.eye(6) * 1e-6, np.cov(X[1:100].T), np.cov(X[100:].T)]
    return from_parameters([1 / 200, 99 / 200, 1 / 2], means, spreads, "full"), merged(3)


@wrong("choose-4", "wrong-units")
def standardised_notes():
    Z = StandardScaler().fit_transform(notes())
    return best_fit(Z, 4, covariance_type="tied", n_init=2), merged(3)


@wrong("choose-4", "wrong-data")
def five_lengths():
    return best_fit(notes().iloc[:, :5], 4, covariance_type="tied", n_init=2), merged(3)


@wrong("choose-4", "wrong-data")
def genuine_notes_only():
    genuine = load_banknotes().query("Status == 'genuine'").drop(columns="Status")
    return best_fit(genuine, 4, covariance_type="tied", n_init=1), merged(3)


@wrong("choose-4", "wrong-data")
def penguins_for_notes():
    X = load_penguins().dropna().select_dtypes("number")
    return GaussianMixture(2, random_state=0).fit(X), merged(3)


@wrong("choose-4", "not-merged")
def components_for_clusters():
    return fit("tied", 4), fit("tied", 4).predict(notes())


@wrong("choose-4", "truth-for-clusters")
def genuine_or_not():
    return fit("tied", 4), load_banknotes()["Status"].to_numpy()


@wrong("choose-4", "merged-too-far")
def two_clusters():
    return fit("tied", 4), merged(2)


@wrong("choose-4", "one-cluster")
def the_last_step():
    return fit("tied", 4), merged(1)


@wrong("choose-4", "other-pair")
def the_two_largest_merged():
    labels = fit("tied", 4).predict(notes())
    one, other = pd.Series(labels).value_counts().index[:2]
    return fit("tied", 4), np.where(labels == one, other, labels)


@wrong("choose-4", "predict_proba-for-predict")
def responsibilities_for_labels():
    steps = merge_by_entropy(fit("tied", 4).predict_proba(notes()))
    return fit("tied", 4), steps[1].responsibilities


@wrong("choose-4", "wrong-kind")
def number_for_labels():
    return fit("tied", 4), 3


REFEREE = (
    "We report four components with one shared covariance, at a BIC of 1607, the lowest of 24 fits. Two components "
    "reach 1751, so two clouds do not describe these notes. Three reach 1614: the difference of 6 is small, and we "
    "say so. Five reach 1624. Two of the four overlap on genuine notes; merged, three groups remain. The number "
    "describes the shape of the data. How many forgers there were, and which notes are genuine, the fit cannot tell."
)


@right("choose-5")
def four_components_defended():
    return REFEREE


@right("choose-5")
def over_several_lines():
    return f"\n{REFEREE}\n".replace(". ", ".\n")


@right("choose-5")
def in_the_first_person():
    return REFEREE.replace("We report", "I report").replace("we say so", "I say so")


@wrong("choose-5", "too-short")
def because_of_bic():
    return "Because BIC is lowest at four."


@wrong("choose-5", "too-long")
def twice_the_length():
    return " ".join([REFEREE, REFEREE])


@wrong("choose-5", "word-to-avoid")
def a_proof():
    return REFEREE.replace("describes the shape", "proves that there are four kinds")


@wrong("choose-5", "word-to-avoid")
def proved():
    return REFEREE.replace("We report", "BIC has proved")
