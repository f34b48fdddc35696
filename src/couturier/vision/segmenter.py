"""The garment segmenter: which kind of garment every pixel of a picture belongs to."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from couturier.errors import BaseModelError, CouturierError
from couturier.mini.locate import find_mini

SIZE_PX = 128
WEIGHTS_NAME = "model.safetensors"
CONFIG_NAME = "config.json"
_BATCH = 16


class GarmentSegmenter(nn.Module):
    """A small U-Net from sRGB to one score a class and pixel, at 128 px.

    Attributes:
        class_names: The classes in the order of the output channels; the first is "background".
    """

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        widths: Sequence[int] = (24, 40, 56, 80),
        overviews: int = 5,
    ) -> None:
        super().__init__()
        self.class_names = tuple(class_names)
        self.widths = tuple(widths)
        self.overviews = overviews
        self.fine = nn.Conv2d(3, 8, 3, padding=1)
        self.stem = nn.Conv2d(3, widths[0], 5, stride=2, padding=2)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(_Block(a, a) for a in widths[:-1])
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.middle = nn.Sequential(
            _Block(widths[-1], widths[-1]), *(_Overview(widths[-1]) for _ in range(overviews))
        )
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(pairs))
        self.up = nn.ModuleList(_Block(a, a) for a in reversed(widths[:-1]))
        self.edge = nn.Conv2d(widths[0] + 8, 20, 3, padding=1)
        self.head = nn.Conv2d(20, len(self.class_names), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Score (batch, 3, 128, 128) pictures in [-1, 1]; shape (batch, classes, 128, 128)."""
        fine = nn.functional.silu(self.fine(pictures))
        state = self.stem(pictures)  # (batch, widths[0], 64, 64)
        kept = []
        for block, halve in zip(self.down, self.halve, strict=True):
            state = block(state)
            kept.append(state)
            state = halve(state)
        state = self.middle(state)  # (batch, widths[-1], 8, 8)
        for narrow, block, skip in zip(self.narrow, self.up, reversed(kept), strict=True):
            state = block(_double(narrow(state)) + skip)
        state = nn.functional.silu(self.edge(torch.cat([_double(state), fine], 1)))
        scores: Tensor = self.head(state)
        return scores


class _Block(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inside), nn.Conv2d(inside, outside, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, outside), nn.Conv2d(outside, outside, 3, padding=1)

    def forward(self, state: Tensor) -> Tensor:
        inner: Tensor = self.conv1(nn.functional.silu(self.norm1(state)))
        inner = self.conv2(nn.functional.silu(self.norm2(inner)))
        return state + inner


class _Overview(nn.Module):
    """Self-attention over the coarsest grid: a shape is a dress or a skirt only as a whole."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.place = nn.Parameter(torch.zeros(1, width, SIZE_PX // 16, SIZE_PX // 16))
        self.look = nn.MultiheadAttention(width, 4, batch_first=True)
        self.then = _Block(width, width)

    def forward(self, state: Tensor) -> Tensor:
        tokens = (self.norm(state) + self.place).flatten(2).transpose(1, 2)
        seen, _ = self.look(tokens, tokens, tokens, need_weights=False)
        joined: Tensor = self.then(state + seen.transpose(1, 2).reshape(state.shape))
        return joined


def _double(state: Tensor) -> Tensor:
    return nn.functional.interpolate(state, scale_factor=2.0, mode="bilinear", align_corners=False)


def find_segmenter() -> Path | None:
    """Find the folder of the segmenter that comes with mini; None where it is not installed."""
    try:
        folder = find_mini() / "segmenter"
    except CouturierError:
        return None
    return folder if folder.is_dir() else None


def load_own_segmenter() -> GarmentSegmenter | None:
    """Load the segmenter that comes with mini, on the CPU; None where it is not installed."""
    folder = find_segmenter()
    return load_segmenter(folder, "cpu") if folder else None


def load_segmenter(folder: Path, device: torch.device | str = "cpu") -> GarmentSegmenter:
    """Load a segmenter from its folder of `config.json` and `model.safetensors`.

    Raises:
        BaseModelError: a file is missing, or does not hold a segmenter.
    """
    try:
        config = json.loads((folder / CONFIG_NAME).read_text("utf-8"))
        model = GarmentSegmenter(
            config["class_names"], widths=config["widths"], overviews=config.get("overviews", 1)
        )
        weights = load_file(folder / WEIGHTS_NAME)
        model.load_state_dict({name: value.float() for name, value in weights.items()})
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BaseModelError(
            f"{folder}: no garment segmenter could be loaded ({type(error).__name__})",
            fix="reinstall couturier: the segmenter comes inside the package",
        ) from error
    return model.to(device).eval().requires_grad_(False)


@torch.no_grad()
def segment(
    model: GarmentSegmenter, images: Sequence[Image.Image]
) -> list[tuple[NDArray[np.uint8], tuple[str, ...]]]:
    """Label every pixel of some pictures.

    Args:
        model: The segmenter; runs on its own device.
        images: Pictures of any size. One that is not square is padded with its border's colour
            for the look and cut back, so that shapes are not squashed.

    Returns:
        A label map and the class names for each picture. The longer side of a map is 128; its
        shape keeps the picture's proportions; a value is the index of a class name.
    """
    device = next(model.parameters()).device
    found: list[tuple[NDArray[np.uint8], tuple[str, ...]]] = []
    for start in range(0, len(images), _BATCH):
        squares = [_fit_square(image) for image in images[start : start + _BATCH]]
        stacked = np.stack([square for square, _ in squares])
        batch = torch.from_numpy(stacked).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        labels = model(batch).argmax(1).to(torch.uint8).cpu().numpy()
        for label, (_, (left, top, wide, high)) in zip(labels, squares, strict=True):
            found.append((label[top : top + high, left : left + wide], model.class_names))
    return found


def _fit_square(image: Image.Image) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """Scale to 128 px, pad to a square; also the picture's box (left, top, width, height)."""
    rgb = image.convert("RGB")
    scale = SIZE_PX / max(rgb.size)
    wide, high = max(round(rgb.width * scale), 1), max(round(rgb.height * scale), 1)
    small = rgb.resize(
        (wide, high), Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    if wide == high:
        return np.asarray(small), (0, 0, wide, high)
    pixels = np.asarray(small)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    square = np.empty((SIZE_PX, SIZE_PX, 3), np.uint8)
    square[:] = np.median(rim, axis=0).astype(np.uint8)
    left, top = (SIZE_PX - wide) // 2, (SIZE_PX - high) // 2
    square[top : top + high, left : left + wide] = pixels
    return square, (left, top, wide, high)
