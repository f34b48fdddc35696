"""Paints panels of cloth: ground, pattern, weave, light, seams, signs and the ink outline."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tools.sample_brand.brand import CREAM, INK, MARIGOLD, rgb
from tools.sample_brand.drawing import Path, Placement, dashes, ellipse, fill_mask
from tools.sample_brand.materials import MATERIALS, Field, Material, blurred, rib
from tools.sample_brand.patterns import PATTERNS
from tools.sample_brand.piece import Panel
from tools.sample_brand.signature import draw_ribbon, draw_sun

INK_WIDTH = 5.0
SEAM_WIDTH = 2.4
STITCH_WIDTH = 2.0
CRESCENT = 13.0
"""Breadth of the shadow along the side away from the light, in the picture's units."""


@dataclass(frozen=True)
class Cloth:
    """What a garment is cut from.

    Attributes:
        colour: Of the ground, a word of `brand.COLOURS`.
        material: A key of `materials.MATERIALS`.
        pattern: A key of `patterns.PATTERNS`, or None.
        second: Colour of pattern and contrast panels.
        seed: Of weave and pattern.
    """

    colour: str
    material: str = "cotton"
    pattern: str | None = None
    second: str = "cream"
    seed: int = 0


def paint_panel(picture: Image.Image, panel: Panel, cloth: Cloth, unit: float) -> Image.Image:
    """Paint one panel onto a picture.

    Args:
        picture: RGB, changed in place.
        panel: In the picture's pixels.
        cloth: What it is cut from.
        unit: Pixels for one unit of the picture, with the garment's scale in it.

    Returns:
        The panel's mask over the whole picture.
    """
    margin = int(8 * unit) + 2
    reach = panel.outline
    if panel.emblem is not None:  # it may be wider than what it is sewn on
        x, y, width = panel.emblem
        reach = np.concatenate([reach, ellipse(x, y, width / 2)])
    left, top = (np.floor(reach.min(axis=0)).astype(int) - margin).tolist()
    right, bottom = (np.ceil(reach.max(axis=0)).astype(int) + margin).tolist()
    moved = _shifted(panel, -left, -top)
    size = (right - left, bottom - top)
    mask = fill_mask([moved.outline], size)
    patch = picture.crop((left, top, right, bottom))
    patch.paste(_colour(moved, cloth, mask, unit), mask=mask)
    inner = patch.copy()
    _decorate(ImageDraw.Draw(inner), moved, cloth, unit)
    patch.paste(inner, mask=mask)
    pen = ImageDraw.Draw(patch)
    if panel.inked:
        _ink(pen, moved.outline, INK_WIDTH * unit)
    if moved.emblem is not None:
        draw_sun(pen, *moved.emblem)
    picture.paste(patch, (left, top))
    whole = Image.new("L", picture.size, 0)
    whole.paste(mask, (left, top))
    return whole


def _shifted(panel: Panel, dx: int, dy: int) -> Panel:
    return panel.placed(Placement(dx, dy))


def _colour(panel: Panel, cloth: Cloth, mask: Image.Image, unit: float) -> Image.Image:
    rng = np.random.default_rng(cloth.seed)
    colour = {"main": cloth.colour, "second": cloth.second}.get(panel.paint, panel.paint)
    ground = Image.new("RGB", mask.size, rgb(colour))
    plain = panel.paint != "main"
    if cloth.pattern and not plain:
        PATTERNS[cloth.pattern](ground, unit, cloth.second, rng)
    material = Material(softness=1) if panel.paint.startswith("#") else MATERIALS[cloth.material]
    return _lit(ground, _light(panel, material, mask, unit, rng))


def _light(
    panel: Panel, material: Material, mask: Image.Image, unit: float, rng: np.random.Generator
) -> Field:
    height, width = mask.size[1], mask.size[0]
    soft = material.softness * unit
    reach = int(CRESCENT * unit)
    shifted = ImageChops.offset(mask, -reach, -reach // 2)
    lit_side = ImageChops.offset(mask, int(reach * 0.6), reach // 3)
    crescent = blurred(ImageChops.subtract(mask, shifted), soft)
    rim = blurred(ImageChops.subtract(mask, lit_side), soft)
    shade = np.maximum(crescent, blurred(fill_mask(panel.shades, mask.size), soft))
    light = np.maximum(rim * 0.7, blurred(fill_mask(panel.lights, mask.size), soft))
    field = light * 0.6 * material.gloss - shade * 0.75 * material.depth + panel.tone
    weave = rib if panel.ribbed else material.weave
    if weave is not None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) / unit
        field = field + weave(x, y, rng)
    return np.asarray(np.clip(field, -1.2, 1.2), dtype=np.float32)


def _lit(ground: Image.Image, light: Field) -> Image.Image:
    base = np.asarray(ground, dtype=np.float32)
    brightness = base.mean(axis=2, keepdims=True) / 255
    deep = base * np.array([0.66, 0.58, 0.66], dtype=np.float32) * (0.72 + 0.34 * brightness)
    bright = base + (255 - base) * (0.30 + 0.30 * brightness)
    share = light[..., None]
    lit = base + np.where(share < 0, (base - deep) * share, (bright - base) * share)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _decorate(pen: ImageDraw.ImageDraw, panel: Panel, cloth: Cloth, unit: float) -> None:
    for seam in panel.seams:
        _line(pen, seam, rgb(_thread(cloth, ink=True)), SEAM_WIDTH * unit)
    for path, height in panel.trims:
        draw_ribbon(pen, path, height)
    thread = rgb(_thread(cloth, ink=False))
    for stitch in panel.stitches:
        for dash in dashes(stitch, dash=7 * unit, gap=5 * unit):
            _line(pen, dash, thread, STITCH_WIDTH * unit)


def _thread(cloth: Cloth, *, ink: bool) -> str:
    brightness = sum(rgb(cloth.colour)) / 3
    if ink:
        return INK if brightness > 70 else "#5c5263"
    if cloth.material == "denim":
        return MARIGOLD
    return CREAM if brightness < 205 else "#b98a6a"


def _line(pen: ImageDraw.ImageDraw, path: Path, colour: tuple[int, int, int], width: float) -> None:
    pen.line(
        [tuple(p) for p in path.tolist()], fill=colour, width=max(1, round(width)), joint="curve"
    )


def _ink(pen: ImageDraw.ImageDraw, outline: Path, width: float) -> None:
    closed = [tuple(p) for p in [*outline.tolist(), *outline[:2].tolist()]]
    pen.line(closed, fill=rgb(INK), width=max(1, round(width)), joint="curve")
