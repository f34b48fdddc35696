"""The studio: wall, sun disc and floor, garments placed on it, their shadows, and the label map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.sample_brand.brand import FLOOR, SUN_DISC, WALL, rgb
from tools.sample_brand.cloth import Cloth, paint_panel
from tools.sample_brand.drawing import Placement, ellipse
from tools.sample_brand.piece import Piece
from tools.sample_brand.prints import draw_print

CANVAS = (640, 800)
"""What drawings are measured in."""

SIZE = (600, 750)
"""Of the finished picture, in pixels."""
ENLARGED = 2
"""The picture is drawn this much larger and reduced at the end, which smooths all edges."""
HORIZON = 636.0
SIGN_SCALE = 1.6
"""Scale at which emblem and ribbon stand as drawn; they grow less than a garment does."""


@dataclass(frozen=True)
class Placed:
    """A garment on the picture: its drawing, where it stands, its cloth, its number, its print."""

    piece: Piece
    at: Placement
    cloth: Cloth
    label: int = 1
    print_text: str | None = None


def draw_scene(garments: Sequence[Placed]) -> tuple[Image.Image, Image.Image]:
    """Draw a picture of garments, those in front last.

    Returns:
        The picture, RGB, and its label map, mode L: 0 is background, else a garment's label.
    """
    big = (CANVAS[0] * ENLARGED, CANVAS[1] * ENLARGED)
    picture = _studio(big)
    _cast_shadows(picture, garments)
    labels = Image.new("L", big, 0)
    for placed in garments:
        enlarged = _enlarged(placed.at)
        unit = ENLARGED * _detail(placed.at.scale)
        growth = ENLARGED * float(np.sqrt(placed.at.scale * SIGN_SCALE))
        for panel in placed.piece.panels:
            mask = paint_panel(picture, panel.placed(enlarged, growth=growth), placed.cloth, unit)
            labels.paste(placed.label, mask=mask)
        if placed.print_text and placed.piece.print_at:
            draw_print(
                picture, placed.piece.print_at, placed.print_text, placed.cloth.colour, enlarged
            )
    small = picture.resize(SIZE, Image.Resampling.LANCZOS)
    return small, labels.resize(SIZE, Image.Resampling.NEAREST)


def _detail(scale: float) -> float:
    """Choose how large ink and weave are drawn: finer on small garments, but less so."""
    return float(np.clip(0.55 + 0.25 * scale, 0.7, 1.15))


def _enlarged(at: Placement) -> Placement:
    return Placement(at.x * ENLARGED, at.y * ENLARGED, at.scale * ENLARGED, at.angle_deg)


def _studio(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, rgb(WALL))
    pen = ImageDraw.Draw(picture)
    disc = ellipse(320, 372, 268) * ENLARGED
    pen.polygon([tuple(p) for p in disc.tolist()], fill=rgb(SUN_DISC))
    horizon = HORIZON * ENLARGED
    pen.rectangle([0, horizon, size[0], size[1]], fill=rgb(FLOOR))
    pen.rectangle([0, horizon, size[0], horizon + 3 * ENLARGED], fill=rgb("#c27c5e"))
    return picture


def _cast_shadows(picture: Image.Image, garments: Sequence[Placed]) -> None:
    shadow = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(shadow)
    for placed in garments:
        at = _enlarged(placed.at)
        aside = Placement(at.x + 15 * ENLARGED, at.y + 13 * ENLARGED, at.scale, at.angle_deg)
        for panel in placed.piece.panels:
            pen.polygon([tuple(p) for p in panel.placed(aside).outline.tolist()], fill=62)
    left, right = _spread(garments)
    middle, half = (left + right) / 2, (right - left) / 2 * 0.85 + 20
    pool = ellipse(middle, 716, half, 19) * ENLARGED
    pen.polygon([tuple(p) for p in pool.tolist()], fill=80)
    soft = shadow.filter(ImageFilter.GaussianBlur(4 * ENLARGED))
    picture.paste(rgb("#7a3f3a"), mask=soft)


def _spread(garments: Sequence[Placed]) -> tuple[float, float]:
    points = np.concatenate(
        [panel.placed(p.at).outline[:, 0] for p in garments for panel in p.piece.panels]
    )
    return float(points.min()), float(points.max())
