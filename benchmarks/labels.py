"""Which classifier tells penguins apart best, and how honest are its probabilities? Twenty cross-validations.

    python benchmarks/labels.py            twenty repeats, about ten minutes; writes three tables to results/
    python benchmarks/labels.py --quick    one repeat with small grids, some seconds, to a temporary folder

Notebook 11 reads the tables. Two questions are asked of the same four measurements: which species, and which sex? Every
method is tuned on the training part of each fold, on the same three inner folds, for the lowest log loss.

``labels.csv`` has for each repeat the wrong labels, the number of wrong labels that the probabilities announce, and the
Brier score: the squared distance between the probabilities and the truth, summed over the classes and averaged over the
birds. ``calibration.csv`` has, for the sex, the males among the birds whose probability of being male falls into each
tenth. ``ten_fold.csv`` asks one or two Gaussians a class in ten folds, as R's mclust did (``Brier`` as above, which is
twice mclust's).
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from gmmlab.data import MEASURES, load_banknotes, load_penguins
from gmmlab.mixture import GaussianMixtureClassifier

RESULTS = Path(__file__).parent / "results"
LOGISTIC = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
GAUSSIANS = GaussianMixtureClassifier(n_init=1)
TYPES = ["tied", "full"]
METHODS = {
    "one Gaussian a class": (GAUSSIANS, {"covariance_type": TYPES}),
    "a mixture a class": (GAUSSIANS, {"covariance_type": TYPES, "n_components": [1, 2, 3]}),
    "logistic regression": (LOGISTIC, {"logisticregression__C": [0.1, 1, 10, 100]}),
    "random forest": (RandomForestClassifier(100, random_state=0), {"min_samples_leaf": [1, 3, 10]}),
}


TEN_FOLD = {
    ("penguins", "one tied Gaussian a class"): {"covariance_type": "tied"},
    ("penguins", "one full Gaussian a class"): {"covariance_type": "full"},
    ("banknotes", "one tied Gaussian a class"): {"covariance_type": "tied"},
    ("banknotes", "one full Gaussian a class"): {"covariance_type": "full"},
    ("banknotes", "two for counterfeit, one for genuine"): {"n_components": [2, 1], "covariance_type": "full"},
}


def birds_for(target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the measurements of the birds whose target is known, and the target."""
    birds = load_penguins().dropna(subset=[*MEASURES, target])
    return birds[MEASURES].to_numpy(dtype=float), birds[target].to_numpy()


def truth_of(y: np.ndarray) -> np.ndarray:
    """Return 1 for the class of each row and 0 for the others."""
    return pd.get_dummies(y).to_numpy(dtype=float)


def predicted(target: str, repeat: int, methods: dict) -> dict[str, np.ndarray]:
    """Cross-validate the methods on one target, all on the same folds; return the probabilities of each."""
    X, y = birds_for(target)
    outer, inner = (StratifiedKFold(k, shuffle=True, random_state=repeat) for k in (5, 3))
    tuned = {n: GridSearchCV(model, grid, scoring="neg_log_loss", cv=inner) for n, (model, grid) in methods.items()}
    return {n: cross_val_predict(model, X, y, cv=outer, method="predict_proba") for n, model in tuned.items()}


def judged(p: np.ndarray, y: np.ndarray) -> dict:
    """Return wrong labels, announced wrong labels and the Brier score of probabilities."""
    truth = truth_of(y)
    wrong = int((p.argmax(axis=1) != truth.argmax(axis=1)).sum())
    brier = ((p - truth) ** 2).sum(axis=1).mean()
    return {"wrong": wrong, "announced": round((1 - p.max(axis=1)).sum(), 3), "Brier": round(brier, 5)}


def calibrated(p: np.ndarray, y: np.ndarray) -> list[dict]:
    """Return for each tenth that has birds: how many, their mean probability of being male, how many are."""
    tenth = (10 * p[:, 1]).astype(int).clip(max=9)
    return [
        {
            "tenth": t,
            "birds": int(own.sum()),
            "announced": round(p[own, 1].mean(), 4),
            "males": int((y[own] == "male").sum()),
        }
        for t in range(10)
        if (own := tenth == t).any()
    ]


def ten_fold(repeat: int) -> list[dict]:
    """Ask Gaussians of fixed form in ten folds, with the data on which mclust was asked."""
    notes = load_banknotes()
    tables = {
        "penguins": birds_for("species"),
        "banknotes": (notes.iloc[:, 1:].to_numpy(dtype=float), notes.iloc[:, 0]),
    }
    folds, rows = StratifiedKFold(10, shuffle=True, random_state=repeat), []
    for (data, method), settings in TEN_FOLD.items():
        X, y = tables[data]
        p = cross_val_predict(GaussianMixtureClassifier(**settings), X, y, cv=folds, method="predict_proba")
        rows.append({"data": data, "method": method, "repeat": repeat, "rows": len(y), **judged(p, np.asarray(y))})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one repeat with small grids, to a temporary folder")
    quick = parser.parse_args().quick
    methods = {n: (m, {k: list(v)[:1] for k, v in g.items()}) for n, (m, g) in METHODS.items()} if quick else METHODS
    repeats = range(1 if quick else 20)
    scores, tenths = [], []
    for target, repeat in tqdm([(t, r) for t in ("species", "sex") for r in repeats], disable=None):
        y = birds_for(target)[1]
        for name, p in predicted(target, repeat, methods).items():
            about = {"target": target, "repeat": repeat, "method": name}
            scores.append(about | {"birds": len(y)} | judged(p, y))
            tenths += [about | row for row in (calibrated(p, y) if target == "sex" else [])]
    tables = {
        "labels": pd.DataFrame(scores),
        "calibration": pd.DataFrame(tenths).drop(columns="target"),
        "ten_fold": pd.DataFrame([row for r in repeats for row in ten_fold(r)]),
    }
    folder = Path(tempfile.mkdtemp()) if quick else RESULTS
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        print(f"written to {folder / name}.csv")
    print(tables["labels"].groupby(["target", "method"], sort=False)[["wrong", "announced", "Brier"]].mean().round(4))


if __name__ == "__main__":
    main()
