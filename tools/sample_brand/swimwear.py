"""Draws bikinis."""

from dataclasses import replace

from tools.sample_brand.drawing import brush, mirrored, trace
from tools.sample_brand.piece import Panel, Piece, both


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
