"""Draws hats, caps and berets."""

from tools.sample_brand.drawing import brush, ellipse, trace
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
