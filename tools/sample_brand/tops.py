"""Draws tops: t-shirts, blouses, corsets, knitwear, by neckline, sleeve, length and fit."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tools.sample_brand.body import (
    LENGTHS,
    SHOULDER,
    UNDERARM,
    folds_down,
    hem_path,
    side,
    torso_folds,
)
from tools.sample_brand.brand import BRASS
from tools.sample_brand.drawing import Knot, Path, brush, ellipse, mirrored, trace
from tools.sample_brand.piece import Panel, Piece, both


@dataclass(frozen=True)
class Cut:
    """The shape of a garment for the upper body; words as the shop says them."""

    neckline: str = "crew neck"
    sleeve: str = "short sleeve"
    length: str = "regular"
    fit: str = "regular"
    detail: str = ""
    knitted: bool = False
    seed: int = 0

    @property
    def hem_y(self) -> float:
        """Height of the hem."""
        return LENGTHS[self.length]


NECKLINES: dict[str, list[Knot]] = {
    "crew neck": [(0, 24), (24, 15), (33, -3, 1)],
    "scoop neck": [(0, 56), (28, 42), (40, -1, 1)],
    "v-neck": [(0, 72, 1), (34, -2, 1)],
    "square neck": [(0, 48), (44, 48, 1), (48, 2, 1)],
    "boat neck": [(0, 14), (34, 9), (54, 4, 1)],
    "turtleneck": [(0, 8), (18, 6), (27, -2, 1)],
    "cowl neck": [(0, 58), (26, 34), (46, 2, 1)],
    "collar": [(0, 30, 1), (29, -4, 1)],
    "sweetheart": [(0, 84, 1), (22, 62), (44, 58), (57, 62, 1)],
    "strapless": [(0, 62), (30, 61), (59, 58, 1)],
    "straps": [(0, 74, 1), (24, 58), (42, 48, 1), (50, 50, 1)],
    "halter": [(0, 66, 1), (20, 20), (24, -4, 1), (33, -4, 1)],
    "off-shoulder": [(0, 50), (40, 46), (74, 40, 1)],
}

BARE = {"strapless", "sweetheart", "straps", "halter", "off-shoulder"}
"""Necklines that leave the shoulders free."""


def outline_half(cut: Cut) -> list[Knot]:
    """Give the right half of the front, from the neckline's middle to the hem's."""
    half = list(NECKLINES[cut.neckline])
    under = (side(UNDERARM[1], cut.fit), UNDERARM[1])
    if cut.neckline == "halter":
        half += [(44, 44), (under[0], under[1], 1)]
    elif cut.neckline == "off-shoulder":
        half += [(under[0], under[1], 1)]
    elif cut.neckline in BARE:
        half += [(under[0] - 1, under[1], 1)]
    elif cut.sleeve in ("sleeveless",):
        half += [(60, 6, 1), (52, 40), (under[0], under[1], 1)]
    else:
        drop = 8 if cut.fit in ("boxy", "oversized") else 0
        half += [
            (SHOULDER[0] + drop, SHOULDER[1] + drop * 0.4, 1),
            (66 + drop, 46),
            (under[0], under[1], 1),
        ]
    hem = cut.hem_y
    middle = (under[1] + hem) / 2
    half += [(side(middle, cut.fit), middle), (side(hem, cut.fit), hem, 1), (0, hem + 6)]
    return half


def asymmetric(outline: Path) -> Path:
    """Take one shoulder away: cut from the left shoulder to the right underarm."""
    limit = np.interp(outline[:, 0], [-80, -30, 66], [-10, 2, 80])
    return np.stack([outline[:, 0], np.maximum(outline[:, 1], limit)], axis=1)


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
    panels += _finish(cut)
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


def _finish(cut: Cut) -> list[Panel]:
    parts: list[Panel] = []
    hem, half = cut.hem_y, side(cut.hem_y, cut.fit)
    if cut.knitted:
        parts.append(
            Panel(
                trace(
                    [
                        (-half - 1, hem - 10, 1),
                        (0, hem - 5),
                        (half + 1, hem - 10, 1),
                        (half - 4, hem + 12, 1),
                        (0, hem + 17),
                        (-half + 4, hem + 12, 1),
                    ]
                ),
                ribbed=True,
            )
        )
        parts[-1] = replace(parts[-1], trims=((hem_path(half + 3, hem - 10), 10.0),))
    if cut.neckline == "turtleneck":
        parts.append(
            Panel(
                trace("-28,-32! 0,-28 28,-32! 31,2! 0,14 -31,2!"),
                ribbed=True,
                shades=(brush("26,-20 8,-12 -6,-14", 6, blunt=True),),
            )
        )
    elif cut.neckline in ("crew neck", "boat neck") and cut.detail != "plain neck":
        knots = NECKLINES[cut.neckline]
        ring = trace(
            [
                (-knots[2][0], knots[2][1], 1),
                (-knots[1][0], knots[1][1]),
                knots[0],
                (knots[1][0], knots[1][1]),
                knots[2],
            ],
            closed=False,
        )
        outer = ring * np.array([1.14, 1.0]) + np.array([0, 8])
        parts.append(Panel(np.concatenate([ring, outer[::-1]]), ribbed=True))
    elif cut.neckline == "cowl neck":
        for depth in (58, 38):
            fold = brush([(-44, 6), (-20, depth - 6), (0, depth + 4), (22, depth - 8), (44, 4)], 9)
            parts.append(Panel(fold, tone=-0.55, inked=False))
    elif cut.neckline == "off-shoulder":
        parts.append(
            Panel(
                trace("-78,36! -40,42 0,46 40,42 78,36! 80,62! 40,70 0,74 -40,70 -80,62!"),
                shades=(brush("-60,58 -20,64 20,58", 6), brush("70,48 40,56 20,54", 6, blunt=True)),
                ribbed=cut.knitted,
            )
        )
    if cut.detail in DETAILS:
        parts += DETAILS[cut.detail](cut)
    return parts


def _bow(cut: Cut) -> list[Panel]:
    y = 66.0
    loop = Panel(
        trace([(0, y, 1), (26, y - 18), (36, y - 2), (26, y + 14)]),
        shades=(brush([(2, y), (14, y - 2), (24, y + 2)], 5, blunt=True),),
    )
    tail = Panel(trace([(0, y, 1), (14, y + 24), (22, y + 44, 1), (8, y + 40, 1), (2, y + 20)]))
    return [*both(tail), *both(loop), Panel(ellipse(0, y, 7))]


def _buttons(cut: Cut) -> list[Panel]:
    line = Panel(trace([(-7, 32, 1), (7, 32, 1), (7, cut.hem_y + 4, 1), (-7, cut.hem_y + 4, 1)]))
    return [line] + [
        Panel(ellipse(0, y, 4), paint=BRASS) for y in np.arange(46, cut.hem_y - 16, 26)
    ]


def _ruffle(cut: Cut) -> list[Panel]:
    hem, half = cut.hem_y, side(cut.hem_y, cut.fit)
    knots: list[Knot] = [
        (-half + 2, hem - 6, 1),
        (0, hem),
        (half - 2, hem - 6, 1),
        (half + 14, hem + 26, 1),
    ]
    for number in range(6):
        x = (half + 14) * (1 - (number + 0.5) / 3)
        knots.append((x, hem + 30 + (6 if number % 2 else -2)))
    knots.append((-half - 14, hem + 26, 1))
    shades = folds_down(
        (-half, half), (-half - 12, half + 12), heights=(hem - 4, hem + 32), count=7, seed=cut.seed
    )
    return [Panel(trace(knots), shades=shades)]


def _sash(cut: Cut) -> list[Panel]:
    sash = trace("-54,92! 0,116 56,146! 50,168! -4,138 -60,118!")
    tail = trace("50,146! 72,186 70,232! 54,226! 48,180")
    return [
        Panel(tail, shades=(brush("56,160 62,190 60,220", 6),)),
        Panel(sash, shades=(brush("-50,106 0,126 48,158", 7),)),
    ]


def _peter_pan(cut: Cut) -> list[Panel]:
    leaf = Panel(trace("0,30! 20,14 32,-6! 48,6 42,32 18,44"), paint="second")
    return list(both(leaf))


def _collar(cut: Cut) -> list[Panel]:
    leaf = Panel(trace("0,28! 28,-10! 40,2 38,38! 10,40"))
    stitched = replace(leaf, stitches=(trace("6,33 33,32 36,4", closed=False),))
    return [*_buttons(cut), *both(stitched)]


def _pocket(cut: Cut) -> list[Panel]:
    return [Panel(trace("-48,96! -18,96! -18,126! -33,134! -48,126!"))]


def _hood(cut: Cut) -> list[Panel]:
    hood = trace("-36,6! -50,-26 -28,-56 0,-64 28,-56 50,-26 36,6! 18,24 0,32 -18,24")
    inside = trace("-24,4 -30,-22 0,-44 30,-22 24,4 0,24")
    pouch = trace("-30,164! 30,164! 46,206! -46,206!")
    cord = Panel(trace("13,18! 18,20! 20,70! 14,70!"), paint="second")
    return [Panel(hood), Panel(inside, tone=-0.9), Panel(pouch), *both(cord)]


DETAILS: dict[str, Callable[[Cut], list[Panel]]] = {
    "bow": _bow,
    "buttons": _buttons,
    "ruffle hem": _ruffle,
    "sash": _sash,
    "contrast collar": _peter_pan,
    "collar": _collar,
    "pocket": _pocket,
    "hood": _hood,
}
