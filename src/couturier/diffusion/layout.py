"""Layouts: how several things share a picture, and which of them a drawing leans to already."""

from functools import cache
from itertools import pairwise

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

Box = tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture

# Rows from top to bottom, things in each: the ways in which outfits are laid out or worn.
_ROWS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((1,),),
    2: ((2,), (1, 1)),
    3: ((2, 1), (1, 2)),
    4: ((2, 2), (1, 2, 1)),
    5: ((2, 2, 1), (1, 2, 2), (2, 1, 2)),
}
MOST = 9
_NARROW = 0.2  # of the width, left free on both sides of a thing alone in its row


def list_boxes(n_things: int) -> tuple[Box, ...]:
    """List boxes for so many things: left, top, right, bottom as shares of the picture.

    Row by row from the top, and there and back like a furrow: what follows one another never
    stands straight above one another, where it would grow together.
    """
    rows = (_ROWS.get(n_things) or (_fill_grid(n_things),))[0]
    boxes: list[Box] = []
    for row, n_slots in enumerate(rows):
        edges = [column / n_slots for column in range(n_slots + 1)]
        if n_slots == 1 < max(rows):
            edges = [_NARROW, 1 - _NARROW]
        line = [(a, row / len(rows), b, (row + 1) / len(rows)) for a, b in pairwise(edges)]
        boxes += reversed(line) if row % 2 else line
    return tuple(boxes)


def choose_slots(shares: Tensor) -> Tensor:
    """Choose a layout, and a slot of it for each thing, that fits what attention shows best.

    Args:
        shares: How much each place looks at each thing, 0 to 1; (things, height, width).

    Returns:
        One mask a thing, 0 or 1; the same shape. They share no place.
    """
    n_things, height, width = shares.shape
    best: tuple[float, Tensor] | None = None
    for slots in _list_slots(n_things, height, width):
        fit = torch.einsum("ghw,shw->gs", shares, slots) / slots.sum((1, 2))
        rows, columns = linear_sum_assignment(-fit.numpy())
        total = float(fit[rows, columns].sum())
        if best is None or total > best[0]:
            best = total, slots[columns]
    assert best is not None
    return best[1]


@cache
def _list_slots(n_things: int, height: int, width: int) -> tuple[Tensor, ...]:
    rows = _ROWS.get(n_things) or (_fill_grid(n_things),)
    return tuple(_build_masks(one, height, width) for one in rows)


def _fill_grid(n_things: int) -> tuple[int, ...]:
    n_rows = -(-n_things // 3)
    return tuple(n_things // n_rows + (row < n_things % n_rows) for row in range(n_rows))


def _build_masks(rows: tuple[int, ...], height: int, width: int) -> Tensor:
    """Build one mask a slot, row by row; (slots, height, width)."""
    masks = []
    for row, n_slots in enumerate(rows):
        top, bottom = round(row / len(rows) * height), round((row + 1) / len(rows) * height)
        edges = [column / n_slots for column in range(n_slots + 1)]
        if n_slots == 1 < max(rows):
            edges = [_NARROW, 1 - _NARROW]
        for left, right in pairwise(edges):
            mask = torch.zeros(height, width)
            mask[top:bottom, round(left * width) : round(right * width)] = 1
            masks.append(mask)
    return torch.stack(masks)
