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


def page():
    """Return the code that the notebook prints for those who have Spark."""
    notebook = nbformat.read(lab_folder() / "notebooks" / "15_scale_out.ipynb", as_version=4)
    text = next(cell.source for cell in notebook.cells if cell.id == "spark-text")
    return text.partition("```python\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def by_spark():
    """Run the page on Old Faithful, and return the mixture that it leaves behind."""
    source = page()
    for given, ours in {
        '["red", "green", "blue"]': '["eruptions", "waiting"]',
        "k=3, maxIter=200, tol=0.01": "k=2, maxIter=200, tol=1e-6",
    }.items():
        assert given in source
        source = source.replace(given, ours)
    names = {"__name__": "__main__", "sample": X}
    exec(compile(source, "15_scale_out", "exec"), names)
    gaussians = names["model"].gaussians
    means, covariances = [g.mean.toArray() for g in gaussians], [g.cov.toArray() for g in gaussians]
    found = from_parameters(names["model"].weights, np.array(means), np.array(covariances))
    names["spark"].stop()
    return found


def test_spark_reaches_our_log_likelihood(by_spark):
    assert by_spark.score(X) * len(X) == pytest.approx(best_fit(X, 2).score(X) * len(X), abs=1e-3)


def test_spark_finds_our_components(by_spark):
    ours = best_fit(X, 2)
    assert (match_labels(ours.predict(X), by_spark.predict(X)) == ours.predict(X)).all()


def test_spark_gives_scikit_learns_shapes(by_spark):
    rebuilt = from_parameters(by_spark.weights_, by_spark.means_, by_spark.covariances_)
    np.testing.assert_allclose(rebuilt.score_samples(X), by_spark.score_samples(X))
