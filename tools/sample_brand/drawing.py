"""Curves, brush strokes and dashes as arrays of points, and their masks.

Points are (x, y), y downwards, in the units of whoever draws; only `fill_mask` knows pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Path = NDArray[np.float64]
"""Points in order; shape (points, 2)."""

Knot = tuple[float, float] | tuple[float, float, int]
"""A place the curve passes; a third member marks a corner, where it does not run smoothly."""

Knots = Sequence[Knot] | str
"""Knots, or their text: "-52,8! 0,18.5" is a corner and a smooth knot."""

SAMPLES_A_SPAN = 14


def read_knots(text: str) -> list[Knot]:
    """Read knots from their text."""
    knots: list[Knot] = []
    for word in text.split():
        x, y = word.rstrip("!").split(",")
        knots.append((float(x), float(y), 1) if word.endswith("!") else (float(x), float(y)))
    return knots


def trace(knots: Knots, *, closed: bool = True) -> Path:
    """Draw a curve through all knots, smooth between corners (Catmull-Rom).

    Args:
        knots: At least two places; those with three members are corners.
        closed: Whether the last knot is joined to the first.
    """
    knots = read_knots(knots) if isinstance(knots, str) else knots
    points = [np.array(knot[:2], dtype=float) for knot in knots]
    corners = [i for i, knot in enumerate(knots) if len(knot) == 3]
    if not closed:
        corners = sorted({0, *corners, len(knots) - 1})
        runs = [points[a : b + 1] for a, b in pairwise(corners)]
    elif not corners:
        ring = [points[-1], *points, points[0], points[1]]
        return np.concatenate([_span(*ring[i : i + 4]) for i in range(len(points))])
    else:
        around = points + points
        stops = [*corners, corners[0] + len(points)]
        runs = [around[a : b + 1] for a, b in pairwise(stops)]
    return np.concatenate([_run(run) for run in runs] + [runs[-1][-1][None]])


def _run(points: list[Path]) -> Path:
    if len(points) == 2:
        return points[0][None]
    padded = [2 * points[0] - points[1], *points, 2 * points[-1] - points[-2]]
    return np.concatenate([_span(*padded[i : i + 4]) for i in range(len(points) - 1)])


def _span(before: Path, start: Path, end: Path, after: Path) -> Path:
    t = np.linspace(0, 1, SAMPLES_A_SPAN, endpoint=False)[:, None]
    tangent_in, tangent_out = (end - before) / 2, (after - start) / 2
    return (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * tangent_in
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * tangent_out
    )


def mirrored(half: Sequence[Knot]) -> list[Knot]:
    """Complete an outline of which the right half is given, from top to bottom."""
    left = [
        (-k[0], k[1]) if len(k) == 2 else (-k[0], k[1], 1)
        for k in reversed(half)
        if abs(k[0]) > 1e-6
    ]
    return [*half, *left]


def flip(path: Path) -> Path:
    """Mirror a path at the vertical axis."""
    flipped: Path = path * np.array([-1.0, 1.0])
    return flipped


def ellipse(x: float, y: float, rx: float, ry: float | None = None) -> Path:
    """Outline an ellipse, or a circle where `ry` is not given."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + (ry or rx) * np.sin(angle)], axis=1)


def resample(path: Path, step: float) -> Path:
    """Walk along a path in even steps.

    Args:
        path: Shape (points, 2).
        step: Way between two points, in the path's units; rounded so that both ends are met.
    """
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    count = max(2, round(way[-1] / step) + 1)
    at = np.linspace(0, way[-1], count)
    return np.stack([np.interp(at, way, path[:, 0]), np.interp(at, way, path[:, 1])], axis=1)


def normals(path: Path) -> Path:
    """Give the unit vector across the way at each point."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def brush(knots: Knots, width: float, *, blunt: bool = False) -> Path:
    """Outline a brush stroke that swells to `width` and runs out.

    Args:
        knots: The stroke's middle line.
        width: At its widest.
        blunt: Whether it begins at full width, as a fold does at a seam, and not with a point.
    """
    middle = resample(trace(knots, closed=False), 4.0)
    t = np.linspace(0, 1, len(middle))
    swell = np.cos(t * np.pi / 2) ** 0.8 if blunt else np.sin(t * np.pi) ** 0.8
    aside = normals(middle) * (swell * width / 2)[:, None]
    return np.concatenate([middle + aside, (middle - aside)[::-1]])


def dashes(path: Path, *, dash: float, gap: float) -> list[Path]:
    """Cut a path into dashes, each a path of its own."""
    fine = resample(path, 1.0)
    period = round(dash + gap)
    return [
        fine[i : i + round(dash)]
        for i in range(0, len(fine), period)
        if len(fine[i : i + round(dash)]) > 1
    ]


def zigzag(path: Path, *, height: float, period: float) -> Path:
    """Lay a zigzag of the given height along a path."""
    steps = resample(path, period / 2)
    sign = np.where(np.arange(len(steps)) % 2 == 0, 1.0, -1.0)
    return steps + normals(steps) * (sign * height / 2)[:, None]


def band(path: Path, height: float) -> Path:
    """Outline the band of the given height that has the path as its middle."""
    aside = normals(path) * height / 2
    return np.concatenate([path + aside, (path - aside)[::-1]])


@dataclass(frozen=True)
class Placement:
    """Where on the picture a drawing stands: scaled and turned about its origin, then moved."""

    x: float
    y: float
    scale: float = 1.0
    angle_deg: float = 0.0

    def apply(self, path: Path) -> Path:
        """Move a path from the drawing's units to the picture's."""
        turn = np.deg2rad(self.angle_deg)
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        moved: Path = path @ rotation * self.scale + np.array([self.x, self.y])
        return moved


def fill_mask(paths: Sequence[Path], size: tuple[int, int]) -> Image.Image:
    """Fill closed paths, given in pixels, into one mask.

    Returns:
        Mode L, 255 inside, 0 outside; no smoothing, as it is drawn larger and reduced later.
    """
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    for path in paths:
        if len(path) > 2:
            pen.polygon([tuple(point) for point in path.tolist()], fill=255)
    return mask
