"""Many mixtures at once: what is random or tried again and again runs as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gmmlab.engine.covariances import TYPES, CovarianceType
from gmmlab.engine.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Parameters of r mixtures: arrays of shape (r, k), (r, k, d) and (r, ...). Weights may be those of a part."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    covariance_type: str

    @property
    def type(self) -> CovarianceType:
        """All that depends on the covariance type."""
        return TYPES[self.covariance_type]

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, these: np.ndarray | Sequence[int]) -> Mixtures:
        """Return the mixtures chosen by a mask or by numbers."""
        return Mixtures(self.weights[these], self.means[these], self.covariances[these], self.covariance_type)

    def parameters(self, r: int) -> Parameters:
        """Return mixture r alone."""
        weights = self.weights[r] / self.weights[r].sum()
        return Parameters(weights, self.means[r], self.covariances[r], self.covariance_type)

    def coefficients(self) -> np.ndarray:
        """Return the coefficients (r, k, p) of the features, in single precision."""
        inverse = self.type.inverse(self.covariances, self.means.shape[-1])
        return self.type.linear_form(self.weights, self.means, *inverse).astype(np.float32)

    def alive(self, n: int) -> np.ndarray:
        """Say which have a row of n at least in every component, and covariances that can be inverted.

        Half a row will do where all components share a covariance: there one row, but for what it gives to others, may
        be a component.
        """
        least = 0.5 if self.type.shared else 1
        return np.asarray((n * self.weights.min(axis=1) >= least) & self.type.valid(self.covariances))

    def with_components(self, new: Mixtures) -> Mixtures:
        """Return the mixtures with the components of others at the end; the weights of both are as they come."""
        shared = self.type.shared
        return replace(
            self,
            weights=np.concatenate([self.weights, new.weights], axis=1),
            means=np.concatenate([self.means, new.means], axis=1),
            covariances=self.covariances if shared else np.concatenate([self.covariances, new.covariances], axis=1),
        )


def batch_of(mixtures: Sequence[Mixtures]) -> Mixtures:
    """Return batches of the same type and shape as one."""
    return Mixtures(
        np.concatenate([m.weights for m in mixtures]),
        np.concatenate([m.means for m in mixtures]),
        np.concatenate([m.covariances for m in mixtures]),
        mixtures[0].covariance_type,
    )


def batch_of_one(p: Parameters) -> Mixtures:
    """Return a mixture as a batch."""
    return Mixtures(p.weights[None], p.means[None], p.covariances[None], p.covariance_type)
