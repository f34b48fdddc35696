"""Draws trousers, jeans and shorts."""

from collections.abc import Callable

import numpy as np

from tools.sample_brand.body import ANKLE_Y, CROTCH_Y, HIP_Y, WAIST_Y
from tools.sample_brand.brand import BRASS
from tools.sample_brand.drawing import Knot, Path, brush, ellipse, mirrored, trace
from tools.sample_brand.piece import Panel, Piece, both
from tools.sample_brand.waists import back_of_waist, waistband

LEG = {
    "skinny": (40.0, 27.0),
    "straight": (50.0, 45.0),
    "wide leg": (62.0, 78.0),
    "flared": (42.0, 72.0),
    "tapered": (52.0, 32.0),
    "baggy": (60.0, 60.0),
}
"""Breadth of a leg at the knee and at the hem."""


def draw_trousers(
    leg: str, *, hem_y: float = ANKLE_Y, denim: bool = False, detail: str = "", seed: int = 0
) -> Piece:
    """Draw trousers, jeans or shorts: `leg` a key of `LEG`, `hem_y` the height of the hem."""
    knee, hem = LEG[leg]
    short = hem_y < CROTCH_Y + 120
    if short:
        hem = {"wide leg": 76.0, "baggy": 72.0}.get(leg, 66.0)
    inner = 9.0 if not short else 7.0
    inside = inner + max(0, (hem - 50) * -0.1)
    knots: list[Knot] = [(0, WAIST_Y + 3), (52, WAIST_Y, 1), (73, HIP_Y)]
    if not short:
        knots.append((inner + knee + 4, 440))
    knots += [(inside + hem, hem_y, 1), (inside + hem * 0.5, hem_y + 5), (inside, hem_y + 2, 1)]
    if not short:
        knots.append((inner + 1, 440))
    knots.append((0, CROTCH_Y + 6, 1))
    outline = trace(mirrored(knots))
    shades = _trouser_folds(inside + hem, hem_y, short, seed)
    trims = [
        (
            trace(
                [
                    (inside - 6, hem_y - 8),
                    (inside + hem * 0.5, hem_y - 5),
                    (inside + hem + 8, hem_y - 10),
                ],
                closed=False,
            ),
            14.0,
        )
    ]
    trims.append((trims[0][0] * np.array([-1.0, 1.0]), 14.0))
    fly = trace([(4, WAIST_Y + 6), (12, WAIST_Y + 62), (0, WAIST_Y + 84)], closed=False)
    seams = [trace([(0, WAIST_Y + 4), (0, CROTCH_Y + 6)], closed=False)]
    stitches: list[Path] = []
    pocket = trace([(28, WAIST_Y + 6), (38, WAIST_Y + 34), (70, WAIST_Y + 44)], closed=False)
    seams += [pocket, pocket * np.array([-1.0, 1.0])]
    if denim:
        away = pocket + np.array([0, 6])
        stitches = [fly, away, away * np.array([-1.0, 1.0])]
        stitches += [
            trace([(s * 64, HIP_Y + 10), (s * (inside + hem - 8), hem_y)], closed=False)
            for s in (-1, 1)
        ]
    fades = (
        tuple(
            brush(
                [
                    (s * 38 - 4, CROTCH_Y - 10),
                    (s * 40 - 4, (CROTCH_Y + hem_y) / 2),
                    (s * 40 - 4, hem_y - 60),
                ],
                20,
            )
            for s in (-1, 1)
        )
        if not short
        else ()
    )
    lights = fades if denim else tuple(f for f in fades[:1])
    front = Panel(
        outline,
        shades=shades,
        lights=lights,
        seams=tuple(seams),
        stitches=tuple(stitches),
        trims=tuple(trims),
        emblem=(-38, 244, 30),
    )
    panels = [
        back_of_waist(52),
        front,
        waistband(52),
        *TROUSER_DETAILS.get(detail, _plain)(hem_y),
    ]
    if denim:
        loops = [
            Panel(
                trace(
                    [
                        (x - 3, WAIST_Y - 13, 1),
                        (x + 3, WAIST_Y - 13, 1),
                        (x + 3, WAIST_Y + 10, 1),
                        (x - 3, WAIST_Y + 10, 1),
                    ]
                )
            )
            for x in (-34, 34)
        ]
        panels += [*loops, Panel(ellipse(0, WAIST_Y + 1, 5), paint=BRASS)]
    return Piece(tuple(panels))


def _trouser_folds(outer: float, hem_y: float, short: bool, seed: int) -> tuple[Path, ...]:
    folds = [
        brush([(2, CROTCH_Y), (26, CROTCH_Y - 16), (48, CROTCH_Y - 20)], 9, blunt=True),
        brush([(-2, CROTCH_Y), (-26, CROTCH_Y - 12), (-44, CROTCH_Y - 10)], 9, blunt=True),
    ]
    if not short:
        for s in (-1, 1):
            folds.append(brush([(s * 12, 432), (s * 30, 444), (s * 46, 440)], 9, blunt=True))
            folds.append(
                brush(
                    [(s * (outer - 4), hem_y - 34), (s * 34, hem_y - 26), (s * 22, hem_y - 32)],
                    9,
                    blunt=True,
                )
            )
        folds.append(brush([(56, CROTCH_Y + 20), (60, 380), (58, hem_y - 40)], 9))
    return tuple(folds)


def _plain(_: float) -> list[Panel]:
    return []


def _cargo(hem_y: float) -> list[Panel]:
    y = min(CROTCH_Y + 90, hem_y - 110)
    pocket = Panel(trace([(46, y, 1), (80, y, 1), (80, y + 52, 1), (46, y + 52, 1)]))
    flap = Panel(
        trace([(44, y - 8, 1), (82, y - 8, 1), (82, y + 12, 1), (63, y + 20, 1), (44, y + 12, 1)])
    )
    return [*both(pocket), *both(flap)]


def _creased(hem_y: float) -> list[Panel]:
    crease = Panel(
        brush([(40, WAIST_Y + 60), (44, 400), (46, hem_y - 20)], 5), tone=-0.8, inked=False
    )
    return list(both(crease))


def _drawstring(hem_y: float) -> list[Panel]:
    cord = Panel(
        trace(
            [
                (6, WAIST_Y + 4, 1),
                (12, WAIST_Y + 2, 1),
                (20, WAIST_Y + 56, 1),
                (13, WAIST_Y + 58, 1),
            ]
        ),
        paint="second",
    )
    return list(both(cord))


def _belted(hem_y: float) -> list[Panel]:
    band = Panel(
        trace(
            [
                (-54, WAIST_Y - 10, 1),
                (0, WAIST_Y - 5),
                (54, WAIST_Y - 10, 1),
                (55, WAIST_Y + 5, 1),
                (0, WAIST_Y + 10),
                (-55, WAIST_Y + 5, 1),
            ]
        ),
        paint="second",
    )
    return [
        band,
        Panel(
            trace(
                [
                    (-10, WAIST_Y - 9, 1),
                    (10, WAIST_Y - 9, 1),
                    (10, WAIST_Y + 13, 1),
                    (-10, WAIST_Y + 13, 1),
                ]
            ),
            paint=BRASS,
        ),
    ]


TROUSER_DETAILS: dict[str, Callable[[float], list[Panel]]] = {
    "cargo": _cargo,
    "creased": _creased,
    "drawstring": _drawstring,
    "belted": _belted,
}
