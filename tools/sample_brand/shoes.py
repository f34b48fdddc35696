"""Draws shoes, boots and sandals, always the pair."""

from tools.sample_brand.brand import BRASS, CREAM, INK
from tools.sample_brand.drawing import Path, Placement, brush, ellipse, trace
from tools.sample_brand.piece import Panel, Piece


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
