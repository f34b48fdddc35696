"""The second judge: a segmenter that drawing never asks, to count what drawing got right.

Whoever chooses pictures by one judge must be counted by another. This one shares neither
architecture (no skips, dilated convolutions on a 32 x 32 grid) nor boards with the packaged
segmenter; its weights lie beside this file and never enter the package.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tools.mini.checkpoints import Descent, load_average
from tools.mini.kinds import CLASSES
from tools.mini.photos import Pixels
from tools.mini.render import read_scenes
from tools.mini.segment import draw_batch

STATE = "judge/state.safetensors"
WEIGHTS = Path(__file__).parent / "judge.safetensors"
GRID = 32


class Judge(nn.Module):
    """From 128 px sRGB in [-1, 1] to class scores on a 32 x 32 grid."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 2, 7, stride=2, padding=3), nn.GELU(),
            nn.Conv2d(width // 2, width, 5, stride=2, padding=2),
        )  # fmt: skip
        self.blocks = nn.ModuleList(_Dilated(width, reach) for reach in (1, 2, 4, 8, 1, 2, 4, 8))
        self.whole = nn.Linear(width, width)
        self.head = nn.Conv2d(width, len(CLASSES), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Score pictures, shape (batch, 3, 128, 128); shape (batch, classes, 32, 32)."""
        state = self.stem(pictures)
        for block in self.blocks:
            state = block(state)
        state = state + self.whole(state.mean((2, 3)))[:, :, None, None]
        scores: Tensor = self.head(nn.functional.gelu(state))
        return scores


class _Dilated(nn.Module):
    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.wide = nn.Conv2d(width, width, 3, padding=reach, dilation=reach)
        self.mix = nn.Conv2d(width, width, 1)

    def forward(self, state: Tensor) -> Tensor:
        inner: Tensor = self.mix(nn.functional.gelu(self.wide(self.norm(state))))
        return state + inner


def train_judge(
    work: Path, *, steps: int, batch: int = 32, on_step: Callable[[int, int, str], None]
) -> None:
    """Train, or go on training, the judge on boards of its own, and write its weights here."""
    scenes = read_scenes(work, "judge")
    torch.manual_seed(7)
    model = Judge().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    descent = Descent(
        work / STATE, model, optimizer, decay=0.995, peak=2e-3, steps=steps, on_step=on_step
    )
    weight = torch.ones(len(CLASSES))
    weight[0], weight[1] = 0.4, 0.7
    while descent.step < steps:
        pictures, targets = draw_batch(scenes, np.random.default_rng((8, descent.step)), size=batch)
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(pictures)
        rows = scores.permute(0, 2, 3, 1).reshape(-1, len(CLASSES)).float()
        loss = nn.functional.cross_entropy(rows, targets[:, 2::4, 2::4].reshape(-1), weight=weight)
        descent.take(loss, f"loss {loss.item():.3f}")
    load_average(work / STATE, model)
    save_file(
        {key: value.half().contiguous() for key, value in model.state_dict().items()}, WEIGHTS
    )


def load_judge(path: Path = WEIGHTS) -> Judge:
    """Load the judge's weights."""
    model = Judge()
    model.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    return model.eval().requires_grad_(False)


@torch.no_grad()
def judge_labels(model: Judge, pixels: Pixels) -> np.ndarray:
    """Label pictures, shape (n, 128, 128, 3); class numbers of CLASSES, shape (n, 128, 128)."""
    made = []
    for start in range(0, len(pixels), 32):
        batch = torch.from_numpy(np.ascontiguousarray(pixels[start : start + 32]))
        scores = model(batch.permute(0, 3, 1, 2).float() / 127.5 - 1)
        fine = nn.functional.interpolate(
            scores, scale_factor=4.0, mode="bilinear", align_corners=False
        )
        made.append(fine.argmax(1).to(torch.uint8).numpy())
    return np.concatenate(made)
