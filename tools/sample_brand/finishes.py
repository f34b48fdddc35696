"""Draws what finishes a top: ribs, collars, buttons, bows, hoods."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.sample_brand.body import (
    folds_down,
    hem_path,
    side,
)
from tools.sample_brand.brand import BRASS
from tools.sample_brand.cuts import NECKLINES, Cut
from tools.sample_brand.drawing import Knot, brush, ellipse, trace
from tools.sample_brand.piece import Panel, both


def finish_panels(cut: Cut) -> list[Panel]:
    """Draw hem, neckline and the detail of a cut."""
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
