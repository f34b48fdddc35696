"""The vision tower alone, against the text tower as it is after the UNet's training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection
from transformers.models.clip.modeling_clip import CLIPVisionModelOutput

from tools.mini.captions import write_caption
from tools.mini.checkpoints import Descent
from tools.mini.palette import ALL_RGB
from tools.mini.photos import Product, read_products, read_squares
from tools.mini.render import read_scenes
from tools.mini.scenes import SceneNotes
from tools.mini.towers import (
    VISION_STATE,
    WIDTH,
    Towers,
    describe_photograph,
    load_towers,
    normalise,
    note_photograph,
    swap_colours,
)
from tools.mini.words import Encoder, load_tokenizer

COLOURS = tuple(ALL_RGB)
WHOSE = ("Men", "Women")


class Sight(nn.Module):
    """What is trained: the vision tower, the words' projection, and heads for a photograph."""

    def __init__(self, towers: Towers, articles: int) -> None:
        super().__init__()
        self.vision: CLIPVisionModelWithProjection = towers.vision
        self.projection = towers.text.text_projection
        self.scale = towers.scale
        self.article = nn.Linear(WIDTH, articles)
        self.colour = nn.Linear(WIDTH, len(COLOURS))
        self.whose = nn.Linear(WIDTH, len(WHOSE) + 1)


def train_vision(
    photos: Path,
    work: Path,
    *,
    steps: int,
    batch: int = 128,
    on_step: Callable[[int, int, str], None],
) -> None:
    """Train, or go on training, the vision tower on photographs and boards.

    A photograph must also tell its article, colour and for whom it is: one caption among a hundred
    differs from the next in one of the three.
    """
    scenes = read_scenes(work, "train")
    products = read_products(photos)
    squares = read_squares(photos, products, work=work, name="squares")
    real = [
        (row, product, notes)
        for row, product in enumerate(products)
        if not product.held_out and (notes := note_photograph(product)) is not None
    ]
    articles = sorted({product.article for _, product, _ in real})
    encoder = Encoder(load_tokenizer(work))
    torch.manual_seed(0)
    towers = load_towers(work)
    model = Sight(towers, len(articles)).requires_grad_(True).train()
    for tower in (model.vision, towers.text):  # the fused kernel's way back is slow on processors
        tower.set_attn_implementation("eager")
    see = torch.compile(model.vision)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.05)
    descent = Descent(
        work / VISION_STATE, model, optimizer, decay=0.998, peak=1e-3, steps=steps, on_step=on_step
    )
    while descent.step < steps:
        rng = np.random.default_rng((6, descent.step))
        pixels, notes, captions, facts = [], [], [], []
        for place in range(batch):
            if place < batch * 3 // 4:
                row, product, note = real[rng.integers(len(real))]
                captions.append(describe_photograph(note, rng))
                pixels.append(squares[row])
                facts.append(_list_facts(product, note, articles))
            else:
                row = int(rng.integers(len(scenes.pixels)))
                note = scenes.notes[row]
                captions.append(write_caption(note, rng))
                pixels.append(scenes.pixels[row])
            notes.append(note)
        false = [swap_colours(captions[i], notes[i], rng) for i in range(batch // 2)]
        ids, _ = encoder.encode_batch(captions + false)
        views = vary_views(normalise(np.stack(pixels)), rng)
        with torch.autocast("cpu", torch.bfloat16):
            seen = see(views)
        loss, told_parts = _score(model, seen, _read(towers, ids, encoder.end), facts)
        descent.take(loss, told_parts)


def _list_facts(product: Product, notes: SceneNotes, articles: list[str]) -> tuple[int, int, int]:
    whose = WHOSE.index(product.gender) if product.gender in WHOSE else len(WHOSE)
    return (
        articles.index(product.article), COLOURS.index(notes.garments[0].colour), whose,
    )  # fmt: skip


@torch.no_grad()
def _read(towers: Towers, ids: Tensor, end: int) -> Tensor:
    """Read sentences: the text tower's state at the first end mark; shape (n, 128)."""
    ends = (ids == end).int().argmax(-1)
    with torch.autocast("cpu", torch.bfloat16):
        states = towers.text(ids[:, : int(ends.max()) + 1]).last_hidden_state
    return states[torch.arange(len(ids)), ends].float()


def _score(
    model: Sight, seen: CLIPVisionModelOutput, read: Tensor, facts: list[tuple[int, int, int]]
) -> tuple[Tensor, str]:
    """Add the contrastive loss and what photographs, which come first, must tell."""
    texts = nn.functional.normalize(model.projection(read), dim=-1)
    images = nn.functional.normalize(seen.image_embeds.float(), dim=-1)
    logits = model.scale.clamp(max=4.6).exp() * images @ texts.T
    same = torch.arange(len(images))
    contrast = nn.functional.cross_entropy(logits, same) + nn.functional.cross_entropy(
        logits[:, : len(images)].T, same
    )
    pooled = model.vision.vision_model.post_layernorm(seen.last_hidden_state[:, 0].float())
    wanted = torch.tensor(facts)
    heads = (model.article, model.colour, model.whose)
    told = [
        nn.functional.cross_entropy(head(pooled[: len(facts)]), wanted[:, i], label_smoothing=0.05)
        for i, head in enumerate(heads)
    ]
    right = (logits.argmax(-1) == same).float().mean().item()
    return contrast + sum(told), (  # type: ignore[return-value]
        f"contrast {contrast.item():.3f} right {right:.2f} "
        f"article {told[0].item():.3f} colour {told[1].item():.3f} whose {told[2].item():.3f}"
    )


def vary_views(views: Tensor, rng: np.random.Generator) -> Tensor:
    """Move, zoom and mirror pictures; what comes in at the edge repeats the border."""
    size = len(views)
    zoom = torch.from_numpy(rng.uniform(0.85, 1.2, (size, 1))).float()
    zoom = zoom * torch.from_numpy(rng.uniform(0.93, 1.07, (size, 2))).float()
    turn = torch.zeros(size, 2, 3)
    turn[:, 0, 0] = zoom[:, 0] * torch.from_numpy(rng.choice([-1.0, 1.0], size)).float()
    turn[:, 1, 1] = zoom[:, 1]
    turn[:, :, 2] = torch.from_numpy(rng.uniform(-0.12, 0.12, (size, 2))).float()
    grid = nn.functional.affine_grid(turn, list(views.shape), align_corners=False)
    return nn.functional.grid_sample(views, grid, padding_mode="border", align_corners=False)
