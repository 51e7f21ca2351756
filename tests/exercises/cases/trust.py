"""Answers to the exercises of notebook 06: right ones written differently, and wrong ones seen in students' code."""

import math
from functools import cache

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import load_banknotes
from gmmlab.mixture import best_fit, sort_components


def lengths():
    return load_banknotes().drop(columns="Status")


@cache
def notes(covariance_type="diag", **options):
    chosen = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0, **options}
    return GaussianMixture(3, covariance_type=covariance_type, **chosen).fit(lengths())


def loglik(gmm):
    return gmm.score(lengths()) * 200


@right("trust-1")
def the_recipe_and_the_sum():
    gmm = best_fit(lengths(), 3, covariance_type="diag")
    return gmm, gmm.score_samples(lengths()).sum()


@right("trust-1")
def many_starts_and_mean_times_rows():
    return notes(random_state=5), loglik(notes(random_state=5))


@right("trust-1")
def array_sorted_and_rounded():
    X = lengths().to_numpy()
    gmm = sort_components(best_fit(X, 3, covariance_type="diag", random_state=4), by=3)
    return gmm, np.float32(round(gmm.score(X) * 200, 1))


@right("trust-1")
def the_published_number_itself():
    return notes(random_state=3), [-825.385]


@wrong("trust-1", "covariance-type")
def tied_for_diag():
    return notes("tied"), loglik(notes("tied"))


@wrong("trust-1", "covariance-type")
def full_by_default():
    gmm = GaussianMixture(3, random_state=0).fit(lengths())
    return gmm, loglik(gmm)


@wrong("trust-1", "stopped-early")
def starts_with_the_default_tol():
    gmm = notes(tol=1e-3, max_iter=100)
    return gmm, loglik(gmm)


@wrong("trust-1", "lower-optimum")
def a_small_tol_and_one_start():
    fits = [notes(n_init=1, random_state=seed) for seed in range(12)]
    lowest = min(fits, key=loglik)
    return lowest, loglik(lowest)


@wrong("trust-1", "collapsed")
def shrunk_on_one_note():
    X = lengths().to_numpy()
    means, precisions = [X[0], X[50], X[150]], np.array([[1e9] * 6, [1.0] * 6, [1.0] * 6])
    gmm = GaussianMixture(3, covariance_type="diag", means_init=means, precisions_init=precisions,
                          weights_init=[0.005, 0.4975, 0.4975], reg_covar=1e-12, max_iter=500)  # fmt: skip
    return gmm.fit(X), gmm.score(X) * 200


@wrong("trust-1", "not-a-mixture")
def weights_raised_until_the_number_fits():
    gmm = GaussianMixture(3, covariance_type="diag", random_state=0).fit(lengths())
    gmm.weights_ *= np.exp((loglik(notes()) - loglik(gmm)) / 200)
    return gmm, loglik(notes())


@wrong("trust-1", "other-units")
def standardised_lengths():
    X = StandardScaler().fit_transform(lengths())
    gmm = best_fit(X, 3, covariance_type="diag")
    return gmm, gmm.score(X) * 200


@wrong("trust-1", "other-units")
def scaled_in_a_pipeline():
    model = GaussianMixture(3, covariance_type="diag", random_state=0)
    return make_pipeline(StandardScaler(), model).fit(lengths()), loglik(notes())


@wrong("trust-1", "wrong-size")
def two_components():
    gmm = best_fit(lengths(), 2, covariance_type="diag")
    return gmm, loglik(gmm)


@wrong("trust-1", "per-sample-for-total")
def score_for_log_likelihood():
    return notes(), notes().score(lengths())


@wrong("trust-1", "sign")
def minus_log_likelihood():
    return notes(), -loglik(notes())


@wrong("trust-1", "criterion")
def bic_for_log_likelihood():
    return notes(), notes().bic(lengths())


@wrong("trust-1", "likelihood-for-log")
def exponential_of_the_sum():
    return notes(), np.exp(loglik(notes()))


@wrong("trust-1", "wrong-kind")
def labels_for_the_model():
    return notes().predict(lengths()), loglik(notes())


@wrong("trust-1", "wrong-shape")
def one_number_a_note():
    return notes(), notes().score_samples(lengths())


@right("trust-2")
def tried_one_after_the_other():
    def starts_needed(heights, risk):
        share, n = np.mean(heights >= max(heights) - 0.01), 1
        while (1 - share) ** n > risk:
            n += 1
        return n

    return starts_needed


@right("trust-2")
def with_the_math_module():
    def starts_needed(heights, risk):
        hits = sum(height > max(heights) - 0.01 for height in heights)
        return math.ceil(math.log(risk, 1 - hits / len(heights)))

    return starts_needed


@right("trust-2")
def from_a_table_of_risks():
    def starts_needed(heights, risk):
        share = (pd.Series(heights) > np.max(heights) - 0.01).mean()
        return int(np.argmax((1 - share) ** np.arange(1000) <= risk))

    return starts_needed


@wrong("trust-2", "no-tolerance")
def equal_to_the_highest():
    return lambda heights, risk: math.ceil(math.log(risk) / math.log(1 - np.mean(heights == np.max(heights))))


@wrong("trust-2", "rounded-down")
def cut_to_a_whole_number():
    return lambda heights, risk: int(math.log(risk) / math.log(1 - np.mean(heights > max(heights) - 0.01)))


@right("trust-3")
def loop_over_components():
    return lambda covariances: [float(np.linalg.eigh(c).eigenvalues.min() ** 0.5) for c in covariances]


@right("trust-3")
def singular_values_in_float32():
    return lambda covariances: np.sqrt(np.linalg.svd(covariances.astype(np.float32), compute_uv=False)[:, -1])


@right("trust-3")
def widest_direction_of_the_precision():
    return lambda covariances: pd.Series([np.linalg.norm(np.linalg.inv(c), 2) ** -0.5 for c in covariances])


@wrong("trust-3", "mean-width")
def root_of_mean_variance():
    return lambda covariances: np.sqrt(np.trace(covariances, axis1=1, axis2=2) / covariances.shape[1])


@wrong("trust-3", "raised")
def called_the_model():
    return lambda covariances: covariances.covariances_


def sound(gmm, X):
    narrow = np.sqrt(np.linalg.eigvalsh(gmm.covariances_)).min()
    return narrow >= 0.001 and gmm.weights_.min() * len(X) >= X.shape[1] + 1 - 0.01


@right("trust-4")
def a_loop_that_remembers_the_highest():
    def best_sound(fits, X):
        best = None
        for place, gmm in enumerate(fits):
            if sound(gmm, X) and (best is None or gmm.score(X) > fits[best].score(X)):
                best = place
        return best

    return best_sound


@right("trust-4")
def sorted_and_the_first_sound_taken():
    def best_sound(fits, X):
        for place in np.argsort([-gmm.score_samples(X).sum() for gmm in fits]):
            if sound(fits[place], X):
                return place

    return best_sound


@right("trust-4")
def rows_counted_from_responsibilities():
    def best_sound(fits, X):
        table = pd.DataFrame({"height": [gmm.score(X) for gmm in fits]})
        table["rows"] = [gmm.predict_proba(X).sum(axis=0).min() for gmm in fits]
        table["narrow"] = [np.linalg.eigvalsh(gmm.covariances_).min() ** 0.5 for gmm in fits]
        return table.query(f"narrow >= 0.001 and rows >= {X.shape[1] + 0.5}")["height"].idxmax()

    return best_sound


@wrong("trust-4", "variance-for-sd")
def eigenvalues_compared_with_a_width():
    def best_sound(fits, X):
        heights = [gmm.score(X) if np.linalg.eigvalsh(gmm.covariances_).min() >= 0.001 else -1e9 for gmm in fits]
        return np.argmax(heights)

    return best_sound


@wrong("trust-4", "wrong-kind")
def the_fit_itself():
    return lambda fits, X: max((gmm for gmm in fits if sound(gmm, X)), key=lambda gmm: gmm.score(X))
