"""The garment segmenter's training: boards with exact masks, made to look like anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from couturier.vision.segmenter import GarmentSegmenter
from tools.mini.checkpoints import Averaged, load_average, rate_at, restore_state, save_state
from tools.mini.kinds import CLASSES
from tools.mini.photos import Pixels
from tools.mini.render import Scenes, read_scenes
from tools.mini.workers import join_workers, share_gradients

STATE = "segmenter/state.safetensors"
EMPTY_SHARE = 0.05


def disguise(picture: Pixels, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change ground, light, colours, sharpness and style, but not what is where; values 0..1.

    The segmenter must also read drawings on tinted grounds and the soft pictures that diffusion
    makes, and it sees neither here.
    """
    made = picture.astype(np.float32) / 255
    ground = labels == 0
    if rng.random() < 0.25:
        made = made[..., rng.permutation(3)]
    if rng.random() < 0.25:
        made = np.where(ground[..., None], made, made ** rng.uniform(0.6, 1.6))
    made = _draw_style(made, labels, rng)
    if rng.random() < 0.12:
        rim = ndimage.morphological_gradient(labels, 3) > 0
        made = np.where(rim[..., None], made * rng.uniform(0.0, 0.5), made)
    if rng.random() < 0.4:
        made = made * _draw_ground(rng)
    if rng.random() < 0.3:
        made = made + rng.normal(0, rng.uniform(0.005, 0.04), made.shape)
    if rng.random() < 0.3:
        made = made * rng.uniform(0.75, 1.1, 3)
    return np.clip(made, 0, 1).astype(np.float32)


def _draw_style(made: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Posterise, flatten or blur, now and then."""
    style = rng.random()
    if style < 0.12:
        steps = rng.integers(3, 7)
        return np.round(made * steps) / steps
    if style < 0.24:
        return _flatten(made, labels)
    if style < 0.42:
        return ndimage.gaussian_filter(made, (*([rng.uniform(0.5, 1.6)] * 2), 0))
    return made


def _flatten(made: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Paint every region in its mean colour, with a little of its shading left: a flat drawing."""
    flat = made.copy()
    for label in np.unique(labels):
        if label > 0:
            here = labels == label
            flat[here] = 0.8 * made[here].mean(0) + 0.2 * made[here]
    return flat


def _draw_ground(rng: np.random.Generator) -> np.ndarray:
    """A light to multiply with: one tint, or a slope between two; shape (128, 128, 3)."""
    first, second = rng.uniform(0.45, 1.0, 3), rng.uniform(0.45, 1.0, 3)
    if rng.random() < 0.5:
        second = first
    slope = np.linspace(0, 1, 128)[:, None, None]
    ground: np.ndarray = first * slope + second * (1 - slope)
    return ground if rng.random() < 0.5 else ground.transpose(1, 0, 2)


def _zoom(
    picture: Pixels, labels: np.ndarray, rng: np.random.Generator
) -> tuple[Pixels, np.ndarray]:
    """Scale about a point between 0.6 and 1.25, outside is ground."""
    scale = rng.uniform(0.6, 1.25)
    centre = rng.uniform(0.35, 0.65, 2) * 128
    grid = (np.arange(128) - 64) / scale
    rows, columns = np.round(grid + centre[0]).astype(int), np.round(grid + centre[1]).astype(int)
    inside = ((rows >= 0) & (rows < 128))[:, None] & ((columns >= 0) & (columns < 128))[None]
    rows, columns = rows.clip(0, 127), columns.clip(0, 127)
    zoomed = np.where(inside[..., None], picture[rows[:, None], columns[None]], 255)
    return zoomed.astype(np.uint8), np.where(inside, labels[rows[:, None], columns[None]], 0)


def draw_batch(scenes: Scenes, rng: np.random.Generator, *, size: int) -> tuple[Tensor, Tensor]:
    """Draw disguised scenes; shapes (size, 3, 128, 128) in [-1, 1] and (size, 128, 128)."""
    pictures, targets = [], []
    for row in rng.integers(0, len(scenes.pixels), size):
        picture, labels = scenes.pixels[row], scenes.labels[row]
        if rng.random() < 0.5:
            picture, labels = picture[:, ::-1], labels[:, ::-1]
        if rng.random() < 0.5:
            picture, labels = _zoom(picture, labels, rng)
        if rng.random() < EMPTY_SHARE:  # else the net, which never saw one, fills an empty ground
            picture, labels = np.full_like(picture, 255), np.zeros_like(labels)
        plain = rng.random() < 0.3
        pictures.append(picture / np.float32(255) if plain else disguise(picture, labels, rng))
        targets.append(labels.astype(np.int64))
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) * 2 - 1
    return batch.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(targets))


def train_segmenter(
    work: Path, *, steps: int, batch: int = 24, on_step: Callable[[int, int, str], None]
) -> None:
    """Train, or go on training, the segmenter on the rendered scenes; torchrun may share it."""
    rank, size = join_workers()
    scenes = read_scenes(work, "train")
    torch.manual_seed(0)
    model = GarmentSegmenter(CLASSES).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    averaged = Averaged(model, decay=0.995)
    state = work / STATE
    step = restore_state(state, model, optimizer, averaged=averaged)
    weight = torch.ones(len(CLASSES))
    weight[0], weight[1] = 0.4, 0.7
    saved = told = time.monotonic()
    while step < steps:
        pictures, targets = draw_batch(scenes, np.random.default_rng((3, step, rank)), size=batch)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, steps=steps, peak=2e-3, decay=0.4)
        # Fused attention is slow backwards for heads this narrow, and every other row and column of
        # pixels, which ones by the step, teaches as much as all at two thirds of the time.
        some = np.s_[:, step % 2 :: 2, step // 2 % 2 :: 2]
        with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16):
            scores = model(pictures).permute(0, 2, 3, 1)[some]
        rows = scores.reshape(-1, len(CLASSES)).float()
        loss = nn.functional.cross_entropy(rows, targets[some].reshape(-1), weight=weight)
        optimizer.zero_grad(set_to_none=True)
        with sdpa_kernel(SDPBackend.MATH):
            loss.backward()
        if size > 1:
            share_gradients(model, size)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if rank > 0:
            continue
        averaged.update(model, step=step)
        if time.monotonic() - told > 15:
            on_step(step, steps, f"loss {loss.item():.3f}")
            told = time.monotonic()
        if time.monotonic() - saved > 120 or step == steps:
            save_state(state, model, optimizer, averaged=averaged, step=step)
            saved = time.monotonic()


def load_trained_segmenter(work: Path) -> GarmentSegmenter:
    """Load the averaged weights of the last checkpoint."""
    model = GarmentSegmenter(CLASSES)
    load_average(work / STATE, model)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def measure_iou(work: Path, *, count: int = 1000) -> dict[str, tuple[float, int]]:
    """Measure each class's intersection over union on held-out scenes, and how many show it."""
    scenes = read_scenes(work, "check", count=count)
    model = load_trained_segmenter(work)
    both, either, shown = (np.zeros(len(CLASSES), np.int64) for _ in range(3))
    for start in range(0, len(scenes.pixels), 32):
        pixels = torch.from_numpy(scenes.pixels[start : start + 32]).permute(0, 3, 1, 2)
        made = model(pixels.float() / 127.5 - 1).argmax(1).numpy()
        true = scenes.labels[start : start + 32]
        for number in range(len(CLASSES)):
            a, b = made == number, true == number
            both[number] += (a & b).sum()
            either[number] += (a | b).sum()
            shown[number] += int(b.any((1, 2)).sum())
    return {
        name: (float(both[i] / max(either[i], 1)), int(shown[i])) for i, name in enumerate(CLASSES)
    }
