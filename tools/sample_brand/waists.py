"""Draws the waist that skirts and trousers share."""

from tools.sample_brand.body import WAIST_Y
from tools.sample_brand.drawing import trace
from tools.sample_brand.piece import Panel


def back_of_waist(half: float) -> Panel:
    """Draw the inside of the back that shows over the front's waist."""
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


def waistband(half: float) -> Panel:
    """Draw the band across the front."""
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
