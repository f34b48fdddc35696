"""Draws sleeves: long, short, capped, puffed, belled."""

from collections.abc import Callable

from tools.sample_brand.body import (
    SHOULDER,
    UNDERARM,
    side,
)
from tools.sample_brand.cuts import Cut
from tools.sample_brand.drawing import brush, trace
from tools.sample_brand.piece import Panel, both


def sleeve_panels(cut: Cut, *, one_shoulder: bool = False) -> list[Panel]:
    """Draw both sleeves, or none."""
    shape = SLEEVES.get(cut.sleeve)
    if shape is None or one_shoulder:
        return []
    return [panel for part in shape(cut) for panel in both(part)]


def _long(cut: Cut) -> list[Panel]:
    sx, sy = SHOULDER if cut.neckline != "off-shoulder" else (70.0, 44.0)
    ux = side(UNDERARM[1], cut.fit)
    loose = 6.0 if cut.fit in ("boxy", "oversized") else 0.0
    cuff_y = 240.0
    outline = trace(
        [
            (sx + loose, sy, 1),
            (100 + loose, 54),
            (118 + loose, 140),
            (128 + loose, cuff_y, 1),
            (104, cuff_y + 9, 1),
            (90, 160),
            (ux - 2, UNDERARM[1] + 4, 1),
            (46, 40, 1),
        ]
    )
    folds = (
        brush([(ux + 4, 92), (92, 104), (108 + loose, 100)], 9, blunt=True),
        brush([(94, 176), (110, 168), (122 + loose, 172)], 9, blunt=True),
        brush("100,214 112,206 126,212", 7),
    )
    trim = (trace([(102, cuff_y - 3), (129 + loose, cuff_y - 12)], closed=False), 12.0)
    parts = [Panel(outline, shades=folds, trims=() if cut.knitted else (trim,))]
    if cut.knitted:
        parts.append(
            Panel(
                trace([(101, 238, 1), (129 + loose, 229, 1), (129 + loose, 250, 1), (105, 260, 1)]),
                ribbed=True,
            )
        )
    return parts


def _short(cut: Cut) -> list[Panel]:
    sx, sy = SHOULDER
    loose = 9.0 if cut.fit in ("boxy", "oversized") else 0.0
    ux = side(UNDERARM[1], cut.fit)
    drop = loose * 1.4
    outline = trace(
        [
            (sx + loose - 4, sy, 1),
            (100 + loose, 40),
            (122 + loose, 76 + drop, 1),
            (94 + loose * 0.6, 100 + drop, 1),
            (ux - 3, UNDERARM[1], 1),
            (46, 40, 1),
        ]
    )
    folds = (brush([(ux + 2, 82), (84, 76), (100, 62)], 9, blunt=True),)
    trim = (trace([(119 + loose, 70 + drop), (91 + loose * 0.6, 93 + drop)], closed=False), 11.0)
    return [Panel(outline, shades=folds, trims=(trim,))]


def _cap(cut: Cut) -> list[Panel]:
    outline = trace("68,10! 88,26 98,50! 80,62 64,70!")
    return [Panel(outline, shades=(brush("66,60 80,46 88,34", 8, blunt=True),))]


def _puff(cut: Cut) -> list[Panel]:
    sx, sy = (70.0, 14.0) if cut.neckline != "off-shoulder" else (68.0, 42.0)
    outline = trace(
        [
            (sx - 6, sy, 1),
            (98, sy - 10),
            (128, sy + 22),
            (128, sy + 70),
            (112, sy + 92, 1),
            (80, sy + 98, 1),
            (66, sy + 78),
            (60, sy + 60, 1),
        ]
    )
    folds = tuple(
        brush(
            [(84 + i * 12, sy + 92), (86 + i * 14, sy + 60), (88 + i * 9, sy + 38)], 8, blunt=True
        )
        for i in range(3)
    )
    cuff = Panel(
        trace([(113, sy + 88, 1), (79, sy + 95, 1), (80, sy + 107, 1), (114, sy + 101, 1)])
    )
    return [Panel(outline, shades=folds), cuff]


def _bell(cut: Cut) -> list[Panel]:
    sx, sy = SHOULDER if cut.neckline != "off-shoulder" else (70.0, 44.0)
    ux = side(UNDERARM[1], cut.fit)
    outline = trace(
        [
            (sx, sy, 1),
            (102, 60),
            (112, 130),
            (154, 236, 1),
            (126, 250),
            (98, 246, 1),
            (90, 160),
            (ux - 2, UNDERARM[1] + 4, 1),
            (46, 40, 1),
        ]
    )
    folds = (
        brush("114,246 110,200 104,158", 10, blunt=True),
        brush("136,242 124,200 114,170", 8, blunt=True),
        brush([(ux + 4, 92), (92, 104), (104, 100)], 8, blunt=True),
    )
    trim = (trace("96,238 126,242 152,228", closed=False), 12.0)
    return [Panel(outline, shades=folds, trims=(trim,))]


SLEEVES: dict[str, Callable[[Cut], list[Panel]]] = {
    "long sleeve": _long,
    "short sleeve": _short,
    "cap sleeve": _cap,
    "puff sleeve": _puff,
    "bell sleeve": _bell,
}
