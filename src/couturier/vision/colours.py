"""The main colour of a garment's pixels, with highlights, deep shadows and folds set aside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

Lab = tuple[float, float, float]
Floats = NDArray[np.float64]

MAX_PIXELS = 4000  # more change the mode by less than 0.3 ΔE and only cost time
# Folds change lightness far more than hue, so lightness counts half when pixels are grouped.
_WEIGHTS = np.array([0.5, 1.0, 1.0])
_CELL = 3.0
_RADIUS = 14.0  # what belongs to a colour: the whole of a shaded cloth
_CORE = 7.0  # what settles its value: the part most of it shows
_SECOND_GAP = 18.0  # nearer colours are light and shade of one cloth


@dataclass(frozen=True)
class MainColour:
    """What colour a set of pixels has.

    Attributes:
        lab: CIE Lab (D65) of the most frequent colour.
        share: Share of the pixels that are of it, 0 to 1.
        second: Lab of the next colour, None where there is none to speak of.
        second_share: Its share, 0 to 1.
        n_pixels: How many pixels were judged, highlights and deep shadows left out.
    """

    lab: Lab
    share: float
    second: Lab | None
    second_share: float
    n_pixels: int

    @property
    def mixed(self) -> bool:
        """Whether two colours share the garment so evenly that naming one would be a guess."""
        return self.second is not None and self.second_share > 0.6 * self.share


def to_lab(rgb: NDArray[np.uint8]) -> Floats:
    """Turn sRGB bytes into CIE Lab (D65); the last axis holds the three channels."""
    return np.asarray(rgb2lab(rgb), dtype=np.float64)


def measure_colour(pixels: NDArray[np.uint8]) -> MainColour | None:
    """Find the main colour of a garment: a mode, which stray pixels cannot pull as they do a mean.

    Args:
        pixels: sRGB of the pixels inside the garment's mask; shape (n, 3).

    Returns:
        The colour, None where there is no pixel.
    """
    if len(pixels) == 0:
        return None
    if len(pixels) > MAX_PIXELS:
        pixels = pixels[np.linspace(0, len(pixels) - 1, MAX_PIXELS).astype(int)]
    lab = _drop_light_and_shadow(to_lab(pixels))
    main, near = _find_mode(lab)
    rest = lab[~near & (_distance(lab, main) > _SECOND_GAP)]
    second, second_share = None, 0.0
    if len(rest) > 0.1 * len(lab):
        centre, close = _find_mode(rest)
        second, second_share = _as_lab(centre), float(close.sum()) / len(lab)
    return MainColour(
        lab=_as_lab(main),
        share=float(near.mean()),
        second=second,
        second_share=second_share,
        n_pixels=len(lab),
    )


def part_by_colour(lab: Floats, *, most: int = 8, smallest: float = 0.01) -> NDArray[np.int64]:
    """Part pixels by colour, peeling off one mode after the other.

    Args:
        lab: CIE Lab of the pixels; shape (n, 3).
        most: Colours at most.
        smallest: Share of the pixels below which a colour is not worth a part.

    Returns:
        Number of its part for each pixel, the most frequent colour 0; -1 for the stray rest.
    """
    part = np.full(len(lab), -1)
    for number in range(most):
        left = np.flatnonzero(part < 0)
        if not len(left) or len(left) < smallest * len(lab):
            break
        _, near = _find_mode(lab[left])
        if near.sum() < smallest * len(lab):
            break
        part[left[near]] = number
    return part


def _drop_light_and_shadow(lab: Floats) -> Floats:
    """Leave out glints and the dark of folds, unless so many that they are the cloth itself."""
    light = lab[:, 0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    middle = float(np.median(light))
    glint = (light > 96) & (chroma < 6)
    shadow = light < 0.4 * middle
    for stray in (glint, shadow):
        if stray.mean() > 0.25:
            stray[:] = False
    kept = ~(glint | shadow)
    return lab[kept] if kept.any() else lab


def _find_mode(lab: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Find the densest place of a cloud of colours.

    Returns:
        Its Lab, the median of the pixels within the radius; and which pixels those are.
    """
    cells, counts = _count_cells(lab)
    heaviest = np.argsort(-counts, kind="stable")[:400]
    cells, counts = cells[heaviest] * _CELL, counts[heaviest]
    square = np.einsum("ij,ij->i", cells, cells)
    apart = square[:, None] + square[None, :] - 2 * cells @ cells.T  # (cells, cells)
    density = np.exp(-apart / (2 * (_RADIUS / 2) ** 2)) @ counts
    centre = cells[int(density.argmax())] / _WEIGHTS
    for radius in (_RADIUS, _CORE, _CORE):
        around = _distance(lab, centre) <= radius
        if around.any():
            centre = np.median(lab[around], axis=0)
    return centre, _distance(lab, centre) <= _RADIUS


def _count_cells(lab: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Count the pixels in each cell of the weighted colour solid; cells in units of `_CELL`.

    One whole number a cell: sorting these takes a tenth of the time that sorting rows takes.
    """
    places = np.round(lab * _WEIGHTS / _CELL).astype(np.int64) + 512  # none leaves 0..1023
    keys, counts = np.unique(
        (places[:, 0] << 20) | (places[:, 1] << 10) | places[:, 2], return_counts=True
    )
    cells = np.stack([keys >> 20, (keys >> 10) & 1023, keys & 1023], axis=1) - 512
    return cells.astype(float), counts


def _distance(lab: Floats, centre: Floats) -> Floats:
    away = (lab - centre) * _WEIGHTS
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", away, away)))


def _as_lab(values: Floats) -> Lab:
    lightness, green_red, blue_yellow = (float(value) for value in values)
    return lightness, green_red, blue_yellow
