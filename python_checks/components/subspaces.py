"""How far the rows of a period are from the principal components of a reference, on average."""

from dataclasses import dataclass

import numpy as np
from data_health.components.components import (
    IMPRECISE,
    LEAST_EIGENVALUE,
    Basis,
    Matrix,
    Sums,
    falling_eigenvectors,
    moments_about,
)
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measure:
    """A mean over the rows of a period.

    `parts` (d) is what each column has to do with it: the summands of the reconstruction error, of Hotelling's T² and
    of the shift; of the overlap, how much more of the column lies in one subspace than in the other. `noise` is the
    standard deviation that the value would have if the rows were independent and normally distributed like those of
    the reference; of the shift its mean, of the overlap what it would lack to one.
    """

    metric: str
    value: float
    parts: Matrix
    noise: float


@dataclass(frozen=True)
class Subspace:
    """The first components of a reference, all but one at most, so that there is an error to look at."""

    basis: Basis
    components: int

    @classmethod
    def of(cls, basis: Basis) -> "Subspace":
        """As many components as the basis keeps, those without variance and the last of all left out."""
        return cls(basis, max(min(basis.kept, basis.with_variance, len(basis.names) - 1), 0))

    def measures(self, sums: Sums) -> list[Measure]:
        """Reconstruction error, Hotelling's T², shift of the mean and overlap; none where there is no component."""
        basis, k = self.basis, self.components
        if k == 0 or sums.total_weight == 0:
            return []
        sums = sums.of(basis.names)
        moments = moments_about(sums, basis.centre) / np.outer(basis.scale, basis.scale)
        kept, dropped = basis.vectors[:, :k], basis.vectors[:, k:]
        residual = dropped @ dropped.T
        weights = (kept / basis.eigenvalues[:k]) @ kept.T
        share = 1 / sums.effective_rows + 1 / basis.effective_rows
        errors = np.sum((residual @ moments) * residual, axis=1)
        distances = np.einsum("ab,ba->a", weights, moments)
        means = (np.diag(sums.sums) - basis.centre * np.diag(sums.counts)) / basis.scale / sums.total_weight
        own = falling_eigenvectors(moments - np.outer(means, means))[1][:, :k]
        return [
            Measure(
                "reconstruction_error",
                float(np.sum(residual * moments)),
                errors,
                float(np.sqrt(2 * np.sum(basis.eigenvalues[k:] ** 2) * share)),
            ),
            Measure("hotelling_t2", float(np.sum(distances)), distances, float(np.sqrt(2 * k * share))),
            Measure("mean_shift", float(means @ weights @ means), means * (weights @ means), k * share),
            Measure(
                "subspace_overlap",
                float(np.sum((kept.T @ own) ** 2) / k),
                np.abs(np.sum(own**2, axis=1) - np.sum(kept**2, axis=1)),
                overlap_noise(basis.eigenvalues, k) * share,
            ),
        ]


def overlap_noise(eigenvalues: Matrix, k: int) -> float:
    """What the overlap lacks to one times the number of rows, where rows are normal with these eigenvalues (d).

    To first order the angle between components i and j has the variance λi λj / (n (λi - λj)²) (Anderson 1963).
    """
    kept, dropped = eigenvalues[:k, None], eigenvalues[None, k:]
    gaps = np.maximum(kept - dropped, LEAST_EIGENVALUE * np.mean(eigenvalues))
    return float(np.sum(kept * dropped / gaps**2) / k)


def columns_that_moved(basis: Basis, reference: Sums, period: Sums) -> NDArray[np.bool_]:
    """Of the excluded columns, in their order: is it constant in the reference and otherwise in the period?"""
    names = tuple(basis.excluded)
    before, now = reference.of(names), period.of(names)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_before = np.diag(before.sums) / np.diag(before.counts)
        mean_now = np.diag(now.sums) / np.diag(now.counts)
    is_other_value = (now.lowest != before.lowest) | (now.highest != before.highest)
    # of booleans only sums are known, and these are exact
    is_other_value = np.where(np.isnan(now.lowest) | np.isnan(before.lowest), mean_now != mean_before, is_other_value)
    is_constant = np.array([reason != IMPRECISE for reason in basis.excluded.values()], bool)
    return (np.diag(now.counts) > 0) & is_other_value & is_constant
