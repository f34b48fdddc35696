"""One picture laid on a window of another: whether light and shade agree place by place.

The second vote in the search for copies. Two products photographed alike share their outline, and
lines hear little else; folds, prints and grain inside it are those of one photograph alone. Light
and dark may be turned about, so that a dyed copy is a copy still.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter
from torch import Tensor
from torch.nn.functional import grid_sample

SIDE_PX = 160
_GRID = 72
_AROUND = 7  # places over which light and shade are compared
_EVEN = 4.0  # of 255 squared: noise in even cloth agrees with nothing, and counts for little
_INSIDE = 0.9
_MOVES_TRIED = (0.012, 0.006, 0.003)

Box = tuple[float, float, float, float]  # top, left, height, width


def read_light(image: Image.Image, side_px: int = SIDE_PX) -> NDArray[np.uint8]:
    """Read a picture's lightness, its longer side at most `side_px`; shape (height, width)."""
    scale = min(side_px / max(image.size), 1.0)
    size = max(round(image.width * scale), 4), max(round(image.height * scale), 4)
    return np.asarray(image.convert("L").resize(size, Image.Resampling.LANCZOS))


def lay_over(
    image: Image.Image, box: Box, known: NDArray[np.uint8], *, window: Box, moves: Tensor
) -> float:
    """Say how well a picture's light and shade agree with a window of a known one.

    Args:
        image: The picture, turned as the known one is.
        box: What of it is looked at, as shares of its height and width.
        known: The known picture's lightness, from `read_light`.
        window: Where it may lie there, as shares; moved a little to where it agrees best.
        moves: Of a window, in units of its size; shape (moves, 4).

    Returns:
        0 to 1; 1 for the same photograph.
    """
    shown_px = max(window[2] * known.shape[0], window[3] * known.shape[1])
    own_px = max(box[2] * image.height, box[3] * image.width)
    light = read_light(image, max(24, round(max(image.size) * min(shown_px / own_px, 1.0))))
    ours = _sample(_to_plane(light), torch.tensor([box]))[0]  # (2, grid, grid)
    theirs = _to_plane(known)
    place, best = torch.tensor(window), 0.0
    for move in _MOVES_TRIED:
        tried = place + moves * move * place[[2, 3, 2, 3]]
        scores = _agree(ours, _sample(theirs, tried))
        first = int(scores.argmax())
        place, best = tried[first], float(scores[first])
    return best


def _agree(ours: Tensor, theirs: Tensor) -> Tensor:
    """Correlate place by place; (2, grid, grid) and (moves, 2, grid, grid) give (moves,)."""
    one, light = ours[0].numpy(), theirs[:, 0].numpy()
    inside = theirs[:, 1].numpy() > 0.5
    mean, other = _soften(one[None]), _soften(light)
    spread = np.maximum(_soften(one[None] ** 2) - mean**2, 0)
    across = np.maximum(_soften(light**2) - other**2, 0)
    both = _soften(one * light) - mean * other
    agreed = np.abs(both) / np.sqrt(spread * across + _EVEN)
    weight = np.sqrt(np.maximum(spread, across)) * inside
    share = np.minimum(inside.mean((1, 2)) / _INSIDE, 1)
    score = (agreed * weight).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1e-6) * share
    return torch.from_numpy(score)


def _soften(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average over a neighbourhood; shape stays (moves, grid, grid)."""
    soft: NDArray[np.float32] = uniform_filter(planes, (0, _AROUND, _AROUND), mode="nearest")
    return soft


def _to_plane(light: NDArray[np.uint8]) -> Tensor:
    """Make lightness a plane, and a second one that is 1 inside; (1, 2, height, width)."""
    plane = torch.from_numpy(light.astype(np.float32))
    return torch.stack([plane, torch.ones_like(plane)])[None]


def _sample(plane: Tensor, windows: Tensor) -> Tensor:
    """Read windows, given as shares, off a plane; (windows, 2, grid, grid)."""
    steps = (torch.arange(_GRID) + 0.5) / _GRID
    down = (windows[:, 0, None] + windows[:, 2, None] * steps) * 2 - 1
    across = (windows[:, 1, None] + windows[:, 3, None] * steps) * 2 - 1
    shape = (len(windows), _GRID, _GRID)
    places = torch.stack([across[:, None, :].expand(shape), down[:, :, None].expand(shape)], -1)
    source = plane.expand(len(windows), *plane.shape[1:])
    return grid_sample(source, places, mode="bilinear", padding_mode="zeros", align_corners=False)
