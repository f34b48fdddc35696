"""Shaded drawings of the kinds the shop hardly has: dresses, skirts, bucket hats."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from skimage.color import lab2rgb

from tools.mini.photos import Pixels

DRAWN_CLASSES = {"dress", "skirt", "hat"}
_SIDE = 256

Points = list[tuple[float, float]]


def draw_garment(
    kind: str, colour: np.ndarray, rng: np.random.Generator
) -> tuple[Pixels, np.ndarray, str]:
    """Draw one garment in a Lab colour: pixels and soft mask (0..1), cut to it; its article."""
    outlines, creases, article = _OUTLINES[kind](rng)
    mask = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        pen.polygon([(x * _SIDE, y * _SIDE) for x, y in outline], fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(2.5)).point(lambda v: 255 if v > 127 else 0)
    light = _shade(np.asarray(mask) > 0, creases, rng)
    lab = np.empty((_SIDE, _SIDE, 3))
    lab[..., 0] = np.clip(colour[0] + light * (0.5 + colour[0] / 120), 4, 97)
    lab[..., 1:] = colour[1:]
    pixels = (lab2rgb(lab) * 255).round().astype(np.uint8)
    small = Image.fromarray(pixels).resize((112, 112), Image.Resampling.LANCZOS)
    alpha = np.asarray(mask.resize((112, 112), Image.Resampling.LANCZOS), np.float32) / 255
    rows, columns = np.nonzero(alpha > 0.5)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return np.asarray(small)[box], alpha[box], article


def _shade(mask: np.ndarray, creases: list[Points], rng: np.random.Generator) -> np.ndarray:
    """Round the body, lay folds along the creases, darken the rim; lightness steps."""
    near = Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(9))
    light = (np.asarray(near, np.float32) / 255 - 0.8) * 26
    lines = Image.new("L", (_SIDE, _SIDE), 128)
    pen = ImageDraw.Draw(lines)
    for points in creases:
        tone = int(128 + rng.choice([-1, 1]) * rng.uniform(40, 110))
        pen.line(
            [(x * _SIDE, y * _SIDE) for x, y in points], fill=tone, width=int(rng.integers(3, 9))
        )
    soft = np.asarray(lines.filter(ImageFilter.GaussianBlur(3)), np.float32) - 128
    grain = rng.normal(0, 1.2, (_SIDE, _SIDE))
    slope = np.linspace(-1, 1, _SIDE)[None] * rng.uniform(-6, 6)
    total: np.ndarray = light + soft * 0.14 + grain + slope
    return total


def _mirror(half: Points) -> Points:
    """Close a right-hand outline with its mirror image."""
    return half + [(1 - x, y) for x, y in reversed(half)]


def _folds(rng: np.random.Generator, *, top: float, bottom: float, wide: float) -> list[Points]:
    """Folds that fan out downwards."""
    return [
        [(0.5 + x * 0.45, top + rng.uniform(0, 0.15)), (0.5 + x, bottom)]
        for x in rng.uniform(-wide, wide, int(rng.integers(4, 10)))
    ]


def _draw_dress(rng: np.random.Generator) -> tuple[list[Points], list[Points], str]:
    hem_y, hem_x = rng.uniform(0.82, 0.97), rng.uniform(0.16, 0.36)
    waist = rng.uniform(0.1, 0.15)
    shoulder = rng.uniform(0.15, 0.19)
    neck = rng.uniform(0.06, 0.11)
    body = _mirror(
        [
            (0.5 + 0.0, 0.12 + rng.uniform(0.0, 0.08)), (0.5 + neck, 0.05),
            (0.5 + shoulder, 0.07), (0.5 + shoulder - 0.02, 0.24), (0.5 + waist, 0.42),
            (0.5 + waist + 0.05, 0.55), (0.5 + hem_x, hem_y),
        ]
    )  # fmt: skip
    outlines = [body]
    style = rng.integers(3)
    if style > 0:
        reach = 0.3 if style == 1 else rng.uniform(0.45, 0.6)
        sleeve = [
            (0.5 + shoulder - 0.03, 0.06), (0.5 + shoulder + 0.03, 0.09),
            (0.5 + shoulder + 0.12, reach), (0.5 + shoulder + 0.04, reach + 0.02),
            (0.5 + shoulder - 0.04, 0.22),
        ]  # fmt: skip
        outlines += [sleeve, [(1 - x, y) for x, y in sleeve]]
    creases = _folds(rng, top=0.45, bottom=hem_y, wide=hem_x * 0.9)
    creases.append([(0.5 - waist, 0.42), (0.5 + waist, 0.42)])
    return outlines, creases, "Dresses"


def _draw_skirt(rng: np.random.Generator) -> tuple[list[Points], list[Points], str]:
    hem_y, hem_x = rng.uniform(0.6, 0.95), rng.uniform(0.2, 0.42)
    waist = rng.uniform(0.14, 0.2)
    body = _mirror(
        [(0.5, 0.15), (0.5 + waist, 0.13), (0.5 + waist + 0.05, 0.3), (0.5 + hem_x, hem_y)]
    )
    creases = _folds(rng, top=0.24, bottom=hem_y, wide=hem_x * 0.9)
    creases.append([(0.5 - waist, 0.2), (0.5 + waist, 0.2)])
    return [body], creases, "Skirts"


def _draw_hat(rng: np.random.Generator) -> tuple[list[Points], list[Points], str]:
    crown, base = rng.uniform(0.16, 0.2), rng.uniform(0.22, 0.26)
    brim, drop = rng.uniform(0.36, 0.42), rng.uniform(0.7, 0.76)
    body = _mirror(
        [
            (0.5, 0.26), (0.5 + crown * 0.8, 0.27), (0.5 + crown, 0.31), (0.5 + base, 0.56),
            (0.5 + brim, drop - 0.03), (0.5 + brim - 0.06, drop + 0.03), (0.5, drop + 0.08),
        ]
    )  # fmt: skip
    creases: list[Points] = [
        [(0.5 - base, 0.56), (0.5, 0.6), (0.5 + base, 0.56)],
        [(0.5 - base, 0.565), (0.5, 0.605), (0.5 + base, 0.565)],
        [(0.5 - brim + 0.04, drop - 0.03), (0.5, drop + 0.03), (0.5 + brim - 0.04, drop - 0.03)],
        [(0.5 - crown, 0.31), (0.5, 0.33), (0.5 + crown, 0.31)],
    ]
    return [body], creases, "Bucket"


_OUTLINES = {"dress": _draw_dress, "skirt": _draw_skirt, "hat": _draw_hat}
