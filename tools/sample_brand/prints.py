"""Prints on the front of a t-shirt: a slogan, with a small picture above it."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tools.sample_brand.brand import CORAL, INK, MARIGOLD, rgb
from tools.sample_brand.drawing import Path, Placement, ellipse, trace
from tools.sample_brand.patterns import contrast

LINE_LETTERS = 11
"""Letters on a line of a slogan, at most, where its words allow."""


def draw_print(
    picture: Image.Image, where: tuple[float, float, float], text: str, colour: str, at: Placement
) -> None:
    """Print a slogan with its motif onto a picture.

    Args:
        picture: RGB, changed in place.
        where: Middle and width of the print in the garment's units.
        text: "motif:slogan" or a slogan alone.
        colour: Of the cloth beneath.
        at: Where the garment stands, in pixels.
    """
    motif, _, slogan = text.rpartition(":")
    x, y = at.apply(np.array([where[:2]], dtype=float))[0]
    width = where[2] * at.scale
    pen = ImageDraw.Draw(picture)
    ink = contrast(colour)
    if motif:
        draw_motif(pen, motif, (float(x), float(y) - width * 0.20), width * 0.62)
    lines = break_lines(slogan.upper())
    height = width * (0.17 if motif else 0.24)
    top = y + (width * 0.20 if motif else -height * len(lines) / 2)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(size=height * 0.92)
        length = font.getlength(line)
        if length > width:
            font = ImageFont.load_default(size=height * 0.92 * width / length)
        pen.text(
            (x, top + number * height),
            line,
            fill=rgb(ink),
            font=font,
            anchor="ma",
            stroke_width=height * 0.035,
        )


def break_lines(text: str) -> list[str]:
    """Break a slogan into lines of about `LINE_LETTERS` letters."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= LINE_LETTERS:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def draw_motif(
    pen: ImageDraw.ImageDraw, motif: str, middle: tuple[float, float], width: float
) -> None:
    """Draw a small picture: sun, lemon, cherry, wave, heart, moon, star or shell."""
    for path, colour in MOTIFS[motif]:
        points = [tuple(p) for p in (path * width / 100 + np.array(middle)).tolist()]
        pen.polygon(points, fill=rgb(colour))
        pen.line(
            [*points, points[0], points[1]],
            fill=rgb(INK),
            width=max(2, round(width * 0.03)),
            joint="curve",
        )


def _star(points: int, inner: float, outer: float) -> Path:
    angle = np.arange(points * 2) * np.pi / points - np.pi / 2
    radius = np.where(np.arange(points * 2) % 2 == 0, outer, inner)
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=1)


def _heart() -> Path:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x, y], axis=1) * 2.6


MOTIFS: dict[str, list[tuple[Path, str]]] = {
    "sun": [(_star(14, 32, 50), CORAL), (ellipse(0, 0, 27), MARIGOLD)],
    "star": [(_star(5, 20, 48), MARIGOLD)],
    "heart": [(_heart(), "#d8303f")],
    "moon": [(trace("14,-46! -34,-18 -34,18 14,46! -6,22 -6,-22"), MARIGOLD)],
    "lemon": [
        (trace("-50,4! -30,-24 10,-30 38,-10 50,2! 34,18 0,32 -32,22"), "#ffd93b"),
        (trace("0,-30! 10,-52 34,-54! 24,-34"), "#4d8a4a"),
    ],
    "cherry": [
        (trace("-20,4! 6,-48! 22,8! 6,-40!"), "#4d7a3a"),
        (ellipse(-22, 22, 21), "#d8303f"),
        (ellipse(22, 26, 21), "#d8303f"),
    ],
    "wave": [
        (
            trace(
                "-50,34! -40,-6 -10,-34 26,-28 36,-2 18,6 22,-12 2,-10 -4,14 20,26 50,22! 50,36!"
            ),
            "#3f86c9",
        )
    ],
    "shell": [
        (
            trace("-10,42! -44,0 -34,-34 0,-46 34,-34 44,0 10,42!"),
            "#f7a58e",
        ),
        (trace("-3,40! -12,-34! 0,34! 12,-34! 3,40!"), CORAL),
    ],
}
