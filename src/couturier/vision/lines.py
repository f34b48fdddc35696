"""The line field of a picture: which way its edges run at every pixel, whatever their colours."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

SIDE_PX = 96
GRID = 12
_NOISE = 4.0  # of 255 a pixel: half of an edge this weak counts, of one far stronger all
_AROUND_PX = 6.0  # an edge counts by how it stands out around it: dark cloth has edges too
_FAR = 20.0  # of 255, from which on a pixel stands off the ground
_PLAIN_SHARE = 0.5  # of the rim that is ground, from which on margins are cut away
_SMALLEST_PX = 6
_BAR_SPREAD = 3.0  # of 255; compression leaves less in an even bar

# Windows of a picture that a crop of it may show: (side as a share, places along each axis).
_WINDOWS = ((1.0, 1), (0.88, 3), (0.76, 3), (0.66, 4), (0.57, 5))

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]  # top, bottom, left, right


@dataclass(frozen=True)
class Lines:
    """A picture's edges, its longer side 96 px.

    Attributes:
        field: Strength (0 to 1) times the cosine and sine of twice the angle, so that light on
            dark is the same edge as dark on light; shape (2, height, width).
        shown: What stands off the ground; shape (height, width).
    """

    field: Floats
    shown: NDArray[np.bool_]

    @property
    def whole(self) -> Box:
        """The box of all of it."""
        height, width = self.shown.shape
        return 0, height, 0, width

    def list_windows(self) -> list[Box]:
        """List the boxes a crop may have left, the whole first, each without its margins."""
        return [self.trim(box) for box in _list_windows(*self.shown.shape)]

    def trim(self, box: Box) -> Box:
        """Cut the margins off a box whose rim is mostly plain ground."""
        top, bottom, left, right = box
        part = self.shown[top:bottom, left:right]
        rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
        if rim.mean() > 1 - _PLAIN_SHARE:
            return box
        rows, columns = (np.flatnonzero(part.mean(axis) > 0.01) for axis in (1, 0))
        if min(_reach(rows), _reach(columns)) < _SMALLEST_PX:
            return box
        return (
            top + int(rows[0]),
            top + int(rows[-1]) + 1,
            left + int(columns[0]),
            left + int(columns[-1]) + 1,
        )

    def describe(self, boxes: list[Box]) -> Floats:
        """Describe boxes by the mean field in 12 x 12 cells; unit vectors, shape (boxes, 288)."""
        sums = np.zeros((2, *(side + 1 for side in self.shown.shape)), np.float64)
        sums[:, 1:, 1:] = self.field.cumsum(1, dtype=np.float64).cumsum(2)
        corners = np.array(boxes)
        top, bottom = _split(corners[:, 0], corners[:, 1])  # (boxes, GRID) each
        left, right = _split(corners[:, 2], corners[:, 3])
        inside = (
            _at(sums, bottom, right)
            - _at(sums, top, right)
            - _at(sums, bottom, left)
            + _at(sums, top, left)
        )
        area = (bottom - top)[:, :, None] * (right - left)[:, None, :]
        cells = (inside / area).transpose(1, 0, 2, 3).reshape(len(boxes), -1)
        length = np.linalg.norm(cells, axis=1, keepdims=True)
        return np.asarray(cells / np.maximum(length, 1e-6), dtype=np.float32)


def find_lines(image: Image.Image, side_px: int = SIDE_PX) -> Lines:
    """Find the edges of a picture of any size and mode, its longer side made `side_px`."""
    scale = side_px / max(image.size)
    size = max(round(image.width * scale), 4), max(round(image.height * scale), 4)
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    pixels = np.asarray(image.convert("RGB").resize(size, way), dtype=np.float32)
    ground = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    return Lines(_find_field(pixels), np.abs(pixels - ground).max(-1) > _FAR)


def strip_bars(image: Image.Image) -> Image.Image:
    """Cut off rows and columns of one colour at the sides, as padding leaves them."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    rows, columns = (np.flatnonzero(pixels.std(axis).max(-1) > _BAR_SPREAD) for axis in (1, 0))
    if min(_reach(rows), _reach(columns)) < _SMALLEST_PX:
        return image
    return image.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def mirror(vectors: Floats) -> Floats:
    """Give the descriptions that the mirrored pictures have; shape (boxes, 288)."""
    cells = vectors.reshape(-1, 2, GRID, GRID)[..., ::-1].copy()
    cells[:, 1] *= -1
    return cells.reshape(vectors.shape)


def _find_field(pixels: Floats) -> Floats:
    """Turn pixels into the structure tensor's direction, over all three colours at once."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    down = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    even = (across**2 - down**2).sum(-1)
    odd = 2 * (across * down).sum(-1)
    size = np.hypot(even, odd) + 1e-6
    strength = np.sqrt(size)
    weight = strength / (strength + _NOISE + gaussian_filter(strength, _AROUND_PX))
    return np.asarray(np.stack([even, odd]) / size * weight, np.float32)


def _list_windows(height: int, width: int) -> Iterator[Box]:
    for share, places in _WINDOWS:
        high, wide = round(share * height), round(share * width)
        for row in np.linspace(0, height - high, places).round().astype(int):
            for column in np.linspace(0, width - wide, places).round().astype(int):
                yield int(row), int(row) + high, int(column), int(column) + wide


def _reach(places: NDArray[np.intp]) -> int:
    return int(places[-1] - places[0]) + 1 if len(places) else 0


def _split(start: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Split each stretch into 12, none of them empty: their starts and ends, (boxes, 12)."""
    steps = np.arange(GRID + 1) / GRID
    marks = (start[:, None] + (end - start)[:, None] * steps).astype(int)
    first = np.minimum(marks[:, :-1], end[:, None] - 1)
    return first, np.maximum(marks[:, 1:], first + 1)


def _at(sums: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    return np.asarray(sums[:, rows[:, :, None], columns[:, None, :]])
