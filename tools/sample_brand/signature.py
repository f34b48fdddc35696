"""The house's two signs on every piece: an embroidered sun and a coral zigzag ribbon."""

import numpy as np
from PIL import ImageDraw

from tools.sample_brand.brand import CORAL, CREAM, INK, MARIGOLD, rgb
from tools.sample_brand.drawing import Path, band, ellipse, resample, zigzag

RAYS = 12


def draw_sun(pen: ImageDraw.ImageDraw, x: float, y: float, width: float) -> None:
    """Embroider the sun: a cream patch, coral rays, a marigold face with closed eyes."""
    r = width / 2
    pen.polygon(_corners(ellipse(x, y, r)), fill=rgb(INK))
    pen.polygon(_corners(ellipse(x, y, r * 0.90)), fill=rgb(CREAM))
    for ray in range(RAYS):
        angle = 2 * np.pi * ray / RAYS
        tip = np.array([x, y]) + np.array([np.cos(angle), np.sin(angle)]) * r * 0.82
        foot = [
            np.array([x, y]) + np.array([np.cos(angle + d), np.sin(angle + d)]) * r * 0.5
            for d in (-0.24, 0.24)
        ]
        pen.polygon([tuple(tip), tuple(foot[0]), tuple(foot[1])], fill=rgb(CORAL))
    pen.polygon(_corners(ellipse(x, y, r * 0.50)), fill=rgb(INK))
    pen.polygon(_corners(ellipse(x, y, r * 0.44)), fill=rgb(MARIGOLD))
    thread = max(1, round(r * 0.07))
    for side in (-1, 1):
        eye = [
            x + side * r * 0.17 - r * 0.1,
            y - r * 0.12,
            x + side * r * 0.17 + r * 0.1,
            y + r * 0.04,
        ]
        pen.arc(eye, 20, 160, fill=rgb(INK), width=thread)
    pen.arc(
        [x - r * 0.16, y - r * 0.06, x + r * 0.16, y + r * 0.24],
        25,
        155,
        fill=rgb(INK),
        width=thread,
    )


def draw_ribbon(pen: ImageDraw.ImageDraw, path: Path, height: float) -> None:
    """Sew the zigzag ribbon along a path: cream ground, inked edges, coral zigzag."""
    even = resample(path, 4)
    pen.polygon(_corners(band(even, height * 1.16)), fill=rgb(INK))
    pen.polygon(_corners(band(even, height * 0.92)), fill=rgb(CREAM))
    line = zigzag(even, height=height * 0.50, period=height * 1.0)
    pen.line(_corners(line), fill=rgb(CORAL), width=max(2, round(height * 0.30)), joint="curve")


def _corners(path: Path) -> list[tuple[float, float]]:
    return [tuple(point) for point in path.tolist()]
