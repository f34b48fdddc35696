"""Copies: whether a picture shows the very lines of a known photograph, cropped, turned or dyed.

Three steps. A crop's window is guessed by the nearest of some sixty windows of every known picture,
described by their lines. The best guesses are then moved and stretched until the lines lie on
each other. Last, light and shade are laid over each other (`overlay`), and the score says how well
both agree all over: 1 is the same photograph. Colours play no part, so that a recoloured copy is a
copy. `benchmarks/copies.py` measures it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample

from couturier.vision.lines import SIDE_PX, Floats, Lines, find_lines, mirror, strip_bars
from couturier.vision.overlay import Box, lay_over, read_light

_AXES = 128
_FIT_PICTURES = 400
_WHITENING = 0.25  # half way: all windows of shirts share much that tells no shirt from another
_INT8 = 127.0
# From coarse to fine: side of the compared grid, how many guesses go on, blur of the known
# picture in pixels, and the moves tried one after the other as shares of the window.
_ROUNDS = (
    (20, 64, 5, (0.08, 0.05, 0.05, 0.03, 0.02)),
    (40, 10, 3, (0.04, 0.025, 0.025, 0.015, 0.01)),
    (64, 3, 1, (0.012, 0.008, 0.008, 0.005, 0.004)),
)
_LINES_WEIGHT = 0.3  # light and shade part copies from likenesses twice as well as lines do
_STEP_PX = 4
_SMALLEST = 4
_AROUND = 2.0
_INSIDE = 0.9  # share of the picture's edges that must lie within the known picture
# Moves of a window (top, left, height, width): shifts, then stretches about the middle and a side.
_MOVES = torch.tensor(
    [
        (0, 0, 0, 0),
        *[(1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0)],
        *[(1, 1, 0, 0), (1, -1, 0, 0), (-1, 1, 0, 0), (-1, -1, 0, 0)],
        *[(-0.5, 0, 1, 0), (0.5, 0, -1, 0), (0, -0.5, 0, 1), (0, 0.5, 0, -1)],
        *[(-0.5, -0.5, 1, 1), (0.5, 0.5, -1, -1)],
        *[(0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1), (0, 0, 0, -1)],
    ]
)


@dataclass(frozen=True)
class CopyMatch:
    """The known picture that a picture lies on best.

    Attributes:
        name: Of the known picture.
        score: How well lines, light and shade agree all over, at most 1.
        mirrored: Whether it fits left to right turned.
    """

    name: str
    score: float
    mirrored: bool


@dataclass(frozen=True)
class _Guess:
    """Guessed places of a picture within known ones; one row each.

    Attributes:
        known: Number of the known picture; shape (guesses,).
        window: Top, left, height, width there in pixels; shape (guesses, 4).
        mirrored: Shape (guesses,).
    """

    known: Tensor
    window: Tensor
    mirrored: Tensor

    def keep(self, rows: Tensor, window: Tensor) -> "_Guess":
        """Keep some rows, whose windows have moved."""
        return _Guess(self.known[rows], window[rows], self.mirrored[rows])


class _Seen:
    """The picture searched for, its lines at whatever size the known picture shows it.

    Edges found at one size are not those found at another: a print's letters become a smear.

    Attributes:
        lines: At full size.
        box: What of it is not margin.
    """

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._fields: dict[int, Tensor] = {}
        self.lines = find_lines(image)
        self.box = self.lines.trim(self.lines.whole)

    def show(self, *, mirrored: bool) -> tuple[Image.Image, Box]:
        """Give the picture as it is or turned, and its box (top, left, height, width) in shares."""
        _, high, _, wide = self.lines.whole
        top, bottom, left, right = self.box
        if mirrored:
            left, right = wide - right, wide - left
        image = ImageOps.mirror(self._image) if mirrored else self._image
        return image, (top / high, left / wide, (bottom - top) / high, (right - left) / wide)

    def read(self, size_px: float, grid: int, blur: int) -> Tensor:
        """Read the lines where the box's longer side is `size_px`; shape (2, grid, grid)."""
        own_px = max(self.box[1] - self.box[0], self.box[3] - self.box[2])
        side_px = min(
            SIDE_PX, max(4 * _SMALLEST, _STEP_PX * round(SIDE_PX * size_px / own_px / _STEP_PX))
        )
        if side_px not in self._fields:
            field = torch.from_numpy(find_lines(self._image, side_px).field)
            self._fields[side_px] = nn.functional.pad(
                field, (0, SIDE_PX - field.shape[2], 0, SIDE_PX - field.shape[1])
            )
        top, bottom, left, right = (side * side_px / SIDE_PX for side in self.box)
        window = torch.tensor([[[top, left, bottom - top, right - left]]])
        return _sample(_blur(self._fields[side_px][None], blur), window, grid)[0, 0]

    def read_all(self, guess: "_Guess", grid: int, blur: int) -> Tensor:
        """Read the lines for every guess, turned where it is; shape (guesses, 2, grid, grid)."""
        sizes = guess.window[:, 2:].amax(1).tolist()
        read = torch.stack([self.read(size, grid, blur) for size in sizes])
        turned = read.flip(-1) * torch.tensor([1.0, -1.0])[:, None, None]
        return torch.where(guess.mirrored[:, None, None, None], turned, read)


class CopyIndex:
    """The lines of known pictures, ready to be searched; about 50 kB a picture."""

    def __init__(self, pictures: Iterable[tuple[str, Image.Image]]) -> None:
        self.names: list[str] = []
        self._fields: list[NDArray[np.int8]] = []
        self._lights: list[NDArray[np.uint8]] = []
        self._windows: list[NDArray[np.int16]] = []
        self._views: list[NDArray[np.float16]] = []
        self._waiting: list[Floats] = []
        self._axes: tuple[Floats, Floats] | None = None
        for name, image in pictures:
            self._lights.append(read_light(image))
            self._add(name, find_lines(image))
        self._settle()
        self._all_views = np.concatenate(self._views or [np.zeros((0, 1), np.float16)])
        self._views.clear()

    def find(self, image: Image.Image) -> CopyMatch | None:
        """Find the known picture `image` is most likely a copy of; None where none is known."""
        if not self.names:
            return None
        seen = _Seen(strip_bars(image))
        guess = self._guess(seen.lines, seen.box)
        scores = torch.zeros(0)
        for grid, n_kept, blur, moves in _ROUNDS:
            if len(scores):
                best = scores.topk(min(n_kept, len(scores))).indices
                guess = guess.keep(best, guess.window)
            scores, window = self._settle_guess(seen, guess, grid=grid, blur=blur, moves=moves)
            guess = guess.keep(torch.arange(len(scores)), window)
        lines, light = self._agree(seen, guess), self._lay_over(seen, guess)
        scores = _LINES_WEIGHT * lines + (1 - _LINES_WEIGHT) * light
        first = int(scores.argmax())
        return CopyMatch(
            name=self.names[int(guess.known[first])],
            score=float(scores[first]),
            mirrored=bool(guess.mirrored[first]),
        )

    def _add(self, name: str, lines: Lines) -> None:
        windows = lines.list_windows()
        self.names.append(name)
        self._fields.append((lines.field * _INT8).round().astype(np.int8))
        self._windows.append(np.array([(t, x, b - t, y - x) for t, b, x, y in windows], np.int16))
        self._waiting.append(lines.describe(windows))
        if self._axes is not None or len(self._waiting) == _FIT_PICTURES:
            self._settle()

    def _settle(self) -> None:
        """Project the views that wait; the first ones settle the axes."""
        if not self._waiting:
            return
        if self._axes is None:
            self._axes = _fit_axes(np.concatenate(self._waiting))
        self._views += [self._project(views).astype(np.float16) for views in self._waiting]
        self._waiting.clear()

    def _project(self, views: Floats) -> Floats:
        assert self._axes is not None
        middle, axes = self._axes
        turned = (views - middle) @ axes
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        return np.asarray(turned / np.maximum(length, 1e-6), np.float32)

    def _guess(self, lines: Lines, box: tuple[int, int, int, int]) -> _Guess:
        """Guess by the views: the likeliest window of each of the likeliest pictures."""
        view = lines.describe([box])
        both = self._project(np.concatenate([view, mirror(view)]))  # (2, axes)
        n_windows = len(self._windows[0])
        near = np.stack([_multiply(self._all_views, row) for row in both], axis=1)
        near = near.reshape(len(self.names), 2 * n_windows)  # window, then as is or mirrored
        best = near.argmax(1)
        count = min(_ROUNDS[0][1], len(self.names))
        order = np.argsort(-near[np.arange(len(near)), best], kind="stable")[:count]
        window, mirrored = np.divmod(best[order], 2)
        boxes = [self._windows[known][which] for known, which in zip(order, window, strict=True)]
        return _Guess(
            known=torch.from_numpy(order),
            window=torch.from_numpy(np.stack(boxes)).float(),
            mirrored=torch.from_numpy(mirrored.astype(bool)),
        )

    def _settle_guess(
        self, seen: _Seen, guess: _Guess, *, grid: int, blur: int, moves: tuple[float, ...]
    ) -> tuple[Tensor, Tensor]:
        """Move and stretch every guess where that lays the lines better; scores and windows."""
        known = _blur(self._stack(guess.known), blur)
        picture = seen.read_all(guess, grid, blur)
        scores, window = torch.zeros(len(picture)), guess.window
        for move in moves:
            unit = window[:, [2, 3, 2, 3]] * move
            tried = window[:, None] + _MOVES * unit[:, None]  # (guesses, moves, 4)
            scores, best = _correlate(picture, _sample(known, tried, grid)).max(1)
            window = tried[torch.arange(len(best)), best]
        return scores, window

    def _agree(self, seen: _Seen, guess: _Guess) -> Tensor:
        """Say how well lines agree place by place, so that one strong outline is not all."""
        grid = _ROUNDS[-1][0]
        known = _sample(self._stack(guess.known), guess.window[:, None], grid)[:, 0]
        inside = (known[:, 2:] > 0.5).float()
        picture = seen.read_all(guess, grid, 1) * inside
        both = _soften((picture * known[:, :2]).sum(1))
        ours, theirs = _soften((picture**2).sum(1)), _soften((known[:, :2] ** 2 * inside).sum(1))
        weight = np.sqrt(np.maximum(ours, theirs)) * inside[:, 0].numpy()
        agreed = both / np.sqrt(ours * theirs + 1e-8)
        mean = (weight * agreed).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1e-6)
        share = inside.mean((1, 2, 3)) / _INSIDE
        return torch.from_numpy(mean).float() * share.clamp_max(1)

    def _lay_over(self, seen: _Seen, guess: _Guess) -> Tensor:
        """Say how well light and shade agree; shape (guesses,)."""
        found = []
        for number, window, mirrored in zip(
            guess.known.tolist(), guess.window.tolist(), guess.mirrored.tolist(), strict=True
        ):
            height, width = self._fields[number].shape[1:]
            top, left, high, wide = window
            place = (top / height, left / width, high / height, wide / width)
            image, box = seen.show(mirrored=mirrored)
            known = self._lights[number]
            found.append(lay_over(image, box, known, window=place, moves=_MOVES))
        return torch.tensor(found)

    def _stack(self, known: Tensor) -> Tensor:
        """Stack known fields with a third plane that is 1 inside; (guesses, 3, 96, 96)."""
        stacked = torch.zeros(len(known), 3, SIDE_PX, SIDE_PX)
        for row, number in enumerate(known.tolist()):
            field = self._fields[number]
            _, height, width = field.shape
            stacked[row, :2, :height, :width] = torch.from_numpy(field).float() / _INT8
            stacked[row, 2, :height, :width] = 1
        return stacked


def _blur(fields: Tensor, width: int) -> Tensor:
    return avg_pool2d(fields, width, 1, width // 2) if width > 1 else fields


def _soften(plane: Tensor) -> NDArray[np.float32]:
    """Average over a neighbourhood of the compared grid; shape stays (guesses, grid, grid)."""
    soft: NDArray[np.float32] = gaussian_filter(plane.numpy(), (0, _AROUND, _AROUND))
    return soft


def _fit_axes(views: Floats) -> tuple[Floats, Floats]:
    """Find the middle and the weighted main axes of views; shapes (288,) and (288, axes)."""
    middle = views.mean(0)
    spread, axes = np.linalg.eigh(np.cov((views - middle).T, bias=True))
    kept = np.maximum(spread[-_AXES:], 0) + 1e-4 * spread.mean() + 1e-9  # flat pictures spread none
    weighted = axes[:, -_AXES:] * kept**-_WHITENING
    return np.asarray(middle, np.float32), np.asarray(weighted, np.float32)


def _multiply(views: NDArray[np.float16], row: Floats) -> Floats:
    """Multiply in pieces, for half precision has no fast product and all at once no room."""
    size = 1 << 15
    pieces = [views[i : i + size].astype(np.float32) @ row for i in range(0, len(views), size)]
    return np.concatenate(pieces)


def _sample(known: Tensor, windows: Tensor, grid: int) -> Tensor:
    """Read windows off known fields; (guesses, moves, 4) gives (guesses, moves, 3, grid, grid)."""
    n_moves = windows.shape[1]
    steps = (torch.arange(grid) + 0.5) / grid
    down = (windows[..., 0, None] + windows[..., 2, None] * steps) / SIDE_PX * 2 - 1
    across = (windows[..., 1, None] + windows[..., 3, None] * steps) / SIDE_PX * 2 - 1
    shape = (*windows.shape[:2], grid, grid)
    places = torch.stack([across[:, :, None, :].expand(shape), down[..., None].expand(shape)], -1)
    flat = places.reshape(len(known), n_moves * grid, grid, 2)
    read = grid_sample(known, flat, mode="bilinear", padding_mode="zeros", align_corners=False)
    return read.view(len(known), -1, n_moves, grid, grid).transpose(1, 2)


def _correlate(picture: Tensor, known: Tensor) -> Tensor:
    """Correlate the lines where the known picture has pixels; shape (guesses, moves)."""
    inside = (known[:, :, 2] > 0.5).float()
    strength = (picture**2).sum(1)[:, None]  # (guesses, 1, grid, grid)
    both = ((picture[:, None] * known[:, :, :2]).sum(2) * inside).sum((-2, -1))
    ours = (strength * inside).sum((-2, -1))
    theirs = ((known[:, :, :2] ** 2).sum(2) * inside).sum((-2, -1))
    share = ours / strength.sum((-2, -1)).clamp_min(1e-6)
    return both / (ours * theirs).clamp_min(1e-6).sqrt() * (share / _INSIDE).clamp_max(1)
