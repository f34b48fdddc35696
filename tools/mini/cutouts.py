"""Masks without a segmenter: the white ground, and the colours of worn garments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab

from tools.mini.kinds import ARTICLE_TO_CLASS, LEGWEAR, TOPWEAR
from tools.mini.photos import Pixels, Product

Mask = NDArray[np.bool_]
PALE = {"White", "Off White", "Cream", "Beige", "Silver", "Nude", "Peach", "Pink", "Yellow"}


@dataclass(frozen=True)
class Cutout:
    """What is product and what is person in one 128 px square."""

    garment: Mask
    person: Mask
    worn: bool
    trusted: bool


def cut_out(square: Pixels, product: Product) -> Cutout:
    """Find the product's pixels; `trusted` is false where the mask is likely wrong."""
    kind = ARTICLE_TO_CLASS.get(product.article)
    shown = find_foreground(square, pale=product.colour in PALE, filled=kind in TOPWEAR | LEGWEAR)
    nobody = np.zeros_like(shown)
    if shown.mean() < 0.02:
        return Cutout(shown, nobody, worn=False, trusted=False)
    if kind not in TOPWEAR | LEGWEAR or not _is_worn(shown):
        trusted = shown.mean() < 0.8 and not (kind in TOPWEAR and _has_face(square, shown))
        return Cutout(shown, nobody, worn=False, trusted=bool(trusted))
    garment = _part_worn(square, shown, top=kind in TOPWEAR, article=product.article)
    share = garment.sum() / shown.sum()
    trusted = 0.25 < share < 0.9 and _solidity(garment) > 0.8
    return Cutout(garment, shown & ~garment, worn=True, trusted=trusted)


def find_foreground(square: Pixels, *, pale: bool, filled: bool) -> Mask:
    """Take away what is white and joined to the border."""
    white = square.min(-1) >= (251 if pale else 244)
    labels, _ = ndimage.label(white)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    background = np.isin(labels, border[border > 0])
    if not filled:
        sizes = np.bincount(labels.ravel())
        big = np.flatnonzero(sizes > 25)
        background |= np.isin(labels, big[big > 0]) & (square.min(-1) >= 251)
    shown = ndimage.binary_opening(~background, iterations=1) | (
        ~background & ndimage.binary_dilation(ndimage.binary_erosion(~background), iterations=3)
    )
    labels, count = ndimage.label(shown, np.ones((3, 3)))
    if count > 1:
        sizes = ndimage.sum_labels(shown, labels, np.arange(1, count + 1))
        shown = np.isin(labels, 1 + np.flatnonzero(sizes > 0.03 * sizes.max()))
    return shown


def _is_worn(shown: Mask) -> bool:
    """Model photographs run off the lower or upper edge; laid-out garments keep a margin."""
    return bool(shown[-1].any() or shown[-2].any() or shown[:2].any())


def _has_face(square: Pixels, shown: Mask) -> bool:
    """Look for skin at the top of the middle: a bust on white that touches no edge."""
    rows, columns = np.nonzero(shown)
    first, middle = rows.min(), int(np.median(columns))
    high = max((rows.max() - first) // 5, 4)
    lab = rgb2lab(square[first : first + high, max(middle - 8, 0) : middle + 8])
    skin = (lab[..., 0] > 40) & (lab[..., 0] < 88) & (lab[..., 1] > 7) & (lab[..., 1] < 32)
    skin &= (lab[..., 2] > 8) & (lab[..., 2] < 38)
    hair = lab[:, :, 0] < 25
    return bool(skin.mean() > 0.2 and hair.mean() > 0.1)


def _part_worn(square: Pixels, shown: Mask, *, top: bool, article: str) -> Mask:
    """Tell garment, skin and the rest of the outfit apart by colour and place.

    Seeds are boxes where the garment, the face and the other garment nearly always are; every
    pixel goes to the part whose seed colours are nearest, with a leaning by height.
    """
    rows, columns = np.nonzero(shown)
    first, last = rows.min(), rows.max()
    height = (np.arange(shown.shape[0])[:, None] - first) / max(last - first, 1)
    height = np.broadcast_to(height, shown.shape)
    middle = np.median(columns)
    spread = max(columns.max() - columns.min(), 8)
    across = np.abs(np.arange(shown.shape[1])[None] - middle) / spread
    across = np.broadcast_to(across, shown.shape)
    lab = rgb2lab(square).astype(np.float32) * np.array([0.6, 1.0, 1.0], np.float32)
    long = article in {"Kurtas", "Kurtis", "Tunics", "Dresses"}
    if top:
        hem = 0.93 if long else 0.83
        seeds = [
            shown & (height > 0.33) & (height < 0.62) & (across < 0.16),
            shown & (height > 0.05) & (height < 0.15) & (across < 0.12),
            shown & (height > 0.95) & (across < 0.25),
        ]
        leaning = [
            30 * _rise(height, hem + 0.03, 0.03) + 40 * _rise(-height, -0.17, 0.02),
            6 + 25 * (across < 0.12) * _rise(height, 0.25, 0.02) * _rise(-height, -0.8, 0.02),
            30 * _rise(-height, -hem, 0.04) + 10 * _rise(-height, -0.6, 0.05),
        ]
    else:
        foot = 0.75 if article in {"Shorts", "Capris", "Skirts"} else 0.93
        seeds = [
            shown & (height > 0.28) & (height < min(0.6, foot - 0.2)),
            shown & (height < 0.05),
            shown & (height > 0.955),
        ]
        leaning = [
            30 * _rise(height, foot + 0.02, 0.02) + 30 * _rise(-height, -0.08, 0.02),
            30 * _rise(height, 0.22, 0.03),
            30 * _rise(-height, -(foot - 0.1), 0.03),
        ]
    costs = []
    for seed, lean in zip(seeds, leaning, strict=True):
        if seed.sum() < 8:
            costs.append(np.full(shown.shape, 1e3, np.float32))
            continue
        centres = _find_centres(lab[seed], count=4)
        away = np.sqrt(((lab[:, :, None] - centres) ** 2).sum(-1)).min(-1)
        costs.append(ndimage.gaussian_filter(np.minimum(away, 40) + lean, 0.8))
    garment = (np.argmin(costs, 0) == 0) & shown
    garment = ndimage.binary_opening(garment, iterations=1)
    labels, count = ndimage.label(garment)
    if count == 0:
        return garment
    sizes = ndimage.sum_labels(garment, labels, np.arange(1, count + 1))
    garment = np.isin(labels, 1 + np.flatnonzero(sizes > 0.12 * sizes.max()))
    return ndimage.binary_fill_holes(ndimage.binary_closing(garment, iterations=1)) & shown


def _rise(value: np.ndarray, at: float, width: float) -> np.ndarray:
    """A smooth step from 0 to 1."""
    return 1 / (1 + np.exp(-(value - at) / width))


def _find_centres(points: np.ndarray, *, count: int) -> np.ndarray:
    """A few rounds of k-means from quantiles of lightness; clusters below 6 % are dropped."""
    order = np.argsort(points[:, 0])
    centres = points[order[np.linspace(0, len(points) - 1, 2 * count + 1).astype(int)[1::2]]]
    for _ in range(6):
        nearest = ((points[:, None] - centres) ** 2).sum(-1).argmin(-1)
        centres = np.stack(
            [
                points[nearest == i].mean(0) if (nearest == i).any() else centres[i]
                for i in range(len(centres))
            ]
        )
    nearest = ((points[:, None] - centres) ** 2).sum(-1).argmin(-1)
    kept = np.bincount(nearest, minlength=len(centres)) > 0.06 * len(points)
    return centres[kept]


def _solidity(mask: Mask) -> float:
    """Share of the pixels left after a closing and filling: ragged masks score low."""
    full = ndimage.binary_fill_holes(ndimage.binary_closing(mask, iterations=4))
    return float(mask.sum() / max(full.sum(), 1))
