"""What the book's page of symptoms says happens, on the versions of the lab."""

import pickle
import re
import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.mixture import GaussianMixture

from gmmlab import paths
from gmmlab.course.author.book import SITE
from gmmlab.course.notebooks import read_notebook
from gmmlab.mixture import COVARIANCE_TYPES, diagnose, from_parameters

rng = np.random.default_rng(0)
TWO = np.vstack([rng.normal(0, 1, (100, 2)), rng.normal(8, 1, (60, 2))])
PATIENT = {"tol": 1e-6, "max_iter": 1000, "random_state": 0}


@pytest.mark.slow
def test_weights_are_far_off_at_the_default_tolerance():
    rng = np.random.default_rng(0)
    many = rng.multivariate_normal([2, 4], [[5, 2], [2, 6]], 9000)
    X = np.vstack([many, rng.multivariate_normal([0, 0], [[4, 2], [2, 3]], 3000)])
    hasty, patient = (
        GaussianMixture(2, random_state=0).fit(X),
        GaussianMixture(2, tol=1e-8, max_iter=5000, random_state=0).fit(X),
    )
    assert hasty.converged_ and hasty.weights_.min() > 0.35
    assert abs(patient.weights_.min() - 0.25) < 0.05
    assert any("stopped early" in sentence for sentence in diagnose(hasty, X, n_starts=0))


def test_integers_are_scored_otherwise_than_floats():
    whole = (10 * TWO).round().astype(np.uint8)
    gmm = GaussianMixture(2, covariance_type="diag", **PATIENT).fit(whole)
    assert abs(gmm.score(whole) - gmm.score(whole.astype(float))) > 1


def test_single_precision_spoils_variances_beside_a_large_mean():
    X = TWO + 1e5
    wrong = []
    for kind in ("diag", "spherical"):
        try:
            gmm = GaussianMixture(2, covariance_type=kind, **PATIENT).fit(X.astype(np.float32))
            wrong.append(abs(gmm.covariances_ - 1).max() > 0.5)
        except ValueError:
            wrong.append(True)
    assert all(wrong)
    assert abs(GaussianMixture(2, covariance_type="diag", **PATIENT).fit(X).covariances_ - 1).max() < 0.5


def test_predict_and_fit_predict_agree_after_few_iterations_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gmm = GaussianMixture(3, max_iter=2, random_state=0)
        assert (gmm.fit_predict(TWO) == gmm.predict(TWO)).all()


def test_bic_is_to_be_made_small_and_a_log_density_may_be_positive():
    one, two = (GaussianMixture(k, **PATIENT).fit(TWO) for k in (1, 2))
    assert two.bic(TWO) < one.bic(TWO)
    assert np.isclose(two.bic(TWO), 11 * np.log(160) - 2 * 160 * two.score(TWO))
    assert GaussianMixture(2, **PATIENT).fit(TWO / 100).score(TWO / 100) > 0


def test_the_likelihood_leaps_when_columns_are_dropped_or_change_their_unit():
    X = np.hstack([TWO, rng.normal(0, 100, (160, 20))])
    before = GaussianMixture(1, **PATIENT).fit(X).score(X)
    Z = PCA(2).fit_transform(X / 1000)
    assert GaussianMixture(1, **PATIENT).fit(Z).score(Z) > before + 80


def test_posteriors_of_many_columns_are_0_or_1():
    X = np.vstack([rng.normal(0, 1, (100, 60)), rng.normal(1.5, 1, (100, 60))])
    sure = GaussianMixture(2, covariance_type="diag", **PATIENT).fit(X).predict_proba(X).max(axis=1)
    assert (sure > 0.999).mean() > 0.99


def test_a_singular_covariance_is_an_error():
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        GaussianMixture(2, reg_covar=0, random_state=0).fit(np.column_stack([TWO, 2 * TWO[:, 0]]))


def test_labels_swap_between_seeds():
    firsts = {GaussianMixture(2, random_state=seed).fit_predict(TWO)[0] for seed in range(20)}
    assert firsts == {0, 1}


def test_held_out_likelihood_grows_with_components_where_no_gaussian_is():
    X = np.random.default_rng(0).uniform(0, 1, (6000, 1)) ** 3
    scores = [GaussianMixture(k, random_state=0).fit(X[:3000]).score(X[3000:]) for k in (1, 4, 16)]
    assert scores == sorted(scores)


def test_an_old_pickle_warns():
    state = pickle.dumps(GaussianMixture(2, random_state=0).fit(TWO))
    old = re.sub(rb"(_sklearn_version\x94\x8c.)\d", rb"\g<1>0", state)
    with pytest.warns(InconsistentVersionWarning):
        pickle.loads(old)


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_plain_parameters_save_a_mixture(kind, tmp_path):
    gmm = GaussianMixture(2, covariance_type=kind, **PATIENT).fit(TWO)
    code = re.search(r"```python\n(.*?)```", (SITE / "symptoms.md").read_text(encoding="utf-8"), re.S)[1]
    names = {"np": np, "gmm": gmm, "from_parameters": from_parameters}
    exec(code.replace("mixture.npz", (tmp_path / "m.npz").as_posix()), names)
    assert np.allclose(names["again"].score_samples(TWO), gmm.score_samples(TWO), rtol=1e-10)


def test_the_page_leads_to_sections_that_exist():
    page = (SITE / "symptoms.md").read_text(encoding="utf-8")
    for words, stem in re.findall(r"\[([^\]]+)\]\(notebooks/(\w+)\.ipynb\)", page):
        notebook = read_notebook(paths.lab_folder() / "notebooks" / f"{stem}.ipynb")
        headings = [line for c in notebook.cells for line in c.source.splitlines() if line.startswith("## ")]
        assert words == f"Notebook {int(stem[:2])}" or any(words in heading for heading in headings), words
