"""Answers to the exercises of notebook 11: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.naive_bayes import GaussianNB

from exercises.case import right, wrong
from gmmlab.data import MEASURES, load_penguins
from gmmlab.mixture import GaussianMixtureClassifier


@right("labels-1")
def sums_of_logs():
    def answer(log_joint, owner):
        classes = range(max(owner) + 1)
        logs = np.column_stack([logsumexp(log_joint[:, owner == c], axis=1) for c in classes])
        return np.exp(logs - logsumexp(log_joint, axis=1, keepdims=True))

    return answer


@right("labels-1")
def a_loop_over_components():
    def answer(log_joint, owner):
        result = np.zeros((len(log_joint), len(set(owner.tolist()))))
        shares = softmax(log_joint, axis=1)
        for k, c in enumerate(owner):
            result[:, c] += shares[:, k]
        return result.tolist()

    return answer


@wrong("labels-1", "underflow")
def plain_exponentials():
    def answer(log_joint, owner):
        joint = np.exp(log_joint)
        classes = np.column_stack([joint[:, owner == c].sum(axis=1) for c in range(max(owner) + 1)])
        with np.errstate(invalid="ignore"):
            return classes / classes.sum(axis=1)[:, None]

    return answer


@right("labels-2")
def other_classes_at_minus_infinity():
    def answer(log_joint, owner, known):
        log_joint = log_joint.copy()
        for i, label in enumerate(known):
            if label >= 0:
                log_joint[i, owner != label] = -np.inf
        return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))

    return answer


@wrong("labels-2", "labels-unused")
def a_softmax_by_hand():
    def answer(log_joint, owner, known):
        r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        return r / r.sum(axis=1, keepdims=True)

    return answer


BIRDS = load_penguins().dropna(subset=MEASURES)
X = BIRDS[MEASURES].to_numpy(dtype=float)
Y = BIRDS["species"].astype("category").cat.codes.to_numpy().astype(int)


@cache
def errors(covariance_type="diag", seeds=range(20)):
    """Return the mean errors without and with the birds that were not drawn."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        drawn = np.concatenate([rng.choice(np.flatnonzero(c == Y), 10, replace=False) for c in range(3)])
        known = np.full(len(Y), -1)
        known[drawn] = Y[drawn]
        judged = known < 0
        model = GaussianMixtureClassifier(covariance_type=covariance_type)
        alone = np.mean(model.fit(X[drawn], Y[drawn]).predict(X[judged]) != Y[judged])
        found.append([alone, np.mean(model.fit(X, known).predict(X[judged]) != Y[judged])])
    return tuple(np.mean(found, axis=0))


@right("labels-3")
def twenty_draws():
    return errors()


@right("labels-3")
def twenty_other_draws_rounded():
    alone, together = errors(seeds=range(50, 70))
    return round(alone, 3), np.float32(together)


@right("labels-3")
def naive_bayes_alone():
    found = []
    for seed in range(30):
        drawn = np.concatenate([np.random.default_rng(seed).permutation(np.flatnonzero(c == Y))[:10] for c in range(3)])
        others = np.setdiff1d(np.arange(len(Y)), drawn)
        found.append(np.mean(GaussianNB().fit(X[drawn], Y[drawn]).predict(X[others]) != Y[others]))
    return [np.mean(found)], errors()[1]


@wrong("labels-3", "swapped")
def with_all_birds_first():
    return errors()[::-1]


@wrong("labels-3", "percent")
def in_percent():
    return tuple(100 * e for e in errors())


@wrong("labels-3", "percent")
def counted_birds():
    return tuple(312 * e for e in errors())


@wrong("labels-3", "accuracy")
def shares_right():
    return tuple(1 - e for e in errors())


@wrong("labels-3", "other-type")
def full_by_default():
    return errors()[0], errors("full")[1]


@wrong("labels-3", "other-type")
def tied_for_diag():
    return errors("tied")


@wrong("labels-3", "labels-shown")
def drawn_birds_both_times():
    return errors()[0], errors()[0]


@wrong("labels-3", "labels-shown")
def nearly_the_same():
    return errors()[0], errors()[0] + 0.003


@wrong("labels-3", "all-labels-shown")
def every_label_known():
    return 0.012, errors()[1]


@wrong("labels-3", "negative")
def difference_for_error():
    return errors()[0] - errors()[1], errors()[1]


@wrong("labels-3", "wrong-kind")
def words():
    return "smaller", "larger"


@wrong("labels-3", "wrong-shape")
def one_error_a_draw():
    return np.full(20, errors()[0]), errors()[1]


@wrong("labels-3", "not-finite")
def never_computed():
    return np.nan, errors()[1]


ZOOLOGIST = (
    "You tell the computer the kind of nine birds, three of each. The others have sizes and no kind. It looks for "
    "heaps of birds that are alike. A heap has a typical bird in its middle and the usual differences around it. The "
    "birds without a kind show where the heaps lie. The nine say which heap is which kind, and without them a heap has "
    "no name. The method goes wrong if the birds fall into heaps for another reason, as males and females do. A bird "
    "of a kind that you never named would be called by a wrong one."
)


@right("labels-5")
def in_plain_words():
    return ZOOLOGIST


@right("labels-5")
def over_several_lines():
    return ZOOLOGIST.replace(". ", ".\n\n")


@right("labels-5")
def with_numbers():
    return ZOOLOGIST.replace("nine birds", "9 birds").replace("three of each", "3 of each")


@wrong("labels-5", "too-short")
def one_sentence():
    return "The computer found three groups of penguins."


@wrong("labels-5", "too-long")
def an_essay():
    return " ".join([ZOOLOGIST, ZOOLOGIST])


@wrong("labels-5", "word-to-avoid")
def covariances_for_a_zoologist():
    return ZOOLOGIST.replace("usual differences", "covariance")


@wrong("labels-5", "word-to-avoid")
def gaussians_for_a_zoologist():
    return ZOOLOGIST.replace("looks for heaps", "looks for Gaussians")


@wrong("labels-5", "word-to-avoid")
def parameters_for_a_zoologist():
    return ZOOLOGIST.replace("a typical bird", "parameters")
