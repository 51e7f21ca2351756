import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from gmmlab.data import load_faithful, load_wreath
from gmmlab.explore import drag_point
from gmmlab.explore.scene import COVERAGE
from gmmlab.mixture import best_fit, from_parameters

FAITHFUL = load_faithful()


def mixture_of(frame) -> GaussianMixture:
    """Return the mixture that a frame brings to the browser."""
    sent = frame["mixture"]
    roots, means = np.array(sent["roots"]), np.array(sent["means"])
    log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    weights = np.exp(np.array(sent["constants"]) - log_det + means.shape[1] / 2 * np.log(2 * np.pi))
    return from_parameters(weights / weights.sum(), means, np.linalg.inv(roots @ np.swapaxes(roots, 1, 2)))


def test_the_browser_gets_the_mixture_that_was_fitted(shown):
    gmm = best_fit(FAITHFUL, 3)
    drag_point(gmm, FAITHFUL)
    sent = mixture_of(shown[0]["scene"]["frames"][0])
    assert np.allclose(sent.predict_proba(FAITHFUL.to_numpy()), gmm.predict_proba(FAITHFUL), atol=1e-6)


def test_an_ellipse_holds_the_share_that_the_legend_says(shown):
    drag_point(best_fit(FAITHFUL, 1), FAITHFUL)
    frame = shown[0]["scene"]["frames"][0]
    gmm = mixture_of(frame)
    samples = gmm.sample(40_000)[0] - frame["mixture"]["centres"][0]
    inside = np.linalg.norm(samples @ np.linalg.inv(frame["mixture"]["ellipses"][0]).T, axis=1) < 1
    assert inside.mean() == pytest.approx(COVERAGE, abs=0.01)


def test_the_point_begins_where_the_doubt_is_largest(shown):
    gmm = best_fit(FAITHFUL, 2)
    drag_point(gmm, FAITHFUL)
    sure = gmm.predict_proba(FAITHFUL).max(axis=1)
    assert shown[0]["scene"]["probe"] == FAITHFUL.iloc[sure.argmin()].tolist()


def test_a_plane_has_two_features():
    with pytest.raises(ValueError, match="the data 3"):
        drag_point(best_fit(FAITHFUL, 2), load_wreath().assign(x3=0.0))
