"""Draws tops: t-shirts, blouses, corsets, knitwear, from their cut."""

from dataclasses import replace

from tools.sample_brand.body import (
    hem_path,
    side,
    torso_folds,
)
from tools.sample_brand.cuts import BARE, NECKLINES, Cut, asymmetric, outline_half
from tools.sample_brand.drawing import Knot, Path, brush, mirrored, trace
from tools.sample_brand.finishes import finish_panels
from tools.sample_brand.piece import Panel, Piece, both
from tools.sample_brand.sleeves import sleeve_panels


def draw_top(cut: Cut) -> Piece:
    """Draw a garment for the upper body from its cut."""
    one_shoulder = cut.neckline == "one shoulder"
    shape = replace(cut, neckline="boat neck", sleeve="sleeveless") if one_shoulder else cut
    front = trace(mirrored(outline_half(shape)))
    if one_shoulder:
        front = asymmetric(front)
    panels: list[Panel] = []
    if cut.neckline not in BARE and not one_shoulder:
        panels.append(_back_of_neck(cut))
    panels += sleeve_panels(cut, one_shoulder=one_shoulder)
    panels += _straps(cut)
    panels.append(_front(cut, front))
    panels += finish_panels(cut)
    return Piece(tuple(panels), print_at=(0, 82, 62) if cut.length == "cropped" else (0, 112, 84))


def _front(cut: Cut, outline: Path) -> Panel:
    hem, half = cut.hem_y, side(cut.hem_y, cut.fit)
    shades = torso_folds(hem, half, cut.seed)
    if cut.fit in ("bodycon", "fitted") and cut.length != "cropped":
        shades += (brush("50,150 24,158 2,154", 8, blunt=True),)
    if cut.detail == "corset":
        shades = ()
    trims = () if cut.knitted else ((hem_path(half + 3, hem - 9), 13.0),)
    stitches = () if cut.knitted else (hem_path(half + 3, hem - 22),)
    seams: tuple[Path, ...] = ()
    if cut.detail == "corset":
        seams = tuple(
            trace([(x * 0.9, 66), (x * 0.78, 116), (x, hem + 4)], closed=False)
            for x in (-38, -14, 14, 38)
        )
    lights = (brush([(-30, 92), (-36, 124), (-30, min(hem - 26, 190))], 9),)
    emblem = (
        None
        if cut.detail in ("print", "corset")
        else (36.0 if cut.neckline != "sweetheart" else 30.0, 102.0, 34.0)
    )
    return Panel(
        outline,
        shades=shades,
        lights=lights,
        seams=seams,
        stitches=stitches,
        trims=trims,
        emblem=emblem,
    )


def _back_of_neck(cut: Cut) -> Panel:
    knots = NECKLINES[cut.neckline]
    x, y = knots[-1][:2]
    back: list[Knot] = [(-x, y, 1), (-x * 0.5, y + 7), (x * 0.5, y + 7), (x, y, 1)]
    lowered: list[Knot] = [
        (kx * 1.04, ky + 7, 1) for kx, ky in (k[:2] for k in reversed(knots[:-1]))
    ]
    return Panel(
        trace([*back, *lowered, *((-k[0], k[1], 1) for k in reversed(lowered[:-1]))]), tone=-0.85
    )


def _straps(cut: Cut) -> list[Panel]:
    if cut.neckline == "straps":
        strap = Panel(trace("40,50! 30,-18! 37,-19! 48,52!"))
        return list(both(strap))
    if cut.neckline == "halter":
        loop = trace("-33,-3! -20,-22 0,-28 20,-22 33,-3! 24,-3! 14,-14 0,-18 -14,-14 -24,-3!")
        return [Panel(loop, tone=-0.5)]
    return []
