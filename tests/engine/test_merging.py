"""Components become clusters: the merges of least entropy, held against brute force and R's mclust."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.mixture import best_fit, merge_by_entropy


def responsibilities(k: int, seed: int = 0) -> np.ndarray:
    """Draw rows that sum to one, of which some belong to one component only."""
    rng = np.random.default_rng(seed)
    r = rng.dirichlet(np.full(k, 0.4), size=80)
    r[:9] = np.eye(k)[rng.integers(k, size=9)]
    return r


def entropy(r: np.ndarray) -> float:
    return -sum(x * np.log(x) for x in r.ravel() if x > 0)


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_each_merge_is_the_one_of_least_entropy(k):
    steps = merge_by_entropy(responsibilities(k))
    for before, after in pairwise(steps):
        r = before.responsibilities
        tried = {}
        for pair in combinations(range(r.shape[1]), 2):
            rest = [r[:, c] for c in range(r.shape[1]) if c not in pair]
            tried[pair] = entropy(np.column_stack([*rest, r[:, pair[0]] + r[:, pair[1]]]))
        assert after.entropy == pytest.approx(min(tried.values()), rel=1e-12, abs=1e-12)
        a, b = min(tried, key=tried.get)
        assert before.groups[a] + before.groups[b] in after.groups


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_sums_of_their_components(seed):
    r = responsibilities(6, seed)
    steps = merge_by_entropy(r)
    assert [len(step.groups) for step in steps] == [6, 5, 4, 3, 2, 1]
    for step in steps:
        assert sorted(sum(step.groups, ())) == list(range(6))
        summed = np.column_stack([r[:, list(group)].sum(axis=1) for group in step.groups])
        np.testing.assert_allclose(step.responsibilities, summed, atol=1e-12)
        assert step.entropy == pytest.approx(entropy(summed), abs=1e-9)


def test_entropy_never_rises_and_ends_at_nothing():
    entropies = [step.entropy for step in merge_by_entropy(responsibilities(8))]
    assert (np.diff(entropies) <= 1e-12).all()
    assert entropies[-1] == pytest.approx(0, abs=1e-9)


def test_components_that_are_equal_are_merged_first():
    apart = np.eye(2)[np.arange(40) % 2]
    r = np.column_stack([apart[:, 0] / 2, apart[:, 1], apart[:, 0] / 2])
    first = merge_by_entropy(r)[1]
    assert first.groups == ((0, 2), (1,))
    np.testing.assert_array_equal(first.responsibilities, apart)


def test_input_is_not_changed():
    r = responsibilities(4)
    kept = r.copy()
    merge_by_entropy(r)
    np.testing.assert_array_equal(r, kept)


def test_one_component_is_one_cluster():
    (only,) = merge_by_entropy(np.ones((5, 1)))
    assert only.groups == ((0,),) and only.entropy == 0


def test_eruptions_are_merged_as_by_mclust():
    eruptions = load_faithful()
    three = best_fit(eruptions, 3, covariance_type="tied")
    steps = merge_by_entropy(three.predict_proba(eruptions))
    # clustCombi of mclust 6.0.0, whose fit stopped a little before it converged
    np.testing.assert_allclose([step.entropy for step in steps], [42.3124, 0.4948, 0], rtol=0.03, atol=1e-3)
    assert sorted(steps[1].responsibilities.mean(axis=0)) == pytest.approx([0.356, 0.644], abs=0.002)


@pytest.mark.parametrize("wrong", [[[0.5, 0.2]], [[1.5, -0.5]]])
def test_what_is_no_responsibility_is_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"Responsibilities are|responsibilities of a sample sum to 1"):
        merge_by_entropy(wrong)
