"""How far two sets of pictures are apart: KID, CMMD, precision and recall, on any embedding.

All of them take one embedding a picture, shape (pictures, features). The two distances are the
squared maximum mean discrepancy without bias, which a few hundred pictures can be measured with;
FID cannot, and is computed from 10,000 pictures on only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from couturier.evaluate.records import Mean
from couturier.seeds import derive_seed

Floats = NDArray[np.float64]
Kernel = Callable[[Floats, Floats], Floats]

FEWEST = 8  # pictures a side: fewer leave an interval wider than any answer
FEWEST_FID = 10_000
NEIGHBOURS = 3
_RESAMPLES = 300
_BLOCK = 512
_CMMD_SIGMA, _CMMD_SCALE = 10.0, 1000.0


@dataclass(frozen=True)
class Coverage:
    """Improved precision and recall, 0 to 1.

    Attributes:
        precision: Share of the looks that lie among the catalogue's pictures.
        recall: Share of the catalogue's pictures that lie among the looks.
    """

    precision: float
    recall: float


def measure_kid(looks: Floats, catalogue: Floats, *, seed: int = 0) -> Mean | None:
    """Measure the kernel distance, cubic polynomial kernel; None with fewer than 8 a side.

    Source:
        Bińkowski et al. 2018, arXiv:1801.01401, without its subsets.
    """
    return _measure(looks, catalogue, _cubic, seed=seed, scale=1.0)


def measure_cmmd(looks: Floats, catalogue: Floats, *, seed: int = 0) -> Mean | None:
    """Measure CMMD: Gaussian kernel of width 10 on unit vectors, times 1,000.

    Source:
        Jayasumana et al. 2023, arXiv:2401.09603, section 4, the unbiased estimate.
    """
    return _measure(_unit(looks), _unit(catalogue), _gaussian, seed=seed, scale=_CMMD_SCALE)


def measure_coverage(
    looks: Floats, catalogue: Floats, *, neighbours: int = NEIGHBOURS
) -> Coverage | None:
    """Measure precision and recall; None where a side has too few pictures for its neighbours.

    Source:
        Kynkäänniemi et al. 2019, arXiv:1904.06991: a point lies in a set's manifold if it is no
        farther from one of its points than that one's k-th neighbour.
    """
    if min(len(looks), len(catalogue)) <= neighbours:
        return None
    return Coverage(
        precision=float(np.mean(_is_within(looks, catalogue, neighbours))),
        recall=float(np.mean(_is_within(catalogue, looks, neighbours))),
    )


def measure_fid(looks: Floats, catalogue: Floats) -> float | None:
    """Measure the Fréchet distance; None below 10,000 pictures a side, where its bias rules.

    Source:
        Heusel et al. 2017, arXiv:1706.08500.
    """
    if min(len(looks), len(catalogue)) < FEWEST_FID:
        return None
    apart = looks.mean(0) - catalogue.mean(0)
    first, second = np.cov(looks.T), np.cov(catalogue.T)
    root = np.real(sqrtm(first @ second))
    return float(apart @ apart + np.trace(first + second - 2 * root))


def mmd_squared(first: Floats, second: Floats, kernel: Kernel) -> float:
    """Give the unbiased squared discrepancy of two sets; it may fall below zero."""
    return float(_resample(first, second, kernel, weights=(_ones(first), _ones(second)))[0])


def _measure(
    looks: Floats, catalogue: Floats, kernel: Kernel, *, seed: int, scale: float
) -> Mean | None:
    if min(len(looks), len(catalogue)) < FEWEST:
        return None
    draw = np.random.default_rng(derive_seed(seed, "mmd", len(looks), len(catalogue)))
    weights = [
        np.vstack([_ones(side), draw.multinomial(len(side), _even(side), size=_RESAMPLES)])
        for side in (looks, catalogue)
    ]
    values = scale * _resample(looks, catalogue, kernel, weights=(weights[0], weights[1]))
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Mean(value=float(values[0]), n=len(looks), low=float(low), high=float(high))


def _resample(
    first: Floats, second: Floats, kernel: Kernel, *, weights: tuple[Floats, Floats]
) -> Floats:
    """Give the squared discrepancy for every row of weights; shape (rows,).

    A picture drawn twice is not compared with itself: that would be a likeness of 1 that no two
    pictures have.
    """
    ours, theirs = weights
    return np.asarray(
        _mean_pair(first, kernel, ours)
        + _mean_pair(second, kernel, theirs)
        - 2 * _sum_pairs(first, second, kernel, ours, theirs) / (ours.sum(1) * theirs.sum(1))
    )


def _mean_pair(side: Floats, kernel: Kernel, weights: Floats) -> Floats:
    itself = np.concatenate([np.diag(kernel(b, b)) for b in _blocks(side)])
    total = _sum_pairs(side, side, kernel, weights, weights) - weights**2 @ itself
    return np.asarray(total / (weights.sum(1) ** 2 - (weights**2).sum(1)))


def _sum_pairs(
    first: Floats, second: Floats, kernel: Kernel, ours: Floats, theirs: Floats
) -> Floats:
    """Sum the kernel over all pairs, block by block: memory does not grow with their number."""
    total, start = np.zeros(len(ours)), 0
    for block in _blocks(first):
        part = ours[:, start : start + len(block)]
        total += (part @ kernel(block, second) * theirs).sum(1)
        start += len(block)
    return total


def _cubic(first: Floats, second: Floats) -> Floats:
    return np.asarray((first @ second.T / first.shape[1] + 1) ** 3)


def _gaussian(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.exp(-_apart(first, second) / (2 * _CMMD_SIGMA**2)))


def _is_within(points: Floats, manifold: Floats, neighbours: int) -> NDArray[np.bool_]:
    """Say of each point whether some point of the manifold has it within its k-th neighbour."""
    reach = np.concatenate(
        [
            np.partition(_apart(block, manifold), neighbours, axis=1)[:, neighbours]
            for block in _blocks(manifold)
        ]
    )
    return np.concatenate([(_apart(b, manifold) <= reach).any(1) for b in _blocks(points)])


def _apart(first: Floats, second: Floats) -> Floats:
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return np.asarray(np.maximum(squares, 0))


def _blocks(side: Floats) -> list[Floats]:
    return [side[start : start + _BLOCK] for start in range(0, len(side), _BLOCK)]


def _unit(side: Floats) -> Floats:
    return np.asarray(side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12))


def _ones(side: Floats) -> Floats:
    return np.ones((1, len(side)))


def _even(side: Floats) -> Floats:
    return np.full(len(side), 1 / len(side))
