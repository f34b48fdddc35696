"""Draws hats, bags, shoes, belts, scarves and gloves, each about its own middle."""

import numpy as np

from tools.sample_brand.brand import BRASS, CREAM, INK
from tools.sample_brand.drawing import Path, Placement, brush, ellipse, trace
from tools.sample_brand.piece import Panel, Piece


def draw_bucket_hat() -> Piece:
    """Draw a bucket hat."""
    brim = trace("-52,8! -88,44 -92,58! -50,76 0,82 50,76 92,58! 88,44 52,8! 0,18")
    under = trace("-92,58! 0,48 92,58! 50,78 0,84 -50,78")
    crown = trace("-50,12! -45,-40 -32,-58! 0,-62 32,-58! 45,-40 50,12! 0,22")
    rows = tuple(
        trace(
            [(-64 - 12 * k, 20 + 15 * k), (0, 32 + 15 * k), (64 + 12 * k, 20 + 15 * k)],
            closed=False,
        )
        for k in range(3)
    )
    return Piece(
        (
            Panel(under, tone=-0.8),
            Panel(
                brim,
                stitches=rows,
                shades=(brush("30,24 52,46 60,70", 10), brush("-40,26 -56,44 -64,62", 7)),
            ),
            Panel(
                crown,
                shades=(
                    brush("46,6 36,-20 30,-50", 12, blunt=True),
                    brush("-20,-52 -24,-30 -14,-14", 7),
                ),
                lights=(brush("-34,0 -32,-24 -26,-44", 9),),
                trims=((trace("-54,2 0,12 54,2", closed=False), 15.0),),
                emblem=(4, -26, 34),
            ),
        )
    )


def draw_cap() -> Piece:
    """Draw a baseball cap."""
    crown = trace("-70,34! -66,-18 -30,-56 14,-58 48,-34 58,24! 0,36")
    peak = trace("-8,32! 30,24 58,20! 104,36 118,54! 84,58 34,52 -4,50!")
    seams = (
        trace("-6,-60 4,-20 2,34", closed=False),
        trace("-12,-58 -46,-20 -50,34", closed=False),
    )
    return Piece(
        (
            Panel(ellipse(-8, -59, 7, 5)),
            Panel(
                crown,
                seams=seams,
                shades=(brush("54,18 40,-14 22,-44", 13, blunt=True),),
                lights=(brush("-56,8 -48,-22 -30,-42", 9),),
                trims=((trace("-72,28 0,31 60,19", closed=False), 13.0),),
                emblem=(26, -16, 34),
            ),
            Panel(
                peak,
                stitches=(
                    trace("4,44 50,44 104,50", closed=False),
                    trace("10,38 50,37 96,43", closed=False),
                ),
                shades=(brush("10,50 60,54 110,54", 8),),
            ),
        )
    )


def draw_beanie() -> Piece:
    """Draw a knitted beanie with a pompom."""
    crown = trace("-62,22! -58,-26 -28,-62 0,-68 28,-62 58,-26 62,22!")
    cuff = trace("-66,12! 0,20 66,12! 66,48! 0,56 -66,48!")
    return Piece(
        (
            Panel(ellipse(0, -80, 24), paint="second", shades=(brush("14,-66 20,-80 14,-94", 9),)),
            Panel(crown, ribbed=True, shades=(brush("54,10 46,-24 26,-50", 13, blunt=True),)),
            Panel(
                cuff,
                ribbed=True,
                trims=((trace("-70,42 0,50 70,42", closed=False), 12.0),),
                emblem=(0, 30, 32),
            ),
        )
    )


def draw_beret() -> Piece:
    """Draw a beret."""
    crown = trace("-84,10 -70,-30 -20,-52 40,-48 84,-18 88,12 52,34 -46,36")
    band = trace("-46,26! 0,34 50,24! 48,44! 0,54 -44,46!")
    return Piece(
        (
            Panel(trace("-2,-50! 0,-68! 6,-68! 8,-50!")),
            Panel(
                crown,
                shades=(brush("80,4 40,22 -10,22", 13), brush("30,-30 50,-12 66,-6", 8)),
                lights=(brush("-60,-6 -40,-30 -8,-38", 10),),
                emblem=(38, -10, 32),
            ),
            Panel(band, trims=((trace("-50,37 0,45 54,34", closed=False), 12.0),)),
        )
    )


def draw_straw_hat() -> Piece:
    """Draw a wide straw hat."""
    brim = trace("-112,26 -60,4 0,-4 60,4 112,26 60,52 0,58 -60,52")
    crown = trace("-50,22! -44,-34 -20,-50 20,-50 44,-34 50,22! 0,32")
    return Piece(
        (
            Panel(brim, shades=(brush("30,30 70,34 104,28", 10), brush("-70,46 0,54 70,46", 7))),
            Panel(
                crown,
                shades=(brush("46,10 38,-20 20,-40", 12, blunt=True),),
                trims=((trace("-54,9 0,20 54,9", closed=False), 17.0),),
                emblem=(8, -20, 28),
            ),
        )
    )


def draw_tote() -> Piece:
    """Draw a tote bag."""
    handles = [
        trace(
            [
                (s * 34, -60, 1),
                (s * 30, -110),
                (0, -132 + 6 * b),
                (-s * 30, -110),
                (-s * 34, -60, 1),
                (-s * 26, -60, 1),
                (-s * 22, -106),
                (0, -122 + 6 * b),
                (s * 22, -106),
                (s * 26, -60, 1),
            ]
        )
        for s, b in ((1, 0), (1, 1))
    ]
    bag = trace("-66,-62! 66,-62! 74,74! 0,80 -74,74!")
    return Piece(
        (
            Panel(handles[0], tone=-0.8),
            Panel(
                bag,
                shades=(
                    brush("70,-40 60,10 64,70", 12, blunt=True),
                    brush("-30,-60 -36,-20 -28,20", 8, blunt=True),
                    brush("-70,60 -30,66 10,58", 8),
                ),
                lights=(brush("-54,-44 -58,0 -60,40", 8),),
                stitches=(trace("-66,-50 66,-50", closed=False),),
                trims=((trace("-78,58 0,63 78,58", closed=False), 18.0),),
                emblem=(0, -6, 56),
            ),
            Panel(handles[1] + np.array([0, 4.0])),
        )
    )


def draw_shoulder_bag() -> Piece:
    """Draw a baguette bag with a short strap."""
    strap = trace("-74,-18! -60,-76 0,-100 60,-76 74,-18! 62,-18! 50,-68 0,-86 -50,-68 -62,-18!")
    bag = trace("-82,-24! 82,-24! 88,10 76,46 0,52 -76,46 -88,10")
    flap = trace("-84,-28! 84,-28! 82,-2 40,14 0,18 -40,14 -82,-2")
    return Piece(
        (
            Panel(strap, stitches=(trace("-68,-24 -55,-72 0,-93 55,-72 68,-24", closed=False),)),
            Panel(
                bag,
                shades=(brush("80,0 78,24 60,46", 11, blunt=True),),
                trims=((trace("-84,32 0,39 84,32", closed=False), 15.0),),
            ),
            Panel(
                flap,
                lights=(brush("-70,-16 -30,-8 10,-8", 8),),
                stitches=(trace("-80,-8 -40,8 0,12 40,8 80,-8", closed=False),),
                emblem=(0, 4, 32),
            ),
            *(Panel(ellipse(s * 69, -20, 6), paint=BRASS) for s in (-1, 1)),
        )
    )


def draw_bucket_bag() -> Piece:
    """Draw a drawstring bucket bag."""
    strap = trace(
        "-52,-50! -40,-120 0,-142 40,-120 52,-50! 44,-50! 32,-114 0,-132 -32,-114 -44,-50!"
    )
    bag = trace("-56,-58 -30,-50 0,-58 30,-50 56,-58! 60,0 70,64! 0,76 -70,64! -60,0 -56,-58!")
    cord = trace("-60,-34! 0,-26 60,-34! 60,-28! 0,-20 -60,-28!")
    folds = tuple(
        brush([(x, -50), (x * 1.05, -24), (x * 1.1, 10)], 8, blunt=True)
        for x in (-40, -18, 8, 30, 48)
    )
    return Piece(
        (
            Panel(strap),
            Panel(
                bag,
                shades=folds,
                trims=((trace("-74,48 0,59 74,48", closed=False), 16.0),),
                emblem=(0, 14, 44),
            ),
            Panel(cord, paint=CREAM),
            *(
                Panel(
                    trace([(s * 6, -22, 1), (s * 10, -22, 1), (s * 18, 6, 1), (s * 10, 8, 1)]),
                    paint=CREAM,
                )
                for s in (-1, 1)
            ),
        )
    )


def _pair(panels: list[Panel], *, apart: tuple[float, float] = (46, -34)) -> Piece:
    behind = Placement(apart[0], apart[1])
    return Piece((*(panel.placed(behind) for panel in panels), *panels))


def draw_sneakers() -> Piece:
    """Draw a pair of low sneakers."""
    sole = trace("-86,38! 90,38! 94,50 88,58! -84,58! -90,48")
    upper = trace("-82,38! -84,-20 -74,-42! -56,-34 -22,-46! 6,-14 50,2 84,18 92,38!")
    toe = trace("56,38! 58,14 72,8 88,22 93,38!")
    laces = [
        Panel(
            trace(
                [
                    (-22 + 13 * k, -26 + 9 * k, 1),
                    (-2 + 12 * k, -34 + 10 * k, 1),
                    (2 + 12 * k, -28 + 10 * k, 1),
                    (-18 + 13 * k, -20 + 9 * k, 1),
                ]
            ),
            paint=CREAM,
        )
        for k in range(4)
    ]
    return _pair(
        [
            Panel(
                upper,
                shades=(brush("-78,30 -40,24 20,30", 9), brush("20,-6 12,10 16,28", 7)),
                lights=(brush("-70,-28 -72,0 -66,20", 8),),
                stitches=(trace("-74,6 -30,14 10,34", closed=False),),
                emblem=(-46, 2, 32),
            ),
            Panel(toe),
            *laces,
            Panel(sole, paint=CREAM, trims=((trace("-92,47 96,47", closed=False), 11.0),)),
        ],
        apart=(40, -58),
    )


def draw_boots(*, knee: bool = False) -> Piece:
    """Draw a pair of boots, ankle- or knee-high."""
    top = -190.0 if knee else -92.0
    upper = trace(
        [
            (-62, 40, 1),
            (-60, -10),
            (-56, -60),
            (-60, top, 1),
            (0, top + 4),
            (16, top, 1),
            (10, -60),
            (8, -18),
            (40, 2),
            (74, 14),
            (84, 40, 1),
        ]
    )
    heel = trace("-62,40! -16,40! -20,84! -54,84!")
    sole = trace("-64,36! 86,36! 84,48! -20,48 -64,48!")
    folds: tuple[Path, ...] = (
        brush("8,-30 -16,-22 -40,-26", 9, blunt=True),
        brush("10,-8 -6,2 -30,0", 8, blunt=True),
    )
    if knee:
        folds += (
            brush("10,-90 -14,-82 -34,-88", 9, blunt=True),
            brush("-56,-130 -30,-122 -14,-128", 8, blunt=True),
        )
    front = Panel(
        upper,
        shades=folds,
        lights=(brush([(-44, top + 24), (-44, (top - 10) / 2), (-42, -20)], 9),),
        trims=((trace([(-66, top + 11), (0, top + 14), (22, top + 11)], closed=False), 16.0),),
        emblem=(-24, top / 2 + 6 if knee else -48, 30),
    )
    return _pair([Panel(heel, paint=INK), front, Panel(sole, paint=INK)], apart=(56, -26))


def draw_heels() -> Piece:
    """Draw a pair of pumps."""
    upper = trace("-78,-40! -60,-52 -34,-28 0,6 36,16! 72,26 92,48! 30,50 -10,30 -48,8 -70,-4!")
    heel = trace("-80,-24! -54,2! -62,52! -72,52!")
    opening = trace("-70,-44 -57,-47 -31,-23 4,7 30,17! -4,10 -42,-20")
    return _pair(
        [
            Panel(heel),
            Panel(
                upper,
                shades=(brush("86,44 40,42 -10,22", 6),),
                lights=(brush("40,24 62,28 78,40", 6),),
                trims=((trace("-74,-10 -44,4 -8,26 30,44 92,46", closed=False), 6.0),),
            ),
            Panel(opening, tone=-0.45),
            Panel(ellipse(42, 26, 1), inked=False, emblem=(44, 28, 20)),
        ],
        apart=(44, -40),
    )


def draw_sandals() -> Piece:
    """Draw a pair of platform sandals."""
    sole = trace("-80,18! -20,28 84,36! 92,46 88,62! -78,62! -86,40")
    toe = trace("24,34! 30,0 56,-8 80,10 88,38!")
    heel = trace("-78,22! -82,-20 -66,-42! -54,-36! -62,-10 -52,24!")
    strap = trace("-80,-34! -40,-46 -6,-36! -4,-22! -40,-32 -80,-18!")
    t_bar = trace("-16,-34! -4,-34! 44,0! 32,6!")
    return _pair(
        [
            Panel(heel),
            Panel(t_bar),
            Panel(strap),
            Panel(
                toe,
                shades=(brush("84,30 62,14 40,14", 8),),
                lights=(brush("36,24 42,6 56,0", 7),),
                emblem=(58, 14, 28),
            ),
            Panel(sole, tone=-0.12, trims=((trace("-90,40 -20,47 94,50", closed=False), 9.0),)),
            Panel(ellipse(-42, -38, 6), paint=BRASS),
        ],
        apart=(44, -50),
    )


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
