"""Draws what is worn below the waist: skirts, trousers, jeans, shorts, bikinis."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.sample_brand.body import ANKLE_Y, CROTCH_Y, HIP_Y, LENGTHS, WAIST_Y, folds_down, hem_path
from tools.sample_brand.brand import BRASS
from tools.sample_brand.drawing import Knot, Path, brush, ellipse, mirrored, trace
from tools.sample_brand.piece import Panel, Piece, both

SKIRT_FLARE = {
    "straight": 0.02,
    "a-line": 0.30,
    "flared": 0.55,
    "pleated": 0.34,
    "pencil": -0.08,
    "wrap": 0.10,
    "tiered": 0.34,
}
LEG = {
    "skinny": (40.0, 27.0),
    "straight": (50.0, 45.0),
    "wide leg": (62.0, 78.0),
    "flared": (42.0, 72.0),
    "tapered": (52.0, 32.0),
    "baggy": (60.0, 60.0),
}
"""Breadth of a leg at the knee and at the hem."""


def draw_skirt(shape: str, length: str, detail: str = "", seed: int = 0) -> Piece:
    """Draw a skirt: `shape` a key of `SKIRT_FLARE`, `length` mini, midi or maxi."""
    hem = LENGTHS[length]
    waist = 52.0
    flare = SKIRT_FLARE[shape]
    half = max(70 + flare * (hem - HIP_Y), 52.0) + (14 if shape in ("flared", "tiered") else 0)
    hip_x = 72.0 if shape in ("straight", "pencil", "wrap") else 66 + flare * 25
    outline = trace(
        mirrored(
            [
                (0, WAIST_Y + 3),
                (waist, WAIST_Y, 1),
                (hip_x, HIP_Y - 10),
                (half, hem, 1),
                (half * 0.5, hem + 7),
                (0, hem + 9),
            ]
        )
    )
    count = {
        "straight": 2,
        "a-line": 5,
        "flared": 8,
        "pleated": 0,
        "pencil": 2,
        "wrap": 3,
        "tiered": 9,
    }[shape]
    shades: tuple[Path, ...] = (
        folds_down(
            (-waist, waist), (-half, half), heights=(WAIST_Y + 10, hem + 9), count=count, seed=seed
        )
        if count
        else ()
    )
    seams: tuple[Path, ...] = ()
    if shape == "pleated":
        at = np.linspace(-0.86, 0.86, 9)
        seams = tuple(
            trace([(s * waist, WAIST_Y + 18), (s * half, hem + 9)], closed=False) for s in at
        )
        shades = tuple(
            trace(
                [
                    (s * waist, WAIST_Y + 18, 1),
                    (s * half + half * 0.085, hem + 9, 1),
                    (s * half, hem + 9, 1),
                ]
            )
            for s in at
        )
    lights = (
        brush(
            [
                (-waist * 0.6, WAIST_Y + 30),
                (-half * 0.6, (WAIST_Y + hem) / 2),
                (-half * 0.66, hem - 40),
            ],
            10,
        ),
    )
    trims = [(hem_path(half + 4, hem - 10, dip=9), 15.0)]
    if shape == "tiered":
        for share in (0.36, 0.68):
            y, x = WAIST_Y + (hem - WAIST_Y) * share, waist + (half - waist) * share + 6
            seams += (trace([(-x, y), (0, y + 9), (x, y)], closed=False),)
            shades += folds_down(
                (-x, x), (-x * 1.1, x * 1.1), heights=(y + 4, y + 46), count=9, seed=seed + 1
            )
    front = Panel(
        outline,
        shades=shades,
        lights=lights,
        seams=seams,
        stitches=(hem_path(half + 4, hem - 25, dip=9),),
        trims=tuple(trims),
        emblem=(34 if shape != "pleated" else 30, HIP_Y - 26, 30),
    )
    panels = [
        _back_of_waist(waist),
        front,
        _waistband(waist),
        *SKIRT_DETAILS.get(detail, _nothing)(half, hem),
    ]
    return Piece(tuple(panels))


def _nothing(_: float, __: float) -> list[Panel]:
    return []


def _back_of_waist(half: float) -> Panel:
    return Panel(
        trace(
            [
                (-half, WAIST_Y - 12, 1),
                (0, WAIST_Y - 17),
                (half, WAIST_Y - 12, 1),
                (half, WAIST_Y + 4, 1),
                (-half, WAIST_Y + 4, 1),
            ]
        ),
        tone=-0.9,
    )


def _waistband(half: float) -> Panel:
    outline = trace(
        [
            (-half, WAIST_Y - 12, 1),
            (0, WAIST_Y - 7),
            (half, WAIST_Y - 12, 1),
            (half + 3, WAIST_Y + 6, 1),
            (0, WAIST_Y + 11),
            (-half - 3, WAIST_Y + 6, 1),
        ]
    )
    stitched = (
        trace([(-half - 2, WAIST_Y + 2), (0, WAIST_Y + 7), (half + 2, WAIST_Y + 2)], closed=False),
    )
    return Panel(outline, stitches=stitched)


def _slit(half: float, hem: float) -> list[Panel]:
    top = HIP_Y + (hem - HIP_Y) * 0.3
    return [
        Panel(
            trace([(-half * 0.40, top, 1), (-half * 0.30, hem + 9, 1), (-half * 0.62, hem + 6, 1)]),
            paint="#f3d5b8",
        )
    ]


def _buttoned(half: float, hem: float) -> list[Panel]:
    band = Panel(
        trace([(-8, WAIST_Y + 8, 1), (8, WAIST_Y + 8, 1), (8, hem + 8, 1), (-8, hem + 8, 1)])
    )
    return [
        band,
        *[Panel(ellipse(0, y, 5), paint=BRASS) for y in np.arange(WAIST_Y + 20, hem - 14, 28)],
    ]


def _pockets(half: float, hem: float) -> list[Panel]:
    pocket = Panel(trace("24,176! 58,172! 60,212! 42,220! 26,214!"))
    return [pocket.mirrored(), Panel(ellipse(0, WAIST_Y + 1, 5), paint=BRASS)]


def _ruffled(half: float, hem: float) -> list[Panel]:
    knots: list[Knot] = [
        (-half, hem - 6, 1),
        (0, hem + 2),
        (half, hem - 6, 1),
        (half + 16, hem + 28, 1),
    ]
    knots += [
        ((half + 16) * (1 - (number + 0.5) / 4), hem + 34 + (7 if number % 2 else -3))
        for number in range(8)
    ]
    knots.append((-half - 16, hem + 28, 1))
    shades = folds_down(
        (-half, half), (-half - 14, half + 14), heights=(hem - 4, hem + 36), count=9, seed=3
    )
    return [Panel(trace(knots), shades=shades)]


def _tie(half: float, hem: float) -> list[Panel]:
    loop = Panel(trace("-44,158! -66,146 -82,160 -66,172"))
    tail = Panel(trace("-46,160! -52,196 -66,222! -50,220! -40,186"))
    fold = Panel(brush([(46, 164), (10, 220), (-20, hem)], 8), tone=-0.8, inked=False)
    return [fold, tail, loop, Panel(ellipse(-45, 160, 7))]


SKIRT_DETAILS: dict[str, Callable[[float, float], list[Panel]]] = {
    "slit": _slit,
    "buttons": _buttoned,
    "pockets": _pockets,
    "ruffle hem": _ruffled,
    "tie": _tie,
}


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
        _back_of_waist(52),
        front,
        _waistband(52),
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


def draw_bikini_bottom(tied: bool = False) -> Piece:
    """Draw a bikini bottom."""
    outline = trace(
        mirrored(
            [(0, 214), (40, 210), (70, 204, 1), (72, 232, 1), (44, 250), (17, 290, 1), (0, 294)]
        )
    )
    front = Panel(
        outline,
        shades=(brush("60,226 30,236 8,270", 9), brush("-60,222 -34,228 -10,238", 7)),
        lights=(brush("-40,214 -20,232 -8,260", 7),),
        trims=((trace("-74,210 -40,217 0,221 40,217 74,210", closed=False), 6.5),),
        emblem=(24, 240, 14),
    )
    back = Panel(trace("-70,204! 0,198 70,204! 60,222! 0,226 -60,222!"), tone=-0.7)
    panels = [back, front]
    if tied:
        loop = Panel(trace("71,214! 92,200 100,212 90,222"))
        tail = Panel(trace("71,216! 84,240 88,262! 80,262! 74,242"))
        panels += [*both(tail), *both(loop)]
    return Piece(tuple(panels))


def draw_bikini_top(shape: str = "triangle") -> Piece:
    """Draw a bikini top: "triangle" or "bandeau"."""
    if shape == "bandeau":
        outline = trace(
            mirrored([(0, 76), (30, 66), (64, 64, 1), (64, 104, 1), (30, 110), (0, 104)])
        )
        front = Panel(
            outline,
            shades=(brush("0,78 6,90 0,104", 9), brush("60,76 34,80 14,90", 7, blunt=True)),
            lights=(brush("-44,76 -28,84 -34,98", 8),),
            trims=((trace("-66,98 -30,104 0,98 30,104 66,98", closed=False), 6.0),),
            emblem=(38, 82, 15),
        )
        return Piece((front,))
    cup = Panel(
        trace("30,26! 60,84 62,104! 30,108 4,104! 10,70"),
        shades=(brush("54,100 44,76 34,48", 8),),
        lights=(brush("18,96 20,76 28,52", 7),),
        trims=((trace("2,98 30,103 64,98", closed=False), 6.5),),
    )
    strap = Panel(trace("28,30! 24,-28! 30,-29! 34,30!"))
    cord = Panel(trace("-66,101! 66,101! 66,107! -66,107!"))
    return Piece((*both(strap), cord, cup.mirrored(), replace(cup, emblem=(36, 80, 14))))
