"""A mixture for each class: against Bayes' rule by hand, scikit-learn's discriminants, EM by hand, and R's mclust."""

import numpy as np
import pytest
import sklearn
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.utils.estimator_checks import check_estimator

from gmmlab.data import MEASURES, load_banknotes, load_penguins
from gmmlab.mixture import COVARIANCE_TYPES, GaussianMixtureClassifier, covariance_matrices

BIRDS = load_penguins().dropna(subset=MEASURES)
X = BIRDS[MEASURES].to_numpy(dtype=float)
Y = BIRDS["species"].astype("category").cat.codes.to_numpy().astype(int)
THREE_EACH = [67, 128, 42, 164, 232, 209, 324, 294, 327]  # the labels that mclust was given

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def limited(matrices, weights, covariance_type):
    """Return covariance matrices of the type with the highest likelihood, given those of the classes."""
    d = matrices.shape[1]
    if covariance_type == "tied":
        return np.tile(np.tensordot(weights, matrices, 1), (len(weights), 1, 1))
    if covariance_type == "full":
        return matrices
    variances = np.diagonal(matrices, axis1=1, axis2=2)
    if covariance_type == "spherical":
        variances = np.tile(variances.mean(axis=1, keepdims=True), d)
    return np.array([np.diag(v) for v in variances])


def m_step_by_hand(rows, r, covariance_type):
    counts = r.sum(axis=0)
    means = r.T @ rows / counts[:, None]
    matrices = np.array([(r[:, k] * (rows - means[k]).T) @ (rows - means[k]) / counts[k] for k in range(r.shape[1])])
    weights = counts / len(rows)
    return weights, means, limited(matrices, weights, covariance_type)


def joint_by_hand(rows, weights, means, matrices):
    parts = [multivariate_normal(m, c, allow_singular=True).logpdf(rows) for m, c in zip(means, matrices, strict=True)]
    return np.log(weights) + np.column_stack(parts)


def shares(joint):
    r = np.exp(joint - joint.max(axis=1, keepdims=True))
    return r / r.sum(axis=1, keepdims=True)


@every_type
def test_with_all_labels_the_posterior_is_bayes_rule(covariance_type):
    model = GaussianMixtureClassifier(covariance_type=covariance_type, reg_covar=0).fit(X, Y)
    by_hand = joint_by_hand(X, *m_step_by_hand(X, np.eye(3)[Y], covariance_type))
    np.testing.assert_allclose(model.predict_proba(X), shares(by_hand), atol=1e-8)
    assert model.log_likelihood_ == pytest.approx(by_hand[np.arange(len(Y)), Y].sum(), abs=1e-6)


def test_one_tied_component_a_class_is_linear_discriminant_analysis():
    model = GaussianMixtureClassifier(covariance_type="tied", reg_covar=0).fit(X, Y)
    linear = LinearDiscriminantAnalysis(solver="lsqr").fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), linear.predict_proba(X), atol=1e-6)


@pytest.mark.skipif(sklearn.__version__ < "1.9", reason="earlier versions may divide by the rows minus one")
def test_one_full_component_a_class_is_quadratic_discriminant_analysis():
    model = GaussianMixtureClassifier(covariance_type="full", reg_covar=0).fit(X, Y)
    quadratic = QuadraticDiscriminantAnalysis().fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), quadratic.predict_proba(X), atol=1e-6)


@every_type
def test_with_some_labels_it_ends_where_em_by_hand_ends(covariance_type):
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(m, s, (25, 2)) for m, s in [((0, 0), 1), ((4, 1), 1.3)]])
    y = np.repeat([0, 1], 25)
    y[rng.permutation(50)[:30]] = -1
    model = GaussianMixtureClassifier(covariance_type=covariance_type, reg_covar=0, tol=1e-12, max_iter=5000)
    model.fit(rows, y)

    parameters = model.mixture_.weights_, model.mixture_.means_, covariance_matrices(model.mixture_)
    joint = joint_by_hand(rows, *parameters)
    joint[y == 0, 1] = joint[y == 1, 0] = -np.inf
    for after, before in zip(m_step_by_hand(rows, shares(joint), covariance_type), parameters, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
    assert model.converged_
    assert model.log_likelihood_ == pytest.approx(np.logaddexp.reduce(joint, axis=1).sum(), abs=1e-6)


@every_type
def test_labelled_rows_are_never_given_to_another_class(covariance_type):
    y = np.where(np.arange(len(Y)) % 2, Y, -1)
    y[:4] = 2  # four Adelies that somebody called Gentoos
    model = GaussianMixtureClassifier(2, covariance_type=covariance_type, n_init=1).fit(X, y)
    assert model.component_classes_.tolist() == [0, 0, 1, 1, 2, 2]
    gentoo = model.mixture_.weights_[4:].sum()
    assert gentoo >= (y == 2).mean()


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_three_labels_a_species_do_as_well_as_mclusts(covariance_type):
    y = np.full(len(Y), -1)
    y[THREE_EACH] = Y[THREE_EACH]
    model = GaussianMixtureClassifier(covariance_type=covariance_type).fit(X, y)
    assert np.mean(model.predict(X)[y < 0] != Y[y < 0]) <= 0.0121


def test_a_mixture_a_class_is_likelier_than_a_gaussian_a_class():
    notes = load_banknotes()
    rows, y = notes.iloc[:, 1:].to_numpy(dtype=float), notes.iloc[:, 0].to_numpy()
    one, two = (GaussianMixtureClassifier(k).fit(rows, y) for k in (1, [2, 1]))
    assert two.mixture_.n_components == 3
    assert two.log_likelihood_ > one.log_likelihood_ + 20
    assert two.score(rows, y) == 1.0


def test_a_row_that_no_class_explains_has_a_low_density():
    adelie_or_gentoo = Y != 1
    model = GaussianMixtureClassifier().fit(X[adelie_or_gentoo], Y[adelie_or_gentoo])
    known, new = model.score_samples(X[adelie_or_gentoo]), model.score_samples(X[~adelie_or_gentoo])
    assert np.mean(new < np.quantile(known, 0.05)) > 0.9


@every_type
def test_no_probability_exceeds_one(covariance_type):
    p = GaussianMixtureClassifier(3, covariance_type=covariance_type, n_init=1).fit(X, Y).predict_proba(X)
    assert p.max() <= 1
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)


def test_labels_may_be_words():
    model = GaussianMixtureClassifier().fit(X, BIRDS["species"].to_numpy(dtype=object))
    assert model.classes_.tolist() == ["Adelie", "Chinstrap", "Gentoo"]
    assert set(model.predict(X[:5])) == {"Adelie"}


def test_the_seed_decides_the_starts():
    fits = [GaussianMixtureClassifier(3, n_init=2, random_state=7).fit(X, Y).log_likelihood_ for _ in range(2)]
    assert fits[0] == fits[1]


@pytest.mark.parametrize(
    ("settings", "y", "words"),
    [
        ({}, np.full(len(Y), -1), "No row has a label"),
        ({"n_components": 4}, np.where(np.arange(len(Y)) % 60, -1, Y), "too few for 4 components"),
        ({"n_components": [1, 2]}, Y, "one for each of the 3 classes"),
        ({"n_components": 0}, Y, "expected a positive number"),
        ({"n_init": 0}, Y, "at least one start"),
        ({"covariance_type": "round"}, Y, "round"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_reason(settings, y, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixtureClassifier(**settings).fit(X, y)


def test_it_is_a_classifier_of_scikit_learn():
    excused = {
        "check_dtype_object": "it wants other words for an object that is no number",
        "check_classifiers_classes": "-1 is no class; scikit-learn excuses its own semi-supervised ones by name",
    }
    check_estimator(GaussianMixtureClassifier(), expected_failed_checks=excused, on_skip=None)
