"""Which classifier tells penguins apart best, and how honest are its probabilities? Twenty cross-validations.

    python benchmarks/labels.py            twenty repeats, about ten minutes; writes results/labels.csv
    python benchmarks/labels.py --quick    one repeat with small grids, some seconds, to a temporary folder

Notebook 11 reads the table. Two questions are asked of the same four measurements: which species, and which sex? Every
method is tuned on the training part of each fold, on the same three inner folds, for the lowest log loss. The table has
for each repeat the wrong labels, the number of wrong labels that the probabilities announce, and the Brier score: the
squared distance between the probabilities and the truth, summed over the classes and averaged over the birds.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from gmmlab.data import MEASURES, load_penguins
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


def judged(target: str, repeat: int, methods: dict) -> list[dict]:
    """Cross-validate the methods on one target, all on the same folds."""
    birds = load_penguins().dropna(subset=[*MEASURES, target])
    X, y = birds[MEASURES].to_numpy(dtype=float), birds[target].to_numpy()
    truth = pd.get_dummies(y).to_numpy(dtype=float)
    outer, inner = (StratifiedKFold(k, shuffle=True, random_state=repeat) for k in (5, 3))
    rows = []
    for name, (model, grid) in methods.items():
        tuned = GridSearchCV(model, grid, scoring="neg_log_loss", cv=inner)
        p = cross_val_predict(tuned, X, y, cv=outer, method="predict_proba")
        wrong = int((p.argmax(axis=1) != truth.argmax(axis=1)).sum())
        brier = ((p - truth) ** 2).sum(axis=1).mean()
        announced = (1 - p.max(axis=1)).sum()
        rows.append({"target": target, "repeat": repeat, "method": name, "birds": len(y), "wrong": wrong})
        rows[-1] |= {"announced": round(announced, 3), "Brier": round(brier, 5)}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one repeat with small grids, to a temporary folder")
    quick = parser.parse_args().quick
    methods = {n: (m, {k: list(v)[:1] for k, v in g.items()}) for n, (m, g) in METHODS.items()} if quick else METHODS
    tasks = [(target, repeat) for target in ("species", "sex") for repeat in range(1 if quick else 20)]
    table = pd.DataFrame([row for task in tqdm(tasks, disable=None) for row in judged(*task, methods)])
    folder = Path(tempfile.mkdtemp()) if quick else RESULTS
    table.to_csv(folder / "labels.csv", index=False)
    print(table.groupby(["target", "method"], sort=False)[["wrong", "announced", "Brier"]].mean().round(4))
    print(f"written to {folder / 'labels.csv'}")


if __name__ == "__main__":
    main()
