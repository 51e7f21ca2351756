"""The study of bootstrap standard errors: its rows are fits to tables drawn from the known mixture."""

import numpy as np
import pytest

import standard_errors
from gmmlab.data import load_faithful, load_results
from gmmlab.mixture import as_parameters

pytestmark = pytest.mark.slow


def test_the_table_is_that_of_its_script():
    stored, fresh = load_results("standard_errors"), standard_errors.rows(7, standard_errors.truth(), 0)
    assert len(stored) == 1500
    np.testing.assert_allclose(
        fresh[["weight", "waiting"]], stored.loc[stored["table"] == 7, ["weight", "waiting"]], atol=1e-3
    )


def test_the_spread_of_the_estimates_lies_around_the_truth():
    weights = load_results("standard_errors").groupby("component", sort=False)["weight"]
    apart = np.abs(weights.mean() - standard_errors.truth().weights_)
    assert (apart < weights.std()).all()


def test_components_that_changed_places_are_put_back():
    true = standard_errors.truth()
    turned = as_parameters(true).ordered(np.array([2, 0, 1]))
    np.testing.assert_array_equal(standard_errors.matched(turned, true).means, true.means_)


def test_fits_that_stop_early_stay_nearer_to_their_start():
    true = standard_errors.truth()
    early, _ = standard_errors.early_errors(true, load_faithful().to_numpy(), 60, seed=0)
    assert early == pytest.approx([0.0287, 0.0466, 0.0531], rel=0.3)  # mclust's, from 999
