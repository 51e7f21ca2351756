"""Which recommender predicts film ratings best, and whose intervals keep their promise? Every way on the same draws.

    python benchmarks/recommend.py            twenty draws, about half an hour
    python benchmarks/recommend.py --quick    one draw on few films, some seconds, to a temporary folder

Four tables are written to ``results/``, which notebook 14 reads:

``recommend_path.csv``   one Gaussian learns by EM, held back by 0, 50 or 200 imaginary users: RMSE on validation
``recommend_stars.csv``  a fifth of everybody's ratings is hidden and predicted from the others: RMSE
``recommend_new.csv``    people whom no model has met have given 1 to 15 ratings: RMSE, and 90% intervals after ten
``recommend_ten.csv``    ten films are recommended to everybody: how many are among the hidden ones, how many of those
                         are liked, and both at once (precision)

Every method chooses its settings from a grid on the same validation ratings, and is fitted once more on all that is
known.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

from gmmlab.data import load_films, load_ratings
from gmmlab.mixture import Prior, em_with_missing, predict_missing
from recommenders import ALS, Bias, Gaussian, ItemNeighbours, Segments, bare, rmse

RESULTS = Path(__file__).parent / "results"
LEVEL = 0.9
GIVEN = (1, 2, 5, 10, 15)

GRIDS: dict[str, list[Callable]] = {
    "bias": [lambda d=d: Bias(user_damping=d) for d in (2, 4, 8)],
    "segments": [lambda k=k, d=d: Segments(k, d) for k in (2, 4, 8) for d in (5, 10, 20)],
    "item neighbours": [lambda n=n, s=s: ItemNeighbours(n, s) for n in (10, 20, 40) for s in (30, 100, 300)],
    "ALS": [lambda f=f, r=r: ALS(f, r) for f in (8, 16, 32) for r in (5, 8, 12, 20)],
    "two Gaussians": [lambda rows=rows: Gaussian(rows, components=2) for rows in (100, 200, 400)],
    "one Gaussian": [lambda rows=rows: Gaussian(rows) for rows in (100, 200, 400)],
}


def film_table(per_film: int = 80, per_user: int = 20) -> np.ndarray:
    """Arrange the ratings as in the notebook: users by films, NaN where there is none."""
    ratings = load_ratings().merge(load_films(), on="movieId")
    often = ratings[ratings.groupby("movieId")["rating"].transform("count") >= per_film]
    table = often.pivot(index="userId", columns="title", values="rating")
    return table[table.count(axis=1) >= per_user].to_numpy()


def hide(table: np.ndarray, rng: np.random.Generator, *, given: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Part each user's ratings at random: a fifth hidden, or so many given."""
    order = pd.DataFrame(np.where(np.isnan(table), np.nan, rng.random(table.shape))).rank(axis=1).to_numpy()
    kept = order <= (np.round(0.8 * np.nanmax(order, axis=1, keepdims=True)) if given is None else given)
    return np.where(kept, table, np.nan), np.where(kept, np.nan, table)


def tuned(grid: list[Callable], fit_on: np.ndarray, seen: np.ndarray, truth: np.ndarray) -> Callable:
    """Return the setting that predicts the validation ratings best."""
    return min(grid, key=lambda make: rmse(make().fit(fit_on).predict(seen), truth))


def path(table: np.ndarray, seed: int) -> Iterator[dict]:
    """Follow the error on the validation ratings while EM fits one Gaussian to the rest of the known ones."""
    rng = np.random.default_rng(seed)
    known, _ = hide(table, rng)
    inner, validation = hide(known, rng)
    start = Gaussian().start(inner)
    for rows in (0, 50, 200):
        state = start
        for iteration in range(0, 30, 5):
            if iteration:
                prior = Prior(start.covariances, rows)
                state = em_with_missing(inner, state, max_iter=5, tol=0, prior=prior).parameters
            error = rmse(predict_missing(inner, state).mean, validation)
            yield {"draw": seed, "imaginary_users": rows, "iteration": iteration, "rmse": error}


def stars(table: np.ndarray, seed: int) -> Iterator[dict]:
    """Predict a hidden fifth of everybody's ratings."""
    rng = np.random.default_rng(seed)
    known, hidden = hide(table, rng)
    inner, validation = hide(known, rng)
    for name, grid in GRIDS.items():
        best = tuned(grid, inner, inner, validation)
        model = best().fit(known)
        yield {"draw": seed, "method": name, "setting": bare(model), "rmse": rmse(model.predict(known), hidden)}


def new_users(table: np.ndarray, seed: int) -> Iterator[dict]:
    """Predict the ratings of new users: half of all fit, 15% choose settings, 15% calibrate, the rest are judged."""
    rng, n = np.random.default_rng(seed), len(table)
    fit, choose, calibrate, judge = np.split(rng.permutation(table), [n // 2, int(0.65 * n), int(0.8 * n)])
    choose_given, choose_rest = hide(choose, rng, given=10)
    calibrate_given, calibrate_rest = hide(calibrate, rng, given=10)
    fifteen, rest = hide(judge, rng, given=15)
    shown = [hide(fifteen, np.random.default_rng(seed), given=number)[0] for number in GIVEN]
    fitted = {name: tuned(g, fit, choose_given, choose_rest)().fit(fit) for name, g in GRIDS.items()}
    _, own_sd = fitted["one Gaussian"].predict_with_sd(shown[GIVEN.index(10)])
    fifths = pd.qcut(own_sd[np.isfinite(rest)], 5, labels=False)
    for name, model in fitted.items():
        row = {"draw": seed, "method": name, "setting": bare(model)}
        row |= {f"rmse_{number}": rmse(model.predict(x), rest) for number, x in zip(GIVEN, shown, strict=True)}
        errors = np.abs(calibrate_rest - model.predict(calibrate_given))
        half = conformal(errors[np.isfinite(errors)])
        mean = model.predict(shown[GIVEN.index(10)])
        yield row | {"interval": "one width"} | judged(mean, np.full_like(mean, half), rest, fifths)
        if name == "one Gaussian":
            yield row | {"interval": "own widths"} | judged(mean, norm.ppf((1 + LEVEL) / 2) * own_sd, rest, fifths)


def conformal(errors: np.ndarray) -> float:
    """Return the half-width that holds LEVEL of the errors, with the correction of split-conformal prediction."""
    return float(np.sort(errors)[int(np.ceil((len(errors) + 1) * LEVEL)) - 1])


def judged(mean: np.ndarray, half: np.ndarray, truth: np.ndarray, fifths: np.ndarray) -> dict:
    """Say what intervals hold, how wide they are, and their interval score (Gneiting & Raftery 2007, eq. 43).

    ``fifths`` sorts the predictions into those of which one Gaussian is surest (0) to least sure (4).
    """
    there = np.isfinite(truth)
    off, width = np.abs(truth - mean)[there], 2 * half[there]
    beyond = np.maximum(off - width / 2, 0)
    inside = pd.Series(beyond == 0)
    row = {"coverage": inside.mean(), "width": width.mean(), "score": (width + 2 / (1 - LEVEL) * beyond).mean()}
    return row | {f"coverage_{k + 1}": share for k, share in inside.groupby(fifths).mean().items()}


def ten(table: np.ndarray, seed: int) -> Iterator[dict]:
    """Recommend ten films to everybody, by what they liked (four stars or more) or by predicted stars."""
    rng = np.random.default_rng(seed)
    known, hidden = hide(table, rng)
    inner, validation = hide(known, rng)
    lists = dict(zip(("validation", "test"), map(by_likes, (inner, known)), strict=True))
    for name in dict.fromkeys(name for name, _ in lists["test"]):
        sizes = [key for key in lists["test"] if key[0] == name]
        best = max(sizes, key=lambda key: precision(lists["validation"][key], inner, validation))
        yield {"draw": seed, "method": name, "size": best[1]} | outcome(lists["test"][best], known, hidden)
    stars, sd = Gaussian(rows=200).fit(known).predict_with_sd(known)
    liked = norm.sf(3.75, stars, np.maximum(sd, 1e-9))  # the chance of four stars or more, if the film is rated
    rated = np.isfinite(known).mean(axis=0)
    for name, scores in {"by stars": stars, "liked x rated": liked * rated}.items():
        yield {"draw": seed, "method": f"one Gaussian, {name}", "size": 0} | outcome(scores, known, hidden)


def by_likes(seen: np.ndarray) -> dict[tuple[str, int], np.ndarray]:
    """Score all films for all users from what they liked: by each method and size."""
    liked = (seen >= 4).astype(float)
    scores = {("popularity", 0): np.tile(liked.sum(axis=0), (len(liked), 1))}
    places = TruncatedSVD(10, algorithm="arpack", random_state=0).fit_transform(liked)
    for k in (4, 8, 12):
        hard = np.eye(k)[KMeans(k, n_init=10, random_state=0).fit_predict(places)]
        mixture = GaussianMixture(k, covariance_type="tied", n_init=10, tol=1e-6, max_iter=1000, random_state=0)
        soft = mixture.fit(places).predict_proba(places)
        for name, shares in {"segments, k-means": hard, "segments, mixture": soft}.items():
            scores[name, k] = shares @ (shares.T @ liked / shares.sum(axis=0)[:, None])
    for size in (5, 10, 15):
        svd = TruncatedSVD(size, algorithm="arpack", random_state=0).fit(liked)
        scores["PureSVD", size] = svd.inverse_transform(svd.transform(liked))
    return scores


def found(scores: np.ndarray, seen: np.ndarray, truth: np.ndarray, n: int = 10) -> np.ndarray:
    """Return the hidden ratings, or NaN, of the n recommended films; what is known is not recommended."""
    best = np.argsort(np.where(np.isnan(seen), -scores, np.inf), axis=1, kind="stable")[:, :n]
    return np.take_along_axis(truth, best, axis=1)


def precision(scores: np.ndarray, seen: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of the ten recommended films that turn out to be liked."""
    return float((found(scores, seen, truth) >= 4).mean())


def outcome(scores: np.ndarray, seen: np.ndarray, truth: np.ndarray) -> dict:
    """Return the precision and its two factors: the share of hidden ratings, and the share of those that is liked."""
    ratings = found(scores, seen, truth)
    rated = np.isfinite(ratings)
    return {
        "precision": precision(scores, seen, truth),
        "rated": rated.mean(),
        "liked": (ratings[rated] >= 4).mean(),
    }


EXPERIMENTS = {"path": path, "new": new_users, "stars": stars, "ten": ten}


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=EXPERIMENTS, action="append")
    parser.add_argument("--folder", type=Path, default=RESULTS)
    chosen = parser.parse_args(arguments)
    table = film_table(per_film=200, per_user=24) if chosen.quick else film_table()
    for name in chosen.only or EXPERIMENTS:
        draws = tqdm(range(1 if chosen.quick else 20), desc=name, disable=not sys.stderr.isatty())
        rows: list[dict] = []
        for seed in draws:
            rows += EXPERIMENTS[name](table, seed)
            pd.DataFrame(rows).round(4).to_csv(chosen.folder / f"recommend_{name}.csv", index=False)


if __name__ == "__main__":
    main()
