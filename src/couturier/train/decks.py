"""Decks of a run: what its steps will see, encoded where the caches lack it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from couturier.dataset.records import HELD_OUT
from couturier.diffusion.encoding import tokenize
from couturier.diffusion.loading import BaseParts
from couturier.runs import OnStep
from couturier.train.batches import Deck, Example, pick
from couturier.train.cache import (
    fill_latents,
    fill_texts,
    latents_key,
    text_key,
    token_key,
    write_tokens,
)
from couturier.train.heldout import MAX_PICTURES
from couturier.train.order import Order
from couturier.train.pictures import Picture
from couturier.train.prior import choose_prompts, draw_prior, find_prior
from couturier.train.processes import Crew
from couturier.train.scenes import describe_scene, fill_labels, labels_key, require_segmenter
from couturier.train.settings import TrainSettings
from couturier.train.shapes import Shape, choose_shape
from couturier.train.store import TensorStore

_STRETCH = 75  # tokens between a start and an end


@dataclass(frozen=True)
class Decks:
    """What a run shows, measures on, and keeps from forgetting."""

    shown: Deck
    held_out: Deck
    prior: Deck | None


@dataclass(frozen=True)
class _Maker:
    """Makes decks for one order with one base."""

    order: Order
    parts: BaseParts
    crew: Crew
    on_step: OnStep
    latents: TensorStore
    texts: TensorStore
    labels: TensorStore

    def deal(self, pictures: Sequence[Picture], *, scenes: bool) -> Deck:
        """Lay out pictures and their captions; nothing is encoded yet."""
        settings = self.order.settings
        captions = [picture.item.text for picture in pictures]
        ids = self.tokenize(captions) if captions else ()
        names = require_segmenter("masks").class_names if scenes else ()
        examples = []
        for picture, row in zip(pictures, ids, strict=True):
            shape = _shape_of(picture, self.order)
            key = labels_key(picture, shape)
            scene = (
                describe_scene(
                    key,
                    picture.item.text,
                    names,
                    self.parts.tokenizers[0],
                    row.shape[-1],
                )
                if scenes
                else None
            )
            examples.append(
                Example(
                    name=picture.item.file_name,
                    latents_key=latents_key(picture, shape, self.parts.base_hash),
                    text_key=self.key(row),
                    shape=shape,
                    scene=scene,
                )
            )
        empty = self.key(self.tokenize([""])[0])
        return Deck(examples, empty, self.latents, self.texts, self.labels, settings.batch_size)

    def tokenize(self, captions: list[str]) -> Tensor:
        """Lay captions out in as many stretches as are read; (n, encoders, tokens)."""
        n_stretches = self.order.settings.caption_tokens // _STRETCH
        if n_stretches == 1:
            return tokenize(self.parts.tokenizers, captions)
        return torch.stack(
            [_stretch(one, captions, n_stretches) for one in self.parts.tokenizers], dim=1
        )

    def key(self, ids: Tensor) -> str:
        """Name a caption in the store of texts."""
        base_hash = self.parts.base_hash
        if self.order.settings.text_encoder:
            return token_key(ids.tolist(), base_hash)
        return text_key(ids.tolist(), base_hash, self.parts.placement.precision)

    def encode(self, pictures: Sequence[Picture], *, scenes: bool) -> None:
        """Fill the caches with what these pictures and their captions lack."""
        shaped = [(picture, _shape_of(picture, self.order)) for picture in pictures]
        crew, on_step = self.crew, self.on_step
        fill_latents(self.latents, shaped, parts=self.parts, crew=crew, on_step=on_step)
        ids = self.tokenize(["", *(picture.item.text for picture in pictures)])
        if self.order.settings.text_encoder:
            if crew.leads:
                write_tokens(self.texts, ids, self.parts.base_hash)
        else:
            fill_texts(self.texts, ids, parts=self.parts, crew=crew, on_step=on_step)
        if scenes:
            segmenter = require_segmenter("masks")
            fill_labels(self.labels, shaped, segmenter, crew=crew, on_step=on_step)


def make_decks(order: Order, parts: BaseParts, crew: Crew, on_step: OnStep) -> Decks:
    """Encode what the planned steps will see, and nothing else, into the run's cache."""
    settings = order.settings
    stores = [TensorStore(order.out / "cache" / name) for name in ("latents", "captions", "labels")]
    maker = _Maker(order, parts, crew, on_step, *stores)
    own = [picture for picture in order.pictures if picture.item.split != HELD_OUT]
    held_out = [picture for picture in order.pictures if picture.item.split == HELD_OUT]
    scenes = settings.background_weight < 1 or settings.attention_weight > 0
    shown = maker.deal(own, scenes=scenes)
    seen = _list_seen(shown, settings)
    maker.encode([own[n] for n in seen], scenes=scenes)
    maker.encode(held_out[:MAX_PICTURES], scenes=False)
    prior = _make_prior(maker) if settings.prior_weight else None
    crew.wait()
    for store in stores:
        store.reopen()
    return Decks(shown, maker.deal(held_out[:MAX_PICTURES], scenes=False), prior)


def _make_prior(maker: _Maker) -> Deck:
    order = maker.order
    if order.settings.prior_folder:
        pictures = find_prior(order.settings, maker.on_step)
    else:
        pictures = draw_prior(
            order.out,
            maker.parts,
            choose_prompts(order.settings, order.items),
            settings=order.settings,
            crew=maker.crew,
            on_step=maker.on_step,
        )
    maker.encode(pictures, scenes=False)
    return maker.deal(pictures, scenes=False)


def _list_seen(deck: Deck, settings: TrainSettings) -> list[int]:
    """List the examples that the planned steps show."""
    n_serials = settings.max_steps * settings.batch_size * settings.gradient_accumulation
    seen: set[int] = set()
    for serial in range(n_serials):
        seen.add(pick(deck, serial, seed=settings.seed))
        if len(seen) == len(deck.examples):
            break
    return sorted(seen)


def _shape_of(picture: Picture, order: Order) -> Shape:
    side_px = order.settings.resolution_px or order.family.native_px
    if not order.settings.buckets:
        return side_px, side_px
    step_px = min(side_px, order.step_px)
    return choose_shape(*picture.size, side_px=side_px, step_px=step_px)


def _stretch(tokenizer: Any, captions: list[str], n_stretches: int) -> Tensor:
    """Cut captions into stretches, each with a start and an end of its own; (n, tokens)."""
    length = tokenizer.model_max_length
    room = length - 2
    rows = []
    for caption in captions:
        ids = tokenizer(caption, add_special_tokens=False, truncation=False).input_ids
        row = []
        for number in range(n_stretches):
            own = ids[number * room : (number + 1) * room]
            filler = [tokenizer.pad_token_id] * (room - len(own))
            row += [tokenizer.bos_token_id, *own, tokenizer.eos_token_id, *filler]
        rows.append(row)
    return torch.tensor(rows)
