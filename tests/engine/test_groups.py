"""Groups of rows add up, are joined and are cut."""

import numpy as np
import pytest

from gmmlab.engine.groups import cut_components, join_components
from gmmlab.mixture import COVARIANCE_TYPES

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


@every_type
@pytest.mark.parametrize("other", [4, 5, 7])
def test_components_of_a_larger_mixture_are_joined_to_the_number_wanted(covariance_type, other, rows_of_six):
    responsibilities = np.random.default_rng(0).dirichlet(np.ones(other), size=600).T
    groups = join_components(rows_of_six, responsibilities, 4, covariance_type, 3)
    assert groups.means.shape == (1 if other == 4 else 3, 4, 2)
    np.testing.assert_allclose(groups.counts.sum(axis=1), 600, rtol=1e-5)
    for counts, means in zip(groups.counts, groups.means, strict=True):
        assert counts @ means == pytest.approx(rows_of_six.sum(axis=0), rel=1e-4, abs=1e-3)


@every_type
def test_a_component_of_a_smaller_mixture_is_cut_in_two(covariance_type, rows_of_six):
    responsibilities = np.random.default_rng(0).dirichlet(np.ones(3), size=600).T
    groups, whole = cut_components(rows_of_six, responsibilities, covariance_type, 2), responsibilities.sum(axis=1)
    assert groups.means.shape == (2, 4, 2)
    for counts in groups.counts:
        (cut,) = np.flatnonzero(np.abs(counts[:3] - whole) > 1)
        assert counts[cut] + counts[3] == pytest.approx(whole[cut], rel=1e-5)


def test_no_component_is_cut_that_has_few_rows(rows_of_six):
    assert len(cut_components(rows_of_six[:5], np.ones((1, 5)), "full", 2).counts) == 0
