"""Draws dresses: the upper body of a top, grown into a skirt."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.sample_brand.body import (
    BUST_Y,
    HIP_Y,
    LENGTHS,
    UNDERARM,
    WAIST_Y,
    folds_down,
    hem_path,
    torso_folds,
)
from tools.sample_brand.cuts import Cut, asymmetric, outline_half
from tools.sample_brand.drawing import Knot, Path, brush, ellipse, mirrored, trace
from tools.sample_brand.piece import Panel, Piece, both
from tools.sample_brand.tops import draw_top

FLARE = {"bodycon": -0.10, "slip": 0.10, "a-line": 0.30, "shift": 0.07, "ball": 0.42, "wrap": 0.22}
"""How much wider the skirt grows for each unit of its length."""


def hem_half(shape: str, hem_y: float) -> float:
    """Half the width of a dress's hem."""
    start = {"shift": 68.0, "bodycon": 72.0}.get(shape, 66.0)
    grown = start + FLARE[shape] * (hem_y - HIP_Y)
    return max(grown, 46.0)


def draw_dress(cut: Cut, shape: str) -> Piece:
    """Draw a dress: `cut` gives neckline, sleeves and length, `shape` a key of `FLARE`."""
    bodice = replace(
        cut, length="cropped", fit="regular" if shape == "shift" else "fitted", knitted=False
    )
    made = draw_top(replace(bodice, detail=cut.detail if cut.detail in ON_BODICE else "plain neck"))
    front = next(i for i, panel in enumerate(made.panels) if panel.emblem is not None)
    dress = _front(cut, bodice, shape)
    after = made.panels[front + 1 :]
    panels = [*made.panels[:front], dress, *after, *SKIRTS.get(cut.detail, _nothing)(cut, shape)]
    if cut.knitted:
        panels += _rib_hem(cut, shape)
    return Piece(tuple(panels), print_at=None)


ON_BODICE = {"bow", "sash", "contrast collar", "collar"}


def _front(cut: Cut, bodice: Cut, shape: str) -> Panel:
    one_shoulder = cut.neckline == "one shoulder"
    top = outline_half(
        replace(bodice, neckline="boat neck", sleeve="sleeveless") if one_shoulder else bodice
    )[:-3]
    hem, half = cut.hem_y, hem_half(shape, cut.hem_y)
    knots: list[Knot] = [*top, (53.0 if shape != "shift" else 64.0, WAIST_Y)]
    if shape in ("bodycon", "slip", "shift"):
        knots.append((71, HIP_Y))
    knots += [(half, hem, 1), (half * 0.5, hem + 6), (0, hem + 8)]
    outline = trace(mirrored(knots))
    if one_shoulder:
        outline = asymmetric(outline)
    count = {"bodycon": 0, "slip": 4, "shift": 3, "a-line": 7, "ball": 9, "wrap": 5}[shape]
    shades = torso_folds(140, 60, cut.seed)
    shades += (
        folds_down(
            (-50, 50), (-half, half), heights=(WAIST_Y + 4, hem + 8), count=count, seed=cut.seed
        )
        if count
        else ()
    )
    if shape == "bodycon":
        shades += _pulls(hem)
    lights = (
        brush("-28,92 -33,120 -30,146", 8),
        brush([(-38, WAIST_Y + 40), (-44, (WAIST_Y + hem) / 2), (-half * 0.6, hem - 40)], 10),
    )
    trims = ((hem_path(half + 4, hem - 10, dip=8), 15.0),) if not cut.knitted else ()
    stitches = (hem_path(half + 4, hem - 25, dip=8),) if not cut.knitted else ()
    seams = (
        (trace([(-56, WAIST_Y - 3), (0, WAIST_Y + 4), (56, WAIST_Y - 3)], closed=False),)
        if shape in ("a-line", "ball")
        else ()
    )
    return Panel(
        outline,
        shades=shades,
        lights=lights,
        seams=seams,
        stitches=stitches,
        trims=trims,
        emblem=(33, 110, 32),
    )


def _pulls(hem: float) -> tuple[Path, ...]:
    rows = []
    for number, y in enumerate(np.arange(WAIST_Y + 4, hem - 30, 34)):
        sign = 1 if number % 2 else -1
        rows.append(brush([(sign * 72, y), (sign * 34, y + 7), (sign * 6, y + 2)], 8, blunt=True))
    return tuple(rows)


def _nothing(_: Cut, __: str) -> list[Panel]:
    return []


def _rib_hem(cut: Cut, shape: str) -> list[Panel]:
    hem, half = cut.hem_y, hem_half(shape, cut.hem_y)
    outline = trace(
        [
            (-half - 1, hem - 8, 1),
            (0, hem),
            (half + 1, hem - 8, 1),
            (half - 3, hem + 18, 1),
            (0, hem + 26),
            (-half + 3, hem + 18, 1),
        ]
    )
    return [Panel(outline, ribbed=True, trims=((hem_path(half + 3, hem - 4, dip=8), 12.0),))]


def _belted(cut: Cut, _: str) -> list[Panel]:
    belt = Panel(trace("-56,143! 0,151 56,143! 57,160! 0,168 -57,160!"), paint="second")
    return [belt, Panel(trace("-11,146! 11,146! 11,172! -11,172!"), paint="#d9a441")]


def _tiers(cut: Cut, shape: str) -> list[Panel]:
    hem, half = cut.hem_y, hem_half(shape, cut.hem_y)
    parts = []
    for share in (0.42, 0.72):
        y = WAIST_Y + (hem - WAIST_Y) * share
        width = 54 + (half - 54) * share + 4
        seam = brush([(-width, y), (0, y + 8), (width, y)], 7)
        parts.append(Panel(seam, tone=-0.9, inked=False))
    return parts


def _slit(cut: Cut, shape: str) -> list[Panel]:
    hem, half = cut.hem_y, hem_half(shape, cut.hem_y)
    top = HIP_Y + (hem - HIP_Y) * 0.25
    return [
        Panel(
            trace([(half * 0.40, top, 1), (half * 0.64, hem + 6, 1), (half * 0.34, hem + 9, 1)]),
            paint="#f3d5b8",
        )
    ]


def _ruffle(cut: Cut, shape: str) -> list[Panel]:
    hem, half = cut.hem_y, hem_half(shape, cut.hem_y)
    knots: list[Knot] = [
        (-half, hem - 8, 1),
        (0, hem),
        (half, hem - 8, 1),
        (half + 16, hem + 30, 1),
    ]
    knots += [
        ((half + 16) * (1 - (number + 0.5) / 4), hem + 36 + (7 if number % 2 else -3))
        for number in range(8)
    ]
    knots.append((-half - 16, hem + 30, 1))
    shades = folds_down(
        (-half, half), (-half - 14, half + 14), heights=(hem - 4, hem + 38), count=9, seed=cut.seed
    )
    return [Panel(trace(knots), shades=shades)]


def _shirt_front(cut: Cut, shape: str) -> list[Panel]:
    buttons = [Panel(ellipse(0, y, 4), paint="#d9a441") for y in np.arange(48, cut.hem_y - 30, 30)]
    band = Panel(trace([(-8, 34, 1), (8, 34, 1), (8, cut.hem_y - 2, 1), (-8, cut.hem_y - 2, 1)]))
    leaf = Panel(trace("0,28! 28,-10! 40,2 38,38! 10,40"))
    return [band, *buttons, *both(leaf), *_belted(cut, shape)]


SKIRTS: dict[str, Callable[[Cut, str], list[Panel]]] = {
    "belt": _belted,
    "tiers": _tiers,
    "slit": _slit,
    "ruffle hem": _ruffle,
    "shirt front": _shirt_front,
}

__all__ = ["BUST_Y", "FLARE", "LENGTHS", "UNDERARM", "draw_dress", "hem_half"]
