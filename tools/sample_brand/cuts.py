"""The cut of what is worn above the waist: neckline, sleeve, length, fit, and its outline."""

from dataclasses import dataclass

import numpy as np

from tools.sample_brand.body import (
    LENGTHS,
    SHOULDER,
    UNDERARM,
    side,
)
from tools.sample_brand.drawing import Knot, Path


@dataclass(frozen=True)
class Cut:
    """The shape of a garment for the upper body; words as the shop says them."""

    neckline: str = "crew neck"
    sleeve: str = "short sleeve"
    length: str = "regular"
    fit: str = "regular"
    detail: str = ""
    knitted: bool = False
    seed: int = 0

    @property
    def hem_y(self) -> float:
        """Height of the hem."""
        return LENGTHS[self.length]


NECKLINES: dict[str, list[Knot]] = {
    "crew neck": [(0, 24), (24, 15), (33, -3, 1)],
    "scoop neck": [(0, 56), (28, 42), (40, -1, 1)],
    "v-neck": [(0, 72, 1), (34, -2, 1)],
    "square neck": [(0, 48), (44, 48, 1), (48, 2, 1)],
    "boat neck": [(0, 14), (34, 9), (54, 4, 1)],
    "turtleneck": [(0, 8), (18, 6), (27, -2, 1)],
    "cowl neck": [(0, 58), (26, 34), (46, 2, 1)],
    "collar": [(0, 30, 1), (29, -4, 1)],
    "sweetheart": [(0, 84, 1), (22, 62), (44, 58), (57, 62, 1)],
    "strapless": [(0, 62), (30, 61), (59, 58, 1)],
    "straps": [(0, 74, 1), (24, 58), (42, 48, 1), (50, 50, 1)],
    "halter": [(0, 66, 1), (20, 20), (24, -4, 1), (33, -4, 1)],
    "off-shoulder": [(0, 50), (40, 46), (74, 40, 1)],
}

BARE = {"strapless", "sweetheart", "straps", "halter", "off-shoulder"}
"""Necklines that leave the shoulders free."""


def outline_half(cut: Cut) -> list[Knot]:
    """Give the right half of the front, from the neckline's middle to the hem's."""
    half = list(NECKLINES[cut.neckline])
    under = (side(UNDERARM[1], cut.fit), UNDERARM[1])
    if cut.neckline == "halter":
        half += [(44, 44), (under[0], under[1], 1)]
    elif cut.neckline == "off-shoulder":
        half += [(under[0], under[1], 1)]
    elif cut.neckline in BARE:
        half += [(under[0] - 1, under[1], 1)]
    elif cut.sleeve in ("sleeveless",):
        half += [(60, 6, 1), (52, 40), (under[0], under[1], 1)]
    else:
        drop = 8 if cut.fit in ("boxy", "oversized") else 0
        half += [
            (SHOULDER[0] + drop, SHOULDER[1] + drop * 0.4, 1),
            (66 + drop, 46),
            (under[0], under[1], 1),
        ]
    hem = cut.hem_y
    middle = (under[1] + hem) / 2
    half += [(side(middle, cut.fit), middle), (side(hem, cut.fit), hem, 1), (0, hem + 6)]
    return half


def asymmetric(outline: Path) -> Path:
    """Take one shoulder away: cut from the left shoulder to the right underarm."""
    limit = np.interp(outline[:, 0], [-80, -30, 66], [-10, 2, 80])
    return np.stack([outline[:, 0], np.maximum(outline[:, 1], limit)], axis=1)
