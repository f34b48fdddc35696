"""Shapes of training pictures: squares, or buckets of one area that keep their proportions."""

from functools import lru_cache

Shape = tuple[int, int]
"""Width and height in pixels."""

_LONGEST = 2.5  # a bucket's longer side to its shorter; longer pictures are padded


def choose_shape(width_px: int, height_px: int, *, side_px: int, step_px: int) -> Shape:
    """Choose the bucket whose proportions are nearest to a picture's.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.
        side_px: Side of the square whose area no bucket exceeds.
        step_px: What both sides are multiples of: what the UNet halves down to one cell.
    """

    def distance(shape: Shape) -> tuple[float, Shape]:
        ratio = shape[0] / shape[1] / (width_px / height_px)
        return max(ratio, 1 / ratio), shape  # 2:3 is as far from 1:1 as 3:2 is

    return min(list_shapes(side_px, step_px), key=distance)


@lru_cache
def list_shapes(side_px: int, step_px: int) -> tuple[Shape, ...]:
    """List the buckets of an area: for every width the greatest height that keeps to it."""
    found = {(side_px, side_px)}
    for width in range(step_px, int(_LONGEST * side_px) + 1, step_px):
        height = side_px * side_px // width // step_px * step_px
        if height and max(width / height, height / width) <= _LONGEST:
            found |= {(width, height), (height, width)}
    return tuple(sorted(found))
