"""Draws skirts: straight, flared, wrapped, tiered."""

from collections.abc import Callable

import numpy as np

from tools.sample_brand.body import HIP_Y, LENGTHS, WAIST_Y, folds_down, hem_path
from tools.sample_brand.brand import BRASS
from tools.sample_brand.drawing import Knot, Path, brush, ellipse, mirrored, trace
from tools.sample_brand.piece import Panel, Piece
from tools.sample_brand.waists import back_of_waist, waistband

SKIRT_FLARE = {
    "straight": 0.02,
    "a-line": 0.30,
    "flared": 0.55,
    "pleated": 0.34,
    "pencil": -0.08,
    "wrap": 0.10,
    "tiered": 0.34,
}


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
        back_of_waist(waist),
        front,
        waistband(waist),
        *SKIRT_DETAILS.get(detail, _nothing)(half, hem),
    ]
    return Piece(tuple(panels))


def _nothing(_: float, __: float) -> list[Panel]:
    return []


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
