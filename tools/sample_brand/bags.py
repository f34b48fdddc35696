"""Draws bags."""

import numpy as np

from tools.sample_brand.brand import BRASS, CREAM
from tools.sample_brand.drawing import brush, ellipse, trace
from tools.sample_brand.piece import Panel, Piece


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
