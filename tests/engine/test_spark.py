"""Spark's own mixture, in local mode, agrees with ours; skipped where there is no Spark or no Java."""

import os
import shutil

import nbformat
import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.mixture import best_fit, from_parameters, match_labels
from gmmlab.paths import lab_folder

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.skipif(not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Spark needs Java"),
    pytest.mark.filterwarnings("default"),  # Spark's own, about versions
]

X = load_faithful().to_numpy()


def cells(*ids):
    """Return the source of cells of the notebook."""
    notebook = nbformat.read(lab_folder() / "notebooks" / "15_scale_out.ipynb", as_version=4)
    return "\n".join(next(cell.source for cell in notebook.cells if cell.id == id) for id in ids)


@pytest.fixture(scope="module")
def names():
    """Run the notebook's cells on Old Faithful, and return what they leave behind."""
    source = cells("imports", "optional-imports", "fit-spark")
    for given, ours in {
        'colours = "local[2]", ["red", "green", "blue"]': 'colours = "local[2]", ["eruptions", "waiting"]',
        "k=5, maxIter=200, tol=1.0": "k=2, maxIter=200, tol=1e-6",
        "best_fit(sample, 5)": "best_fit(sample, 2)",
    }.items():
        assert given in source
        source = source.replace(given, ours)
    names = {"__name__": "__main__", "sample": X}
    exec(compile(source, "15_scale_out", "exec"), names)
    return names


def test_spark_reaches_our_log_likelihood(names):
    assert names["by_spark"].score(X) * len(X) == pytest.approx(best_fit(X, 2).score(X) * len(X), abs=1e-3)


def test_spark_finds_our_components(names):
    ours = best_fit(X, 2)
    assert (match_labels(ours.predict(X), names["by_spark"].predict(X)) == ours.predict(X)).all()


def test_spark_gives_scikit_learns_shapes(names):
    spark = names["by_spark"]
    rebuilt = from_parameters(spark.weights_, spark.means_, spark.covariances_)
    np.testing.assert_allclose(rebuilt.score_samples(X), spark.score_samples(X))
