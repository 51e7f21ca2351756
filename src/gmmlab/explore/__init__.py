"""Mixtures to touch: play EM, try covariances, move a threshold, drag a point.

Each explorer is a scene in a file of its own; ``scene`` says what a scene is, and holds what the four share.
"""

from gmmlab.explore.drag_point import drag_point
from gmmlab.explore.move_threshold import move_threshold
from gmmlab.explore.play_em import play_em
from gmmlab.explore.try_covariances import try_covariances

__all__ = ["drag_point", "move_threshold", "play_em", "try_covariances"]
