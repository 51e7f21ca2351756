"""One BLAS thread before numpy loads, no window, examples that are the same in every run, and long files first."""

import gc
import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)

import matplotlib
import pytest
from hypothesis import settings

# Not by the variable MPLBACKEND: kernels would inherit it, and show no figures.
matplotlib.rcdefaults()  # not the user's settings
matplotlib.use("Agg")
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect tests without looking for garbage, which there is none of, and never look among them later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items):
    """Begin with the files that take long: one that is begun last would keep one worker busy and the others idle."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def judged_notes():
    """Return banknotes to judge, their scores, which are counterfeit, and the scores of genuine ones set apart."""
    from sklearn.mixture import GaussianMixture

    from gmmlab.data import load_banknotes

    notes = load_banknotes()
    counterfeit = notes.pop("Status") == "counterfeit"
    apart = notes[~counterfeit].iloc[:50]
    judged = notes.drop(apart.index)
    detector = GaussianMixture(1, random_state=0).fit(apart.to_numpy())
    scores = detector.score_samples(judged.to_numpy())
    return judged, scores, counterfeit[judged.index].to_numpy(), detector.score_samples(apart.to_numpy())
