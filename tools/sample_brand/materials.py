"""How each material takes the light: depth of shadow, hardness of light, and its weave."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Field = NDArray[np.float32]
"""Light over the cloth: -1 full shadow, 0 the cloth's own colour, 1 full light; (height, width)."""

Weave = Callable[[Field, Field, np.random.Generator], Field]
"""Draws a weave at x and y, both of shape (height, width) and in the picture's units."""


@dataclass(frozen=True)
class Material:
    """How a material takes the light.

    Attributes:
        depth: Strength of shadows, 1 for plain cotton.
        gloss: Strength of lights, 1 for plain cotton.
        softness: Blur of shadows and lights, in the picture's units.
        weave: Its texture, or None for smooth cloth.
        topstitched: Whether its seams are sewn in contrast thread.
    """

    depth: float = 1.0
    gloss: float = 1.0
    softness: float = 1.5
    weave: Weave | None = None
    topstitched: bool = False


def _light(field: NDArray[Any]) -> Field:
    return np.asarray(field, dtype=np.float32)


def smooth_noise(shape: tuple[int, int], softness: float, rng: np.random.Generator) -> Field:
    """Make soft noise between -1 and 1."""
    small = (max(2, int(shape[0] / softness) + 2), max(2, int(shape[1] / softness) + 2))
    grain = Image.fromarray((rng.random(small) * 255).astype(np.uint8))
    big = grain.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return _light(np.asarray(big) / 127.5 - 1)


def _denim(x: Field, y: Field, rng: np.random.Generator) -> Field:
    twill = np.sin((x * 0.9 + y * 0.75) * 1.35)
    worn = smooth_noise((x.shape[0], x.shape[1]), 60, rng)
    return _light(0.16 * np.sign(twill) + 0.16 * worn)


def _knit(x: Field, y: Field, _: np.random.Generator) -> Field:
    column = (x / 11.0) % 1 - 0.5
    loops = np.sin((y + np.abs(column) * 13) * 2 * np.pi / 9.5)
    groove = np.where(np.abs(column) > 0.42, -0.4, 0.0)
    return _light(0.20 * loops + groove)


def rib(x: Field, y: Field, _: np.random.Generator) -> Field:
    """Ribbed knit: upright ridges."""
    return _light(0.34 * np.sin(x * 2 * np.pi / 10.5) + 0 * y)


def _satin(x: Field, y: Field, rng: np.random.Generator) -> Field:
    wave = 26 * np.sin(y / 47 + rng.random() * 6) + 14 * np.sin(y / 23 + rng.random() * 6)
    sheen = np.sin((x + 0.45 * y + wave) * 2 * np.pi / 132)
    return _light(0.95 * np.clip(sheen - 0.45, 0, 1) - 0.45 * np.clip(-sheen - 0.55, 0, 1))


def _sequins(x: Field, y: Field, rng: np.random.Generator) -> Field:
    pitch = 11.0
    row = np.floor(y / pitch)
    shifted = x + np.where(row % 2 == 0, 0, pitch / 2)
    column = np.floor(shifted / pitch)
    dx, dy = shifted / pitch - column - 0.5, y / pitch - row - 0.5
    table = rng.choice(np.array([-0.35, -0.1, 0.0, 0.0, 0.1, 0.35, 1.0]), size=(64, 64))
    flash = table[row.astype(int) % 64, column.astype(int) % 64]
    rim = np.where(np.hypot(dx, dy) > 0.47, -0.55, 0.0)
    return _light(flash + rim + 0.12 * (dx * -1 - dy))


def _leather(x: Field, y: Field, rng: np.random.Generator) -> Field:
    wave = 15 * np.sin(y / 37 + rng.random() * 6)
    streak = np.clip((np.sin((x - 0.35 * y + wave) * 2 * np.pi / 104) - 0.80) * 6, 0, 1)
    broken = np.clip(np.sin(y / 27 + x / 90 + rng.random() * 6) * 2.5, 0, 1)
    return _light(1.0 * streak * broken)


def _corduroy(x: Field, y: Field, _: np.random.Generator) -> Field:
    return _light(0.38 * np.sin(x * 2 * np.pi / 7.5) + 0 * y)


def _linen(x: Field, y: Field, rng: np.random.Generator) -> Field:
    slub = smooth_noise((x.shape[0], x.shape[1]), 7, rng)
    return _light(0.10 * np.sin(x * 1.9) + 0.10 * np.sin(y * 1.9) + 0.12 * slub)


def _lace(x: Field, y: Field, _: np.random.Generator) -> Field:
    row = np.floor(y / 22)
    u = ((x + np.where(row % 2 == 0, 0, 13)) / 26) % 1 - 0.5
    v = (y / 22) % 1 - 0.5
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    petal = np.abs(radius - 0.26 * (1 + 0.35 * np.cos(6 * angle))) < 0.055
    mesh = (np.abs(((x + y) / 7) % 1 - 0.5) < 0.1) | (np.abs(((x - y) / 7) % 1 - 0.5) < 0.1)
    return _light(np.where(petal, 0.75, 0) - np.where(~petal & ~mesh, 0.18, 0))


def _mesh(x: Field, y: Field, _: np.random.Generator) -> Field:
    holes = (np.abs(((x + y) / 13) % 1 - 0.5) > 0.16) & (np.abs(((x - y) / 13) % 1 - 0.5) > 0.16)
    return _light(np.where(holes, -0.10, 0.42))


def _teddy(x: Field, y: Field, rng: np.random.Generator) -> Field:
    curls = smooth_noise((x.shape[0], x.shape[1]), 9, rng)
    return _light(0.55 * np.sign(curls) * np.clip(np.abs(curls) - 0.25, 0, 0.6))


def _velvet(x: Field, y: Field, rng: np.random.Generator) -> Field:
    nap = smooth_noise((x.shape[0], x.shape[1]), 90, rng)
    sheen = np.sin((x * 0.8 + y * 0.35) * 2 * np.pi / 150 + rng.random() * 6)
    return _light(0.22 * nap + 0.30 * sheen)


def _suede(x: Field, y: Field, rng: np.random.Generator) -> Field:
    strokes = smooth_noise((x.shape[0], x.shape[1]), 46, rng)
    grain = smooth_noise((x.shape[0], x.shape[1]), 5, rng)
    return _light(0.20 * strokes + 0.12 * grain)


def _quilted(x: Field, y: Field, _: np.random.Generator) -> Field:
    across = (y / 44 + 0.02 * np.sin(x / 9)) % 1
    return _light(0.36 * np.sin(across * 2 * np.pi) - np.where(across > 0.95, 0.7, 0))


def _rhinestones(x: Field, y: Field, _: np.random.Generator) -> Field:
    row = np.floor(y / 30)
    u = ((x + np.where(row % 2 == 0, 0, 15)) % 30) - 15
    v = (y % 30) - 15
    star = (np.abs(u) * np.abs(v) < 2.2) & (np.hypot(u, v) < 7.5)
    return _light(np.where(star, 1.3, 0))


def _straw(x: Field, y: Field, _: np.random.Generator) -> Field:
    return _light(0.3 * np.sin(x * 0.75) * np.sign(np.sin(y * 0.75)))


MATERIALS = {
    "cotton": Material(),
    "jersey": Material(depth=0.9, gloss=0.8),
    "poplin": Material(depth=1.0, gloss=1.0, softness=0.8),
    "denim": Material(depth=0.9, gloss=0.7, weave=_denim, topstitched=True),
    "knit": Material(depth=1.0, gloss=0.6, softness=4, weave=_knit),
    "rib knit": Material(depth=0.9, gloss=0.6, softness=4, weave=rib),
    "satin": Material(depth=1.1, gloss=1.5, softness=4, weave=_satin),
    "sequin": Material(depth=0.9, gloss=1.0, softness=4, weave=_sequins),
    "leather": Material(depth=1.25, gloss=1.7, softness=1, weave=_leather, topstitched=True),
    "corduroy": Material(depth=1.0, gloss=0.6, softness=4, weave=_corduroy),
    "linen": Material(depth=0.9, gloss=0.7, weave=_linen),
    "lace": Material(depth=0.7, gloss=0.6, softness=3, weave=_lace),
    "mesh": Material(depth=0.8, gloss=0.7, softness=3, weave=_mesh),
    "teddy": Material(depth=0.9, gloss=0.7, softness=7, weave=_teddy),
    "velvet": Material(depth=1.3, gloss=1.1, softness=8, weave=_velvet),
    "puffer": Material(depth=1.0, gloss=1.1, softness=3, weave=_quilted),
    "rhinestone": Material(depth=0.9, gloss=1.0, softness=3, weave=_rhinestones),
    "canvas": Material(depth=0.9, gloss=0.7, topstitched=True),
    "wool": Material(depth=1.0, gloss=0.5, softness=4, weave=_linen),
    "suede": Material(depth=1.0, gloss=0.5, softness=5, weave=_suede, topstitched=True),
    "straw": Material(depth=0.9, gloss=0.6, weave=_straw),
}


def blurred(mask: Image.Image, radius: float) -> Field:
    """Soften a mask and give it as numbers of 0 to 1."""
    soft = mask.filter(ImageFilter.GaussianBlur(radius)) if radius > 0 else mask
    return _light(np.asarray(soft) / 255)
