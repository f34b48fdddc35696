"""Patterns on cloth: each leaves most of the garment's own colour bare."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from tools.sample_brand.brand import CORAL, CREAM, INK, MARIGOLD, rgb
from tools.sample_brand.drawing import ellipse

Pattern = Callable[[Image.Image, float, str, np.random.Generator], None]
"""Draws on a picture of the bare ground: pixels a unit, the second colour, the generator."""

DARK = 110
"""Mean of red, green and blue below which a ground is called dark."""


def contrast(colour: str) -> str:
    """Choose the house colour that shows on a ground."""
    return CREAM if sum(rgb(colour)) / 3 < DARK else INK


def _stripes(ground: Image.Image, unit: float, second: str, _: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    for y in np.arange(0, ground.height, 32 * unit):
        pen.rectangle([0, y, ground.width, y + 9 * unit], fill=rgb(second))


def _pinstripe(ground: Image.Image, unit: float, second: str, _: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    for x in np.arange(0, ground.width, 25 * unit):
        pen.rectangle([x, 0, x + 4 * unit, ground.height], fill=rgb(second))


def _plaid(ground: Image.Image, unit: float, second: str, _: np.random.Generator) -> None:
    veil = Image.new("L", ground.size, 0)
    pen = ImageDraw.Draw(veil)
    for x in np.arange(0, ground.width, 72 * unit):
        pen.rectangle([x, 0, x + 10 * unit, ground.height], fill=100)
    across = Image.new("L", ground.size, 0)
    pen = ImageDraw.Draw(across)
    for y in np.arange(0, ground.height, 72 * unit):
        pen.rectangle([0, y, ground.width, y + 10 * unit], fill=100)
    for mask in (veil, across):
        ground.paste(rgb(second), mask=mask)
    pen = ImageDraw.Draw(ground)
    for x in np.arange(41 * unit, ground.width, 72 * unit):
        pen.rectangle([x, 0, x + 3 * unit, ground.height], fill=rgb(CORAL))
    for y in np.arange(41 * unit, ground.height, 72 * unit):
        pen.rectangle([0, y, ground.width, y + 3 * unit], fill=rgb(CORAL))


def _scatter(
    size: tuple[int, int], pitch: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    places = []
    for row in range(int(size[1] / pitch) + 2):
        for column in range(int(size[0] / pitch) + 2):
            jitter = rng.uniform(-0.18, 0.18, 2) * pitch
            shift = pitch / 2 if row % 2 else 0
            places.append((column * pitch + shift + jitter[0], row * pitch + jitter[1]))
    return places


def _polka(ground: Image.Image, unit: float, second: str, _: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    pitch = 34 * unit
    for row in range(int(ground.height / pitch) + 2):
        for column in range(int(ground.width / pitch) + 2):
            x, y = (column + (row % 2) / 2) * pitch, row * pitch
            pen.polygon(_corners(ellipse(x, y, 8 * unit)), fill=rgb(second))


def _floral(ground: Image.Image, unit: float, second: str, rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    for x, y in _scatter(ground.size, 58 * unit, rng):
        turn, size = rng.uniform(0, 6.28), rng.uniform(0.8, 1.15) * unit
        for side in (-0.7, 0.9):
            dx, dy = np.cos(turn + side) * 19 * size, np.sin(turn + side) * 19 * size
            pen.polygon(_corners(ellipse(x + dx, y + dy, 6 * size, 4 * size)), fill=rgb("#4d7a4a"))
        for petal in range(5):
            angle = turn + petal * 2 * np.pi / 5
            dx, dy = np.cos(angle) * 9 * size, np.sin(angle) * 9 * size
            pen.polygon(_corners(ellipse(x + dx, y + dy, 7.5 * size)), fill=rgb(second))
        pen.polygon(_corners(ellipse(x, y, 5 * size)), fill=rgb(MARIGOLD))


def _leopard(ground: Image.Image, unit: float, second: str, rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    for x, y in _scatter(ground.size, 36 * unit, rng):
        turn, size = rng.uniform(0, 360), rng.uniform(7.5, 10.5) * unit
        box = [x - size, y - size * 0.8, x + size, y + size * 0.8]
        for start, end in ((0, 130), (165, 235), (265, 335)):
            pen.arc(
                box, turn + start, turn + end, fill=rgb(second), width=max(2, round(4.5 * unit))
            )


def _hearts(ground: Image.Image, unit: float, second: str, rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    heart = np.stack(
        [16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)], axis=1
    )
    for x, y in _scatter(ground.size, 50 * unit, rng):
        pen.polygon(_corners(heart * 0.72 * unit + np.array([x, y])), fill=rgb(second))


def _suns(ground: Image.Image, unit: float, second: str, rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(ground)
    for x, y in _scatter(ground.size, 62 * unit, rng):
        turn = rng.uniform(0, 6.28)
        for ray in range(8):
            angle = turn + ray * np.pi / 4
            inner, outer = np.array([np.cos(angle), np.sin(angle)]) * 11 * unit, np.zeros(2)
            outer = inner * 1.75
            pen.line(
                [x + inner[0], y + inner[1], x + outer[0], y + outer[1]],
                rgb(second),
                round(4 * unit),
            )
        pen.polygon(_corners(ellipse(x, y, 8 * unit)), fill=rgb(second))


def _corners(path: np.ndarray) -> list[tuple[float, float]]:
    return [tuple(point) for point in path.tolist()]


PATTERNS: dict[str, Pattern] = {
    "striped": _stripes,
    "pinstripe": _pinstripe,
    "plaid": _plaid,
    "polka dot": _polka,
    "floral": _floral,
    "leopard print": _leopard,
    "heart print": _hearts,
    "sun print": _suns,
}
