"""Colour words with the Lab value mini learns for each, and recolouring towards them."""

from __future__ import annotations

import numpy as np
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from tools.mini.photos import Pixels

# sRGB of the words; the first twelve are the core that every kind is measured in.
CORE_RGB = {
    "black": (22, 22, 24),
    "white": (246, 246, 246),
    "grey": (130, 130, 132),
    "red": (200, 24, 36),
    "orange": (243, 125, 28),
    "yellow": (250, 214, 45),
    "green": (38, 140, 62),
    "blue": (36, 84, 196),
    "purple": (112, 50, 150),
    "pink": (245, 128, 176),
    "brown": (108, 66, 38),
    "beige": (220, 200, 166),
}
MORE_RGB = {
    "navy": (26, 32, 82),
    "cream": (250, 242, 214),
    "maroon": (112, 20, 44),
    "olive": (106, 112, 48),
    "teal": (0, 124, 124),
    "gold": (206, 166, 62),
    "silver": (190, 193, 198),
    "turquoise": (64, 204, 200),
    "lavender": (190, 170, 224),
    "mustard": (214, 166, 36),
    "khaki": (172, 160, 112),
    "charcoal": (58, 60, 64),
    "hot pink": (236, 40, 140),
    "coral": (246, 116, 96),
    "sky blue": (128, 190, 236),
    "light blue": (160, 200, 236),
    "dark green": (16, 78, 42),
    "mint": (160, 226, 194),
    "burgundy": (102, 16, 42),
    "tan": (200, 160, 114),
    "rust": (174, 74, 32),
    "ivory": (252, 248, 228),
    "magenta": (204, 30, 124),
    "lime": (160, 214, 40),
    "sage": (158, 176, 140),
    "peach": (252, 200, 166),
}
ALL_RGB = CORE_RGB | MORE_RGB

# How else the same colour is written, and the shop's own words.
SPELLINGS = {
    "grey": ("gray",),
    "navy": ("navy blue",),
    "purple": ("violet",),
    "hot pink": ("fuchsia",),
}
SHOP_WORDS = {
    "Navy Blue": "navy",
    "Off White": "white",
    "Coffee Brown": "brown",
    "Turquoise Blue": "turquoise",
    "Steel": "silver",
    "Grey Melange": "grey",
    "Sea Green": "teal",
    "Copper": "brown",
    "Bronze": "brown",
    "Taupe": "brown",
    "Rose": "pink",
}


def as_lab(rgb: tuple[int, int, int]) -> np.ndarray:
    """Turn one sRGB colour into CIE Lab (D65); shape (3,)."""
    lab: np.ndarray = rgb2lab(np.array(rgb, np.float64)[None, None] / 255)[0, 0]
    return lab


ALL_LAB = {name: as_lab(rgb) for name, rgb in ALL_RGB.items()}
CORE_NAMES = tuple(CORE_RGB)
_CORE_LAB = np.stack([ALL_LAB[name] for name in CORE_NAMES])


def name_core(lab: np.ndarray) -> str:
    """Name the nearest of the twelve core colours by CIEDE2000."""
    return CORE_NAMES[int(np.argmin(deltaE_ciede2000(_CORE_LAB, lab[None])))]


# The core colour that a word falls under when only the twelve are asked for.
CORE_OF = {name: name_core(lab) for name, lab in ALL_LAB.items()}


def shop_colour(word: str) -> str | None:
    """Turn the shop's colour word into one of ours; None where we have no such word."""
    name = SHOP_WORDS.get(word, word.lower())
    return name if name in ALL_LAB else None


def find_main_colour(square: Pixels, mask: np.ndarray) -> np.ndarray:
    """Take the median Lab of the masked pixels."""
    median: np.ndarray = np.median(rgb2lab(square[mask][None])[0], 0)
    return median


def recolour(square: Pixels, alpha: np.ndarray, target: np.ndarray, *, mask: np.ndarray) -> Pixels:
    """Shift what the mask holds so that its median is `target` (Lab); folds and prints stay.

    Small departures from the median are shading and keep their lightness but little of their hue;
    large ones are prints and keep it.
    """
    lab = rgb2lab(square)
    median = np.median(lab[mask], 0)
    away = lab - median
    print_like = np.clip((np.abs(away[..., 1:]).max(-1, keepdims=True) - 18) / 30, 0, 1)
    made = np.empty_like(lab)
    dark, light = target[0], 100 - target[0]
    contrast = np.where(away[..., 0] < 0, min(1.0, 0.35 + dark / 70), min(1.0, 0.25 + light / 60))
    made[..., 0] = target[0] + away[..., 0] * contrast
    made[..., 1:] = target[1:] + away[..., 1:] * (0.25 + 0.6 * print_like)
    made[..., 0] = made[..., 0].clip(3, 98)
    rgb = lab2rgb(made) * 255
    mixed = square + (rgb - square) * alpha[..., None]
    return np.clip(mixed.round(), 0, 255).astype(np.uint8)
