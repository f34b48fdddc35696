"""A kind classifier of its own, trained on real photographs only, to judge what mini draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tools.mini.checkpoints import Averaged, load_average, rate_at, restore_state, save_state
from tools.mini.kinds import ARTICLE_TO_CLASS, CLASSES
from tools.mini.photos import Pixels, read_products, read_squares
from tools.mini.scenes import Wardrobe, open_wardrobe

STATE = "classifier/state.safetensors"
KINDS = CLASSES[2:]
_SIDE = 64


class KindClassifier(nn.Module):
    """A plain convolutional network on 64 px pictures; shares nothing with mini's parts."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 3
        for outside in (32, 64, 128, 192):
            layers += [
                nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.GroupNorm(8, outside),
                nn.SiLU(), nn.Conv2d(outside, outside, 3, padding=1), nn.GroupNorm(8, outside),
                nn.SiLU(),
            ]  # fmt: skip
            inside = outside
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(inside, len(KINDS))

    def forward(self, pictures: Tensor) -> Tensor:
        """Score pictures in [-1, 1], shape (batch, 3, 64, 64); shape (batch, kinds)."""
        scores: Tensor = self.head(self.trunk(pictures).mean((2, 3)))
        return scores


def gather_pictures(photos: Path, work: Path, *, held_out: bool) -> tuple[Pixels, np.ndarray]:
    """Gather a split's photographs whole, and its worn garments once more without the person.

    Colours are the photographs' own: no picture is recoloured or drawn.
    """
    cache = work / "cache" / f"classifier-{'check' if held_out else 'train'}.npz"
    if not cache.exists():
        products = read_products(photos)
        squares = read_squares(photos, products, work=work, name="squares")
        wardrobe = open_wardrobe(products, squares, held_out=held_out)
        pixels, kinds = _view_twice(wardrobe)
        np.savez(cache, pixels=pixels, kinds=kinds)
    held = np.load(cache)
    return held["pixels"], held["kinds"]


def _view_twice(wardrobe: Wardrobe) -> tuple[Pixels, np.ndarray]:
    pixels, kinds = [], []
    for product, cutout, square in zip(
        wardrobe.products, wardrobe.cutouts, wardrobe.squares, strict=True
    ):
        kind = KINDS.index(ARTICLE_TO_CLASS[product.article])
        pixels.append(square)
        kinds.append(kind)
        if cutout.worn:
            pixels.append(np.where(cutout.garment[..., None], square, 255).astype(np.uint8))
            kinds.append(kind)
    return np.stack(pixels), np.array(kinds)


def shrink(pixels: Pixels) -> Tensor:
    """Halve 128 px pictures; shape (n, 3, 64, 64) in [-1, 1]."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
    return nn.functional.avg_pool2d(batch, 2) / 127.5 - 1


def train_classifier(
    photos: Path, work: Path, *, steps: int, on_step: Callable[[int, int, str], None]
) -> None:
    """Train with moved, zoomed, blurred and colour-shuffled views, kinds drawn evenly."""
    pixels, kinds = gather_pictures(photos, work, held_out=False)
    by_kind = [np.flatnonzero(kinds == k) for k in range(len(KINDS))]
    by_kind = [rows for rows in by_kind if len(rows)]
    torch.manual_seed(0)
    model = KindClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    averaged = Averaged(model, decay=0.99)
    score = torch.compile(model)
    step = restore_state(work / STATE, model, optimizer, averaged=averaged)
    saved = told = time.monotonic()
    while step < steps:
        rng = np.random.default_rng((5, step))
        groups = rng.integers(0, len(by_kind), 64)
        rows = np.array([rng.choice(by_kind[g]) for g in groups])
        views = _vary(shrink(pixels[rows]), rng)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, steps=steps, peak=2e-3)
        with torch.autocast("cpu", torch.bfloat16):
            scores = score(views)
        loss = nn.functional.cross_entropy(
            scores.float(), torch.from_numpy(kinds[rows]), label_smoothing=0.05
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        averaged.update(model, step=step)
        step += 1
        if time.monotonic() - told > 15:
            on_step(step, steps, f"loss {loss.item():.3f}")
            told = time.monotonic()
        if time.monotonic() - saved > 60 or step == steps:
            save_state(work / STATE, model, optimizer, averaged=averaged, step=step)
            saved = time.monotonic()


def _vary(views: Tensor, rng: np.random.Generator) -> Tensor:
    """Move, zoom and mirror; shuffle colours; blur some."""
    size = len(views)
    zoom = torch.from_numpy(rng.uniform(0.8, 1.35, (size, 2))).float()
    turn = torch.zeros(size, 2, 3)
    turn[:, 0, 0] = zoom[:, 0] * torch.from_numpy(rng.choice([-1.0, 1.0], size)).float()
    turn[:, 1, 1] = zoom[:, 1]
    turn[:, :, 2] = torch.from_numpy(rng.uniform(-0.15, 0.15, (size, 2))).float()
    grid = nn.functional.affine_grid(turn, list(views.shape), align_corners=False)
    moved = 1 - nn.functional.grid_sample(1 - views, grid, align_corners=False)
    shuffled = torch.stack([view[torch.from_numpy(rng.permutation(3))] for view in moved])
    soft = nn.functional.avg_pool2d(
        nn.functional.pad(shuffled, (1, 1, 1, 1), mode="replicate"), 3, 1
    )
    blurred = torch.from_numpy(rng.random(size) < 0.3)[:, None, None, None]
    mixed = torch.where(blurred, soft, shuffled)
    return mixed.contiguous(memory_format=torch.channels_last)


def load_classifier(work: Path) -> KindClassifier:
    """Load the averaged weights of the last checkpoint."""
    model = KindClassifier()
    load_average(work / STATE, model)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def classify(model: KindClassifier, pixels: Pixels, *, among: tuple[str, ...] = KINDS) -> list[str]:
    """Name the kind of each 128 px picture, the likeliest of those in `among`."""
    rows = [KINDS.index(name) for name in among]
    chunks = [
        model(shrink(pixels[i : i + 64]))[:, rows].argmax(-1) for i in range(0, len(pixels), 64)
    ]
    return [among[int(place)] for place in torch.cat(chunks)]
