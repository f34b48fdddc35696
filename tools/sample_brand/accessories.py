"""Draws belts and scarves."""

import numpy as np

from tools.sample_brand.brand import BRASS, INK
from tools.sample_brand.drawing import Path, brush, ellipse, trace
from tools.sample_brand.piece import Panel, Piece


def draw_belt() -> Piece:
    """Draw a buckled belt, rolled once."""
    back = _ring(0, -14, 84, 34, 30)
    front = trace("-86,-14! -78,14 0,34 78,14 86,-14! 86,18! 78,46 0,68 -78,46 -86,18!")
    buckle = trace("-28,24! 28,24! 28,76! -28,76!")
    tail = trace("26,34! 78,22 104,40! 110,58! 80,52 28,66!")
    holes = tuple(Panel(ellipse(-46 - 14 * k, 39 - 4 * k, 3), paint=INK) for k in range(3))
    stitched = (
        trace("-84,12 -76,39 0,61 76,39 84,12", closed=False),
        trace("-84,-6 -76,20 0,41 76,20 84,-6", closed=False),
    )
    return Piece(
        (
            Panel(back, tone=-0.4),
            Panel(
                front,
                stitches=stitched,
                lights=(brush("-76,14 -40,34 -30,38", 8),),
                shades=(brush("84,10 64,36 40,44", 10),),
            ),
            *holes,
            Panel(tail, shades=(brush("40,60 80,48 108,56", 6),)),
            Panel(buckle, paint=BRASS),
            Panel(trace("-17,36! 17,36! 17,64! -17,64!")),
            Panel(ellipse(0, 50, 1), inked=False, emblem=(0, 50, 44)),
        )
    )


def _ring(x: float, y: float, rx: float, ry: float, height: float) -> Path:
    upper = trace(
        [
            (x - rx, y, 1),
            (x - rx * 0.7, y - ry * 0.7),
            (x, y - ry),
            (x + rx * 0.7, y - ry * 0.7),
            (x + rx, y, 1),
        ],
        closed=False,
    )
    lower = upper * np.array([0.99, 0.9]) + np.array([0, height - 3])
    return np.concatenate([upper, lower[::-1]])


def draw_scarf() -> Piece:
    """Draw a knotted scarf with fringe."""
    loop = trace("-60,-70 0,-84 60,-70 74,-40 40,-16 0,-8 -40,-16 -74,-40")
    hole = trace("-38,-58 0,-66 38,-58 42,-46 0,-36 -42,-46")
    tails = [
        trace(
            [
                (s * 4, -22, 1),
                (s * 34, -20, 1),
                (s * 50 + 4, 60),
                (s * 58, 130, 1),
                (s * 10, 134, 1),
                (s * 6, 60),
            ]
        )
        for s in (-1, 1)
    ]
    parts: list[Panel] = []
    for s, tail in zip((-1, 1), tails, strict=True):
        for k in range(5):
            x = s * (14 + 10 * k)
            parts.append(
                Panel(trace([(x - 4, 128, 1), (x + 4, 128, 1), (x + 3, 152, 1), (x - 3, 152, 1)]))
            )
        trims = (
            (
                trace(
                    [(s * 4, 114), (s * 64, 110)] if s > 0 else [(-64, 110), (-4, 114)],
                    closed=False,
                ),
                15.0,
            ),
        )
        folds = (
            brush([(s * 14, -10), (s * 26, 50), (s * 28, 104)], 7, blunt=True),
            brush([(s * 30, 0), (s * 42, 60), (s * 46, 100)], 6),
        )
        parts.append(Panel(tail, shades=folds, trims=trims, emblem=(36, 62, 34) if s > 0 else None))
    ring = Panel(
        loop,
        shades=(brush("-66,-36 0,-16 64,-38", 6), brush("60,-62 66,-44 40,-26", 7)),
        lights=(brush("-50,-66 0,-76 40,-70", 7),),
    )
    knot = Panel(
        trace("-22,-30 0,-36 22,-30 24,-4 0,6 -24,-4"), shades=(brush("10,-30 6,-14 10,2", 6),)
    )
    return Piece((*parts, ring, Panel(hole, tone=-0.3), knot))
