"""The body that all garments are cut for: heights and half widths, so that a top meets its skirt.

The neck's middle is at (0, 0), y runs down; one unit is about a quarter of a centimetre.
"""

import numpy as np

from tools.sample_brand.drawing import Knot, Path, brush, trace

SHOULDER = (76.0, 14.0)
UNDERARM = (63.0, 78.0)
BUST_Y, WAIST_Y, HIP_Y, CROTCH_Y, KNEE_Y, ANKLE_Y = 84.0, 152.0, 232.0, 278.0, 440.0, 628.0
BUST, WAIST, HIP = 62.0, 50.0, 72.0

LENGTHS = {
    "cropped": 150.0,
    "regular": 226.0,
    "tunic": 268.0,
    "mini": 322.0,
    "midi": 455.0,
    "maxi": 628.0,
}

EASE = {"bodycon": -3.0, "fitted": 1.0, "regular": 8.0, "boxy": 18.0, "oversized": 27.0}
"""How far a garment stands off the body on each side."""


def side(y: float, fit: str) -> float:
    """Half the width of a garment's torso at a height, between underarm and hip."""
    body = float(np.interp(y, [UNDERARM[1], WAIST_Y, HIP_Y], [BUST, WAIST, HIP]))
    straight = float(np.interp(y, [UNDERARM[1], HIP_Y], [BUST, HIP - 4]))
    share = {"bodycon": 1.0, "fitted": 0.9, "regular": 0.35, "boxy": 0.0, "oversized": 0.0}[fit]
    return share * body + (1 - share) * straight + EASE[fit]


def folds_down(
    top: tuple[float, float],
    bottom: tuple[float, float],
    *,
    heights: tuple[float, float],
    count: int,
    seed: int,
) -> tuple[Path, ...]:
    """Hang folds from a seam.

    Args:
        top: Left and right end of the seam.
        bottom: Left and right end of the hem.
        heights: Of seam and hem.
        count: How many folds.
        seed: Of their lengths and widths.
    """
    rng = np.random.default_rng(seed)
    strokes = []
    for number in range(count):
        share = (number + 0.5 + rng.uniform(-0.25, 0.25)) / count
        x0, x1 = np.interp(share, [0, 1], top), np.interp(share, [0, 1], bottom)
        rising = number % 2 == 1
        start, end = (
            (1.0, 0.25 + rng.uniform(0, 0.3)) if rising else (0.0, 0.55 + rng.uniform(0, 0.3))
        )
        knots: list[Knot] = []
        for t in (start, (start + end) / 2, end):
            bow = np.sin(t * np.pi) * 5 * (share - 0.5)
            knots.append(
                (float(x0 + (x1 - x0) * t + bow), float(heights[0] + (heights[1] - heights[0]) * t))
            )
        strokes.append(brush(knots, rng.uniform(6, 10), blunt=True))
    return tuple(strokes)


def torso_folds(bottom_y: float, width: float, seed: int) -> tuple[Path, ...]:
    """Draw the creases of a torso: from the underarms inwards and above the hem."""
    rng = np.random.default_rng(seed)
    x = UNDERARM[0]
    strokes = [
        brush([(x, 80), (x - 24, 98), (x - 34, 124)], 9, blunt=True),
        brush([(-x, 80), (-x + 22, 100), (-x + 28, 120)], 8, blunt=True),
    ]
    if bottom_y > 175:
        y = bottom_y - rng.uniform(30, 46)
        strokes.append(
            brush([(width, y), (width * 0.5, y - 8), (width * 0.1, y + 4)], 8, blunt=True)
        )
        strokes.append(
            brush([(-width, y - 14), (-width * 0.55, y - 6), (-width * 0.3, y + 6)], 7, blunt=True)
        )
    return tuple(strokes)


def hem_path(half: float, y: float, *, dip: float = 5.0) -> Path:
    """Give the hem's line from left to right, a little lower in the middle."""
    return trace([(-half, y), (0, y + dip), (half, y)], closed=False)
