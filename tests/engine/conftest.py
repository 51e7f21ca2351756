import numpy as np
import pytest


@pytest.fixture(scope="session")
def six_clumps():
    """3000 rows from six Gaussians of random shapes: mixtures of fewer components have many poor optima."""
    rng = np.random.default_rng(1)
    means, maps = 3 * rng.normal(size=(6, 2)), 0.6 * rng.normal(size=(6, 2, 2)) + 0.5 * np.eye(2)
    of = rng.choice(6, size=3000, p=rng.dirichlet(np.full(6, 5)))
    return means[of] + np.einsum("nij,nj->ni", maps[of], rng.normal(size=(3000, 2)))


@pytest.fixture(scope="session")
def rows_of_six():
    """600 rows, 100 about each of six points."""
    six = np.random.default_rng(1).normal(scale=3, size=(6, 2))
    return six[np.arange(600) % 6] + np.random.default_rng(2).normal(size=(600, 2))
