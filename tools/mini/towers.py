"""The text and vision towers: trained together, as CLIP was, with words checked one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from tools.mini.captions import Piece, name_garment, write_caption
from tools.mini.checkpoints import Descent, load_average, read_average
from tools.mini.kinds import ARTICLE_TO_CLASS, ARTICLE_WORDS, CLASSES
from tools.mini.palette import ALL_RGB, CORE_NAMES, CORE_OF, shop_colour
from tools.mini.photos import Pixels, Product, read_products, read_squares
from tools.mini.render import read_scenes
from tools.mini.scenes import Garment, SceneNotes
from tools.mini.words import MAX_TOKENS, Encoder, load_tokenizer

STATE = "towers/state.safetensors"
VISION_STATE = "vision/state.safetensors"
UNET_STATE = "unet/state.safetensors"
WIDTH = 128
PROJECTION = 96
KINDS = CLASSES[2:]
COLOURS = tuple(ALL_RGB)
ABSENT = len(CORE_NAMES)

# CLIP's own picture statistics, which CLIPImageProcessor applies by default.
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
SPREAD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


class Towers(nn.Module):
    """Both towers with the heads that are thrown away after training."""

    def __init__(self, *, vocabulary: int, start: int, end: int) -> None:
        super().__init__()
        self.text = CLIPTextModelWithProjection(
            CLIPTextConfig(
                vocab_size=vocabulary,
                hidden_size=WIDTH,
                intermediate_size=4 * WIDTH,
                num_hidden_layers=4,
                num_attention_heads=4,
                max_position_embeddings=MAX_TOKENS,
                projection_dim=PROJECTION,
                bos_token_id=start,
                eos_token_id=end,
                pad_token_id=end,
            )
        )
        self.vision = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=WIDTH,
                intermediate_size=4 * WIDTH,
                num_hidden_layers=3,
                num_attention_heads=4,
                image_size=128,
                patch_size=16,
                projection_dim=PROJECTION,
            )
        )
        self.scale = nn.Parameter(torch.tensor(2.6593))  # ln(1 / 0.07), CLIP's start
        self.token_kind = nn.Linear(WIDTH, len(KINDS))
        self.token_colour = nn.Linear(WIDTH, len(COLOURS))
        self.text_list = nn.Linear(WIDTH, len(KINDS) * (ABSENT + 1))
        self.vision_list = nn.Linear(WIDTH, len(KINDS) * (ABSENT + 1))


def normalise(pixels: Pixels) -> Tensor:
    """Turn uint8 pictures into the vision tower's input; shape (n, 3, 128, 128)."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    return (batch - MEAN) / SPREAD


def note_photograph(product: Product) -> SceneNotes | None:
    """Describe a whole photograph by its row; None where the row's words are not ours."""
    colour, kind = shop_colour(product.colour), ARTICLE_TO_CLASS.get(product.article)
    if colour is None or kind is None:
        return None
    garment = Garment(product.article, kind, colour, product.title, product.gender)
    return SceneNotes((garment,), worn=False)


def describe_photograph(notes: SceneNotes, rng: np.random.Generator) -> list[Piece]:
    """Caption a photograph; half the captions tell for whom it is."""
    garment = notes.garments[0]
    if rng.random() < 0.5:
        return write_caption(notes, rng)
    whose = {"Men": "men's", "Women": "women's"}.get(garment.gender, "unisex")
    return [(whose, -1), (name_garment(garment, rng, loose=0.0), 0)]


def swap_colours(pieces: list[Piece], notes: SceneNotes, rng: np.random.Generator) -> list[Piece]:
    """Make the sentence false by giving one garment another's colour, or any other."""
    garments = notes.garments
    wrong = int(rng.integers(len(garments)))
    old = garments[wrong].colour
    others = [g.colour for g in garments if CORE_OF[g.colour] != CORE_OF[old]]
    new = str(rng.choice(others or [c for c in CORE_NAMES if c != CORE_OF[old]]))
    swapped = []
    for text, owner in pieces:
        if owner == wrong:
            text = re.sub(rf"\b({old}|gray|violet|navy blue|fuchsia)\b", new, text)
        elif owner >= 0 and garments[owner].colour == new:
            text = re.sub(rf"\b{new}\b", old, text)
        swapped.append((text, owner))
    return swapped


def list_garments(notes: SceneNotes) -> np.ndarray:
    """Give for each kind the number of its core colour, or ABSENT; shape (kinds,)."""
    listed = np.full(len(KINDS), ABSENT, np.int64)
    for garment in notes.garments:
        listed[KINDS.index(garment.kind)] = CORE_NAMES.index(CORE_OF[garment.colour])
    return listed


def train_towers(
    photos: Path,
    work: Path,
    *,
    steps: int,
    batch: int = 96,
    on_step: Callable[[int, int, str], None],
) -> None:
    """Train both towers on photographs and boards, with false sentences among the true."""
    scenes = read_scenes(work, "train")
    products = read_products(photos)
    squares = read_squares(photos, products, work=work, name="squares")
    shown = [(i, note_photograph(p)) for i, p in enumerate(products) if not p.held_out]
    real = [(i, notes) for i, notes in shown if notes is not None]
    encoder = Encoder(load_tokenizer(work))
    torch.manual_seed(0)
    model = build_towers(work)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.02)
    descent = Descent(
        work / STATE, model, optimizer, decay=0.995, peak=1.5e-3, steps=steps, on_step=on_step
    )
    while descent.step < steps:
        rng = np.random.default_rng((2, descent.step))
        pixels, notes, captions = [], [], []
        for _ in range(batch):
            if rng.random() < 0.45:
                row, note = real[rng.integers(len(real))]
                captions.append(describe_photograph(note, rng))
                pixels.append(squares[row])
            else:
                row = int(rng.integers(len(scenes.pixels)))
                note = scenes.notes[row]
                captions.append(write_caption(note, rng))
                pixels.append(scenes.pixels[row])
            notes.append(note)
        false = [swap_colours(captions[i], notes[i], rng) for i in range(batch // 2)]
        loss, told_parts = _score_batch(
            model, _shift(np.stack(pixels), rng), notes, encoder.encode_batch(captions + false), rng
        )
        descent.take(loss, told_parts)


def _shift(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Move each picture a few pixels and mirror half of them."""
    moved = np.full_like(pixels, 255)
    for i, picture in enumerate(pixels):
        down, right = rng.integers(-6, 7, 2)
        source = picture[:, ::-1] if rng.random() < 0.5 else picture
        rolled = np.roll(source, (down, right), (0, 1))
        moved[i] = rolled
    return moved


def _score_batch(
    model: Towers,
    pixels: Pixels,
    notes: list[SceneNotes],
    tokens: tuple[Tensor, Tensor],
    rng: np.random.Generator,
) -> tuple[Tensor, str]:
    """Add the contrastive loss, and what each token, the sentence and the picture must tell."""
    ids, owners = tokens
    end = int(ids[0, -1])
    ends = (ids == end).int().argmax(-1)
    # Padding is seen in one step of six, for the UNet looks at padding states too.
    whole = rng.random() < 0.17
    length = MAX_TOKENS if whole else min(int(ends.max()) + 2, MAX_TOKENS)
    with torch.autocast("cpu", torch.bfloat16):
        said = model.text(ids[:, :length])
        seen = model.vision(normalise(pixels))
    states = said.last_hidden_state.float()
    size = len(notes)
    texts = nn.functional.normalize(said.text_embeds.float(), dim=-1)
    images = nn.functional.normalize(seen.image_embeds.float(), dim=-1)
    logits = model.scale.clamp(max=4.6).exp() * images @ texts.T
    same = torch.arange(size)
    contrast = nn.functional.cross_entropy(logits, same) + nn.functional.cross_entropy(
        logits[:, :size].T, same
    )

    truth = torch.from_numpy(np.stack([list_garments(n) for n in notes]))
    weight = torch.ones(ABSENT + 1)
    weight[ABSENT] = 0.15
    places = ends[:size].clamp(max=length - 1)
    if whole:
        places = torch.stack([torch.randint(int(e), length, ()) for e in places])
    summary = model.text_list(states[torch.arange(size), places])
    pooled = model.vision_list(seen.last_hidden_state[:, 0].float())
    listed = nn.functional.cross_entropy(
        summary.view(-1, ABSENT + 1), truth.view(-1), weight=weight
    )
    painted = nn.functional.cross_entropy(
        pooled.view(-1, ABSENT + 1), truth.view(-1), weight=weight
    )
    tokens_loss = _score_tokens(model, states[:size], owners[:size, :length], notes)
    loss = contrast + 0.5 * tokens_loss + listed + painted
    right = (logits.argmax(-1) == same).float().mean().item()
    return loss, (
        f"contrast {contrast.item():.3f} right {right:.2f} tokens {tokens_loss.item():.3f} "
        f"text {listed.item():.3f} picture {painted.item():.3f}"
    )


def _score_tokens(model: Towers, states: Tensor, owners: Tensor, notes: list[SceneNotes]) -> Tensor:
    """Ask the last token of each garment's words for its colour and kind."""
    rows, columns, kinds, colours = [], [], [], []
    for row, note in enumerate(notes):
        for number, garment in enumerate(note.garments):
            found = (owners[row] == number).nonzero()
            if len(found):
                rows.append(row)
                columns.append(int(found[-1]))
                kinds.append(KINDS.index(garment.kind))
                colours.append(COLOURS.index(garment.colour))
    last = states[rows, columns]
    return nn.functional.cross_entropy(
        model.token_kind(last), torch.tensor(kinds)
    ) + nn.functional.cross_entropy(model.token_colour(last), torch.tensor(colours))


def build_towers(work: Path) -> Towers:
    """Make untrained towers for the tokenizer under `work`."""
    tokenizer = load_tokenizer(work)
    return Towers(
        vocabulary=len(tokenizer), start=tokenizer.bos_token_id, end=tokenizer.eos_token_id
    )


def load_towers(work: Path) -> Towers:
    """Load the averaged weights of the last checkpoint."""
    model = build_towers(work)
    load_average(work / STATE, model)
    if (work / UNET_STATE).exists():
        _take_text(model, read_average(work / UNET_STATE))
    if (work / VISION_STATE).exists():
        _take_vision(model, read_average(work / VISION_STATE))
    return model.eval().requires_grad_(False)


def _take_text(model: Towers, average: dict[str, Tensor]) -> None:
    """Put in the text tower as it went on learning with the UNet."""
    prefix = "text."
    model.text.load_state_dict(
        {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}
    )


def _take_vision(model: Towers, average: dict[str, Tensor]) -> None:
    """Put in what the vision tower learnt alone after both had learnt together."""
    prefix = "vision."
    model.vision.load_state_dict(
        {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}
    )
    model.text.text_projection.weight.data.copy_(average["projection.weight"])
    model.scale.data.copy_(average["scale"])


@torch.no_grad()
def measure_retrieval(
    photos: Path, work: Path, *, seed: int = 0, among: int = 100, rounds: int = 20
) -> tuple[int, int]:
    """Count held-out photographs whose own caption wins among 100 different captions."""
    products = read_products(photos)
    squares = read_squares(photos, products, work=work, name="squares")
    held = [(i, note_photograph(p)) for i, p in enumerate(products) if p.held_out]
    known = [(i, n) for i, n in held if n is not None]
    model, encoder = load_towers(work), Encoder(load_tokenizer(work))
    rng = np.random.default_rng(seed)
    right = total = 0
    for _ in range(rounds):
        chosen: dict[str, int] = {}
        for place in rng.permutation(len(known)):
            row, note = known[place]
            garment = note.garments[0]
            whose = {"Men": "men's", "Women": "women's"}.get(garment.gender, "unisex")
            text = f"{whose} {garment.colour} {ARTICLE_WORDS[garment.article][0]}"
            chosen.setdefault(text, row)
            if len(chosen) == among:
                break
        ids, _ = encoder.encode_batch([[(text, 0)] for text in chosen])
        texts = nn.functional.normalize(model.text(ids).text_embeds, dim=-1)
        images = model.vision(normalise(squares[list(chosen.values())])).image_embeds
        best = (nn.functional.normalize(images, dim=-1) @ texts.T).argmax(-1)
        right += int((best == torch.arange(len(chosen))).sum())
        total += len(chosen)
    return right, total
