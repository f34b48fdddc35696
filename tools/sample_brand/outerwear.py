"""Draws jackets and coats: denim, biker, bomber, puffer, blazer, trench, cardigan."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.sample_brand.body import HIP_Y, UNDERARM, hem_path
from tools.sample_brand.brand import BRASS
from tools.sample_brand.cuts import Cut
from tools.sample_brand.drawing import Path, brush, ellipse, trace
from tools.sample_brand.piece import Panel, Piece, both
from tools.sample_brand.sleeves import sleeve_panels

HEMS = {"cropped": 162.0, "regular": 224.0, "long": 440.0}


def draw_jacket(
    style: str, length: str = "regular", *, opened: bool = False, seed: int = 0
) -> Piece:
    """Draw a jacket.

    Args:
        style: A key of `STYLES`.
        length: A key of `HEMS`.
        opened: Whether it hangs open, so that what is worn beneath shows.
        seed: Of its folds.
    """
    hem = HEMS[length]
    knitted = style in ("cardigan", "bomber")
    cut = Cut(
        sleeve="long sleeve",
        fit="boxy" if style != "blazer" else "regular",
        knitted=knitted,
        seed=seed,
    )
    gap = 30.0 if opened else 0.0
    half = _half_front(hem, gap, style)
    parts: list[Panel] = [_lining(hem, opened), *sleeve_panels(cut)]
    parts += [half.mirrored(), replace(half, emblem=(46.0, 112.0, 30.0))]
    if knitted:
        parts += _rib_hem(hem, gap)
    parts += STYLES[style](hem, gap)
    return Piece(tuple(parts))


def _half_front(hem: float, gap: float, style: str) -> Panel:
    wide = {"blazer": 76.0, "trench": 96.0}.get(style, 84.0)
    wide += max(0.0, (hem - HIP_Y) * 0.10)
    neck = 34.0
    inner = gap
    outline = trace(
        [
            (neck, -4, 1),
            (82, 18, 1),
            (75, 48),
            (82, UNDERARM[1], 1),
            (80 if style != "blazer" else 68, 150),
            (wide, hem, 1),
            (inner + (wide - inner) / 2, hem + 5),
            (inner, hem + 5, 1),
            (inner * 0.7 + 2, 90),
            (12 + gap * 0.5, 30, 1),
        ]
    )
    shades: tuple[Path, ...] = (
        brush("80,84 56,100 46,126", 10, blunt=True),
        brush(
            [(wide - 2, hem - 40), (wide * 0.7, hem - 46), (wide * 0.5, hem - 36)], 8, blunt=True
        ),
    )
    if hem > 300:
        shades += (
            brush([(60, hem), (62, 340), (60, 260)], 11, blunt=True),
            brush([(84, hem), (80, 360), (74, 300)], 9, blunt=True),
        )
    trims: tuple[tuple[Path, float], ...] = ()
    stitches: tuple[Path, ...] = ()
    if style not in ("cardigan", "bomber"):
        trims = (
            (
                trace(
                    [(inner - 8, hem - 9), (wide * 0.6, hem - 8), (wide + 8, hem - 12)],
                    closed=False,
                ),
                14.0,
            ),
        )
        stitches = (trace([(inner + 7, 60), (inner + 7, hem - 20)], closed=False),)
    return Panel(outline, shades=shades, stitches=stitches, trims=trims)


def _lining(hem: float, opened: bool) -> Panel:
    low = hem if opened else 60.0
    x = 60.0 if opened else 32.0
    if opened:
        return Panel(trace("-34,-4! 0,6 34,-4! 40,24! 0,30 -40,24!"), tone=-0.9)
    return Panel(trace([(-34, -4, 1), (0, 6), (34, -4, 1), (x, low, 1), (-x, low, 1)]), tone=-0.9)


def _rib_hem(hem: float, gap: float) -> list[Panel]:
    outline = trace([(gap, hem - 6, 1), (86, hem - 9, 1), (82, hem + 16, 1), (gap, hem + 19, 1)])
    trim = (trace([(gap - 6, hem - 5), (90, hem - 9)], closed=False), 11.0)
    return list(both(Panel(outline, ribbed=True, trims=(trim,))))


def _zip(hem: float, gap: float) -> list[Panel]:
    if gap:
        edge = Panel(
            trace([(gap - 2, 40, 1), (gap + 4, 40, 1), (gap + 4, hem, 1), (gap - 2, hem, 1)]),
            paint=BRASS,
        )
        return list(both(edge))
    return [
        Panel(trace([(-4, 34, 1), (4, 34, 1), (4, hem + 3, 1), (-4, hem + 3, 1)]), paint=BRASS),
        Panel(trace("-6,42! 6,42! 4,62! -4,62!"), paint=BRASS),
    ]


def _leaves(spread: float) -> list[Panel]:
    leaf = Panel(
        trace(
            [
                (10 + spread * 0.4, 30, 1),
                (30, -12, 1),
                (46, 0),
                (58 + spread * 0.2, 36, 1),
                (30 + spread * 0.3, 50, 1),
            ]
        )
    )
    stitched = replace(
        leaf,
        stitches=(
            trace([(46, -1), (54 + spread * 0.2, 34), (32 + spread * 0.3, 45)], closed=False),
        ),
    )
    return list(both(stitched))


def _denim(hem: float, gap: float) -> list[Panel]:
    pocket = Panel(
        trace("36,84! 68,84! 68,100! 52,110! 36,100!"),
        stitches=(trace("38,97 52,106 66,97", closed=False),),
    )
    buttons = [
        Panel(ellipse(gap + 8 if gap else 0, y, 4), paint=BRASS)
        for y in np.arange(60, hem - 16, 30)
    ]
    return [pocket.mirrored(), *buttons, *_leaves(gap)]


def _biker(hem: float, gap: float) -> list[Panel]:
    lapel = Panel(
        trace(
            [
                (10 + gap * 0.5, 60, 1),
                (24, 4, 1),
                (40, -6, 1),
                (66, 30, 1),
                (50, 78, 1),
                (20 + gap * 0.6, 112, 1),
            ]
        )
    )
    slash = Panel(trace("46,158! 72,148! 73,153! 47,163!"), paint="#c9ccd2")
    stud = [Panel(ellipse(x, 40, 3.4), paint="#c9ccd2") for x in (-46, 46)]
    return [*_zip(hem, gap), *both(slash), *both(lapel), *stud]


def _bomber(hem: float, gap: float) -> list[Panel]:
    neck = Panel(
        trace(
            [
                (12 + gap * 0.5, 32, 1),
                (32, -4, 1),
                (28, -18, 1),
                (44, -8, 1),
                (40, 12),
                (22 + gap * 0.5, 42, 1),
            ]
        ),
        ribbed=True,
    )
    slash = Panel(trace("52,176! 60,144! 65,146! 57,179!"), tone=-0.7)
    return [*_zip(hem, gap), *both(neck), *both(slash)]


def _puffer(hem: float, gap: float) -> list[Panel]:
    neck = Panel(
        trace(
            [(8 + gap * 0.5, 32, 1), (26, -26, 1), (42, -20, 1), (46, 8), (30 + gap * 0.4, 38, 1)]
        )
    )
    return [*_zip(hem, gap), *both(neck)]


def _blazer(hem: float, gap: float) -> list[Panel]:
    lapel = Panel(
        trace(
            [
                (4 + gap * 0.8, 138, 1),
                (26, -2, 1),
                (38, -10, 1),
                (58, 34, 1),
                (46, 46, 1),
                (58, 58, 1),
                (26 + gap * 0.6, 120),
            ]
        ),
        stitches=(trace([(54, 58), (26 + gap * 0.6, 112)], closed=False),),
    )
    flap = Panel(trace("36,178! 68,174! 69,188! 37,192!"))
    buttons = [Panel(ellipse(gap + 8 if gap else 0, y, 5), paint=BRASS) for y in (152, 180)]
    return [*both(flap), *both(lapel), *buttons]


def _trench(hem: float, gap: float) -> list[Panel]:
    belt = Panel(trace("-84,150! 0,158 84,150! 85,172! 0,180 -85,172!")) if not gap else None
    tail = Panel(trace("10,168! 30,176! 46,250! 28,254!"))
    buttons = (
        [Panel(ellipse(x, y, 5), paint=BRASS) for x in (-20, 20) for y in (100, 130, 206, 240)]
        if not gap
        else []
    )
    lapel = Panel(
        trace([(4 + gap * 0.8, 88, 1), (24, 0, 1), (40, -12, 1), (68, 30, 1), (48, 62, 1)])
    )
    closed = (
        [belt, tail, Panel(trace("-12,152! 14,152! 14,184! -12,184!"), paint=BRASS)] if belt else []
    )
    return [*buttons, *closed, *both(lapel)]


def _cardigan(hem: float, gap: float) -> list[Panel]:
    edge = Panel(
        trace(
            [
                (10 + gap * 0.4, 30, 1),
                (32, -6, 1),
                (40, -4, 1),
                (22 + gap * 0.5, 44),
                (gap + 10, 110),
                (gap + 10, hem + 16, 1),
                (gap - 2, hem + 18, 1),
                (gap - 2, 110),
            ]
        ),
        ribbed=True,
    )
    buttons = [
        Panel(ellipse(gap + 4 if gap else 4, y, 5), paint=BRASS) for y in np.arange(104, hem, 30)
    ]
    return [*both(edge), *buttons]


STYLES: dict[str, Callable[[float, float], list[Panel]]] = {
    "denim": _denim,
    "biker": _biker,
    "bomber": _bomber,
    "puffer": _puffer,
    "blazer": _blazer,
    "trench": _trench,
    "cardigan": _cardigan,
}

__all__ = ["HEMS", "STYLES", "draw_jacket", "hem_path"]
