"""Ratings as a table with holes, and the usual recommenders to compare a mixture with.

A table has a row for each user and a column for each film; NaN means "not rated". Every recommender has two methods:
``fit(ratings)`` learns from a table, and ``predict(known)`` fills the rows of another one, whose users it need not have
met (for those it knows from ``fit``, their known ratings are simply given again).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.mixture import GaussianMixture

from gmmlab.engine.parameters import Parameters


def film_name(title: str, year: float) -> str:
    """Return a title as one says it: without other names, the article in front, the year behind."""
    plain = re.sub(r" \(.*\)", "", title)
    plain = re.sub(r"^(.+), (The|A|An|La|Le|L'|Il|Das|Der|Die|Les|El)\b(.*)$", r"\2 \1\3", plain)
    return f"{plain} ({year:.0f})"


def rating_table(ratings: pd.DataFrame, films: pd.DataFrame, *, per_film: int, per_user: int) -> pd.DataFrame:
    """Arrange ratings as a table, users by films, leaving out films and then users with few ratings.

    Parameters
    ----------
    ratings : DataFrame
        With ``userId``, ``movieId`` and ``rating``, as from `gmmlab.data.load_ratings`.
    films : DataFrame
        With ``movieId``, ``title`` and ``year``, as from `gmmlab.data.load_films`.
    per_film, per_user : int
        Fewest ratings of a film among all, and of a user among the films kept.

    Returns
    -------
    DataFrame
        Films by their names, the most rated first; NaN where not rated.
    """
    table = ratings.pivot(index="userId", columns="movieId", values="rating")
    times = table.notna().sum().sort_values(ascending=False, kind="stable")
    table = table[times.index[times >= per_film]]
    names = films.set_index("movieId").loc[table.columns]
    table.columns = pd.Index(map(film_name, names["title"], names["year"]), name="film")
    return table[table.notna().sum(axis=1) >= per_user]


def hide(
    ratings: ArrayLike, *, seed: int, share: float | None = None, given: int | None = None
) -> tuple[NDArray, NDArray]:
    """Part each user's ratings at random into known and hidden ones.

    Parameters
    ----------
    ratings : array-like of shape (n, d)
    seed : int
    share : float, optional
        Share of the ratings to hide, or else
    given : int, optional
        how many ratings of each user stay known.

    Returns
    -------
    known, hidden : arrays of shape (n, d)
        NaN where the other one has a rating, or neither.

    Raises
    ------
    ValueError
        Unless one of ``share`` and ``given`` says how many ratings to hide.
    """
    if (share is None) == (given is None):
        raise ValueError("How many ratings are hidden? Give `share` or `given`, and not both.")
    if share is not None and not 0 <= share <= 1:
        raise ValueError(f"Expected a share from 0 to 1, got {share}. To keep a number of ratings, say `given`.")
    if given is not None and (given < 0 or given != int(given)):
        raise ValueError(f"Expected a whole number of ratings given, got {given}. To hide a share, say `share`.")
    known, rng = np.array(ratings, dtype=float), np.random.default_rng(seed)
    hidden = np.full_like(known, np.nan)
    for row, out in zip(known, hidden, strict=True):
        rated = rng.permutation(np.flatnonzero(~np.isnan(row)))
        gone = rated[given:] if share is None else rated[: round(share * len(rated))]
        out[gone], row[gone] = row[gone], np.nan
    return known, hidden


def rmse(predicted: ArrayLike, hidden: ArrayLike) -> float:
    """Return the root mean square error over the hidden ratings, in stars."""
    return float(np.sqrt(np.nanmean((np.asarray(predicted) - hidden) ** 2)))


@dataclass
class Bias:
    """Mean of all ratings, plus what a film gets more, plus what a user gives more, each damped.

    Attributes
    ----------
    film_damping, user_damping : float
        Ratings of zero difference that are added to those of each film and user.
    """

    film_damping: float = 2.0
    user_damping: float = 4.0

    def fit(self, ratings: ArrayLike) -> Self:
        """Learn the mean and the films' differences, with the users' taken off, in a few rounds."""
        ratings, users = np.asarray(ratings, dtype=float), 0.0
        self.mean = np.nanmean(ratings)
        for _ in range(5):
            self.films = _damped_mean(ratings - self.mean - users, 0, self.film_damping)
            users = self.of_users(ratings)
        return self

    def of_users(self, known: ArrayLike) -> NDArray:
        """Return what each user gives more than others, shape (n, 1)."""
        return _damped_mean(known - self.mean - self.films, 1, self.user_damping)[:, None]

    def predict(self, known: ArrayLike) -> NDArray:
        """Predict all ratings of the users whose known ones are given."""
        return self.mean + self.films + self.of_users(known)


def _damped_mean(differences: NDArray, axis: int, damping: float) -> NDArray:
    return np.nansum(differences, axis=axis) / (np.sum(~np.isnan(differences), axis=axis) + damping)


@dataclass
class ItemNeighbours:
    """Bias, plus the user's own differences from it on the most similar films (Sarwar et al. 2001).

    Attributes
    ----------
    neighbours : int
        How many of the films that the user rated count.
    shrinkage : float
        A similarity from n users who rated both is multiplied by n / (n + shrinkage) (Koren 2008).
    """

    neighbours: int = 20
    shrinkage: float = 30.0

    def fit(self, ratings: ArrayLike) -> Self:
        """Learn the similarity of each two films: the cosine of differences from the bias, over common users."""
        ratings = np.asarray(ratings, dtype=float)
        self.bias = Bias().fit(ratings)
        rated, e = (~np.isnan(ratings)).astype(float), np.nan_to_num(ratings - self.bias.predict(ratings))
        squares, both = (e**2).T @ rated, rated.T @ rated
        self.similarity = e.T @ e / np.sqrt(squares * squares.T + 1e-12) * both / (both + self.shrinkage)
        np.fill_diagonal(self.similarity, 0)
        return self

    def predict(self, known: ArrayLike) -> NDArray:
        """Predict all ratings of the users whose known ones are given."""
        base = self.bias.predict(known)
        return base + np.array([self._differences(row) for row in known - base])

    def _differences(self, row: NDArray) -> NDArray:
        rated = np.flatnonzero(~np.isnan(row))
        similar = np.maximum(self.similarity[:, rated], 0)
        if len(rated) > self.neighbours:
            least = np.partition(similar, -self.neighbours, axis=1)[:, -self.neighbours, None]
            similar = np.where(similar >= least, similar, 0)
        return similar @ row[rated] / (similar.sum(axis=1) + 0.5)


@dataclass
class ALS:
    """Bias, plus the product of a few factors of user and film, by alternating ridge regressions (Zhou et al. 2008).

    Attributes
    ----------
    factors, ridge, rounds : int, float, int
    """

    factors: int = 8
    ridge: float = 8.0
    rounds: int = 12

    def fit(self, ratings: ArrayLike) -> Self:
        """Learn the factors of the films."""
        ratings = np.asarray(ratings, dtype=float)
        self.bias = Bias().fit(ratings)
        e = ratings - self.bias.predict(ratings)
        self.films = np.random.default_rng(0).normal(scale=0.3, size=(e.shape[1], self.factors))
        for _ in range(self.rounds):
            self.films = self._ridge(e.T, self._ridge(e, self.films))
        return self

    def predict(self, known: ArrayLike) -> NDArray:
        """Predict all ratings of the users whose known ones are given: their factors are folded in."""
        base = self.bias.predict(known)
        return base + self._ridge(known - base, self.films) @ self.films.T

    def _ridge(self, e: NDArray, factors: NDArray) -> NDArray:
        rated = (~np.isnan(e)).astype(float)
        products = np.einsum("dk,dl->dkl", factors, factors).reshape(len(factors), -1)
        normal = (rated @ products).reshape(len(e), self.factors, self.factors) + self.ridge * np.eye(self.factors)
        return np.linalg.solve(normal, (np.nan_to_num(e) @ factors)[:, :, None])[:, :, 0]


@dataclass
class Segments:
    """Bias, plus what each segment of users gives a film more, by the user's responsibilities.

    Attributes
    ----------
    components, factors : int
        Of the mixture, and of the plane in which the users' differences from the bias lie.
    damping : float
        Ratings of zero difference that are added to those of a segment for a film.
    """

    components: int = 4
    factors: int = 5
    damping: float = 5.0

    def fit(self, ratings: ArrayLike) -> Self:
        """Learn the plane, the mixture in it, and the differences of each segment."""
        ratings = np.asarray(ratings, dtype=float)
        self.bias = Bias().fit(ratings)
        e = ratings - self.bias.predict(ratings)
        self.plane = TruncatedSVD(self.factors, algorithm="arpack", random_state=0).fit(np.nan_to_num(e))
        places = self.plane.transform(np.nan_to_num(e))
        self.mixture = GaussianMixture(self.components, covariance_type="tied", n_init=5, random_state=0).fit(places)
        r = self.mixture.predict_proba(places).T
        self.differences = r @ np.nan_to_num(e) / (r @ ~np.isnan(e) + self.damping)
        return self

    def predict(self, known: ArrayLike) -> NDArray:
        """Predict all ratings of the users whose known ones are given."""
        base = self.bias.predict(known)
        places = self.plane.transform(np.nan_to_num(known - base))
        return base + self.mixture.predict_proba(places) @ self.differences


def one_taste(ratings: ArrayLike) -> Parameters:
    """Return the bias model, written as one Gaussian over all films: the start and the prior of a finer one.

    Users differ in generosity, which all their ratings share: that is the covariance of any two films. The rest of a
    rating's variance is its own. Conditioned on some ratings, this Gaussian predicts each film's mean plus the user's
    difference, damped by the ratio of the two variances, as `Bias` does.

    Parameters
    ----------
    ratings : array-like of shape (n, d)

    Returns
    -------
    gaussian : Parameters
        One component of type ``"full"``.
    """
    ratings = np.asarray(ratings, dtype=float)
    bias = Bias().fit(ratings)
    generosity = np.var(bias.of_users(ratings))
    own = np.nanvar(ratings - bias.predict(ratings))
    d = ratings.shape[1]
    return Parameters(np.ones(1), (bias.mean + bias.films)[None], (generosity + own * np.eye(d))[None])


def unseen_best(predictions: pd.DataFrame, known: pd.Series, n: int = 10) -> pd.DataFrame:
    """Return the n films with the highest predictions among those not rated yet, best first.

    Parameters
    ----------
    predictions : DataFrame
        A row for each film, with a column ``stars``.
    known : Series
        Ratings by film; NaN where not rated.
    n : int
    """
    return predictions[known.isna()].sort_values("stars", ascending=False, kind="stable").head(n)


def precision_at(scores: ArrayLike, known: ArrayLike, liked: ArrayLike, n: int = 10) -> float:
    """Return the share of recommended films that the users turn out to like.

    Parameters
    ----------
    scores : array-like of shape (users, d) or (d,)
        Higher is better; one row for all users if everybody gets the same.
    known : array-like of shape (users, d)
        Ratings that the recommender has seen, NaN where none: films with one are not recommended.
    liked : array-like of bool, shape (users, d)
        Films that the user liked, among those whose ratings were hidden.
    n : int
        How many films each user is recommended.
    """
    unseen = np.where(np.isnan(known), scores, -np.inf)
    best = np.argsort(-unseen, axis=1, kind="stable")[:, :n]
    return float(np.take_along_axis(np.asarray(liked), best, axis=1).mean())
