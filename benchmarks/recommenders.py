"""The recommenders that ``recommend.py`` compares, in a few lines each.

Each has ``fit(ratings)``, which learns from a table with a row a user and NaN where a film is not rated, and
``predict(known)``, which fills the rows of another table, whose users it need not have met.
"""

from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from scipy.special import logsumexp

from gmmlab.mixture import Parameters, Prior, em_with_missing, predict_missing


def rmse(predicted: np.ndarray, hidden: np.ndarray) -> float:
    """Return the root mean square error over the hidden ratings, in stars."""
    return float(np.sqrt(np.nanmean((predicted - hidden) ** 2)))


def bare(model: object) -> str:
    """Write the settings of a recommender down."""
    return " ".join(f"{key}={value}" for key, value in asdict(model).items())


@dataclass
class Bias:
    """Mean of all ratings, plus a film's difference, plus a user's difference, each damped."""

    film_damping: float = 2.0
    user_damping: float = 4.0

    def fit(self, ratings: np.ndarray) -> Self:
        self.mean, users = np.nanmean(ratings), 0.0
        for _ in range(5):
            self.films = _damped_mean(ratings - self.mean - users, 0, self.film_damping)
            users = self.of_users(ratings)
        return self

    def of_users(self, known: np.ndarray) -> np.ndarray:
        return _damped_mean(known - self.mean - self.films, 1, self.user_damping)[:, None]

    def predict(self, known: np.ndarray) -> np.ndarray:
        return self.mean + self.films + self.of_users(known)


def _damped_mean(differences: np.ndarray, axis: int, damping: float) -> np.ndarray:
    return np.nansum(differences, axis=axis) / (np.sum(~np.isnan(differences), axis=axis) + damping)


@dataclass
class Segments:
    """Bias, plus a mixture of spheres in the differences from it, fitted by EM to the ratings that are there.

    A component's mean is damped; the best of five random starts counts.
    """

    components: int = 2
    damping: float = 10.0

    def fit(self, ratings: np.ndarray) -> Self:
        self.bias = Bias().fit(ratings)
        e = ratings - self.bias.predict(ratings)
        runs = [self._climb(e, np.random.default_rng(seed)) for seed in range(5)]
        _, self.weights, self.means, self.variance = max(runs, key=lambda run: run[0])
        return self

    def predict(self, known: np.ndarray) -> np.ndarray:
        base = self.bias.predict(known)
        joint = np.log(self.weights) - self._squares(known - base, self.means) / (2 * self.variance)
        return base + np.exp(joint - logsumexp(joint, axis=1, keepdims=True)) @ self.means

    def _climb(self, e: np.ndarray, rng: np.random.Generator) -> tuple:
        seen, z, r = ~np.isnan(e), np.nan_to_num(e), rng.dirichlet(np.ones(self.components), len(e))
        heights = [-np.inf]
        for _ in range(500):
            weights, means = r.mean(axis=0), r.T @ z / (r.T @ seen + self.damping)
            squares = self._squares(e, means)
            penalty = self.damping * (means**2).sum()  # imaginary ratings of zero difference
            variance = ((r * squares).sum() + penalty) / (seen.sum() + self.damping * means.size)
            joint = np.log(weights + 1e-300) - squares / (2 * variance)
            total = logsumexp(joint, axis=1)
            r = np.exp(joint - total[:, None])
            count = seen.sum() + self.damping * means.size
            heights.append(total.sum() - penalty / (2 * variance) - count / 2 * np.log(variance))
            if heights[-1] - heights[-2] < 1e-5 * len(e):
                break
        return heights[-1], weights + 1e-300, means, variance

    @staticmethod
    def _squares(e: np.ndarray, means: np.ndarray) -> np.ndarray:
        z = np.nan_to_num(e)
        return (z**2).sum(axis=1)[:, None] - 2 * z @ means.T + ~np.isnan(e) @ means.T**2


@dataclass
class ItemNeighbours:
    """Bias, plus the user's own differences from it on the most similar films (Sarwar et al. 2001).

    A similarity from n users who rated both films is multiplied by n / (n + shrinkage) (Koren 2008).
    """

    neighbours: int = 20
    shrinkage: float = 30.0

    def fit(self, ratings: np.ndarray) -> Self:
        self.bias = Bias().fit(ratings)
        rated, e = (~np.isnan(ratings)).astype(float), np.nan_to_num(ratings - self.bias.predict(ratings))
        squares, both = (e**2).T @ rated, rated.T @ rated
        self.similarity = e.T @ e / np.sqrt(squares * squares.T + 1e-12) * both / (both + self.shrinkage)
        np.fill_diagonal(self.similarity, 0)
        return self

    def predict(self, known: np.ndarray) -> np.ndarray:
        base = self.bias.predict(known)
        return base + np.array([self._differences(row) for row in known - base])

    def _differences(self, row: np.ndarray) -> np.ndarray:
        rated = np.flatnonzero(~np.isnan(row))
        similar = np.maximum(self.similarity[:, rated], 0)
        if len(rated) > self.neighbours:
            least = np.partition(similar, -self.neighbours, axis=1)[:, -self.neighbours, None]
            similar = np.where(similar >= least, similar, 0)
        return similar @ row[rated] / (similar.sum(axis=1) + 0.5)


@dataclass
class ALS:
    """Bias, plus the product of a few factors of user and film, by alternating ridge regressions (Zhou et al. 2008)."""

    factors: int = 8
    ridge: float = 8.0
    rounds: int = 12

    def fit(self, ratings: np.ndarray) -> Self:
        self.bias = Bias().fit(ratings)
        e = ratings - self.bias.predict(ratings)
        self.films = np.random.default_rng(0).normal(scale=0.3, size=(e.shape[1], self.factors))
        for _ in range(self.rounds):
            self.films = self._ridge(e.T, self._ridge(e, self.films))
        return self

    def predict(self, known: np.ndarray) -> np.ndarray:
        base = self.bias.predict(known)
        return base + self._ridge(known - base, self.films) @ self.films.T

    def _ridge(self, e: np.ndarray, factors: np.ndarray) -> np.ndarray:
        rated = (~np.isnan(e)).astype(float)
        products = np.einsum("dk,dl->dkl", factors, factors).reshape(len(factors), -1)
        normal = (rated @ products).reshape(len(e), self.factors, self.factors) + self.ridge * np.eye(self.factors)
        return np.linalg.solve(normal, (np.nan_to_num(e) @ factors)[:, :, None])[:, :, 0]


@dataclass
class Gaussian:
    """A Gaussian over all films, or a mixture with one shared covariance, by EM to convergence with a prior.

    The prior weighs as much as ``rows`` imaginary users who differ in generosity only, as the bias model has it. Two
    components start from the two halves of the users along the widest direction of their differences from the bias.
    """

    rows: float = 200.0
    components: int = 1
    tol: float = 3e-3

    def start(self, ratings: np.ndarray) -> Parameters:
        bias = Bias().fit(ratings)
        e = ratings - bias.predict(ratings)
        generosity, own = np.var(bias.of_users(ratings)), np.nanvar(e)
        means = bias.mean + bias.films + np.zeros((self.components, 1))
        if self.components == 2:
            side = np.linalg.svd(np.nan_to_num(e), full_matrices=False)[0][:, 0] > 0
            means += [_damped_mean(e[half], 0, 10) for half in (side, ~side)]
        covariance = generosity + own * np.eye(ratings.shape[1])
        return Parameters(np.full(self.components, 1 / self.components), means, covariance, "tied")

    def fit(self, ratings: np.ndarray) -> Self:
        start = self.start(ratings)
        prior = Prior(start.covariances, self.rows)
        self.parameters = em_with_missing(ratings, start, max_iter=200, tol=self.tol, prior=prior).parameters
        return self

    def predict(self, known: np.ndarray) -> np.ndarray:
        return predict_missing(known, self.parameters).mean

    def predict_with_sd(self, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = predict_missing(known, self.parameters)
        return found.mean, np.sqrt(found.variance)
