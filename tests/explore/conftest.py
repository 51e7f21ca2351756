"""What the explorers show, caught on its way to the screen."""

from contextlib import contextmanager

import pytest

from gmmlab import explore
from gmmlab.data import load_faithful
from gmmlab.explore.scene import Explorer
from gmmlab.mixture import best_fit


@contextmanager
def watched():
    """Yield a list that gets the scene and the output of each explorer that is called."""
    seen = []

    def explorer(scene) -> Explorer:
        seen.append({"scene": scene})
        return Explorer(scene=scene)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gmmlab.explore.scene.Explorer", explorer)
        patch.setattr(
            "gmmlab.figure.show", lambda fig, alt, live, _: seen[-1].update(fig=repr(fig), alt=alt, live=live)
        )
        yield seen


@pytest.fixture
def shown():
    with watched() as seen:
        yield seen


@pytest.fixture(scope="module", params=["em", "covariances", "threshold", "point"])
def each(request, judged_notes):
    """Return what one of the explorers shows."""
    judged, scores, counterfeit, normal_scores = judged_notes
    call = {
        "em": lambda: explore.play_em(load_faithful(), 2, starts=2, iterations=5),
        "covariances": lambda: explore.try_covariances(load_faithful(), [1, 2], held_out=2),
        "threshold": lambda: explore.move_threshold(judged, scores, counterfeit, normal_scores=normal_scores),
        "point": lambda: explore.drag_point(best_fit(load_faithful(), 2), load_faithful()),
    }
    with watched() as seen:
        call[request.param]()
    return seen[0]
