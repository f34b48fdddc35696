"""Scenes: where a picture's garments are, and which words of its caption speak of each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from couturier.diffusion.word_loss import WordMasks
from couturier.errors import BaseModelError
from couturier.files import hash_json
from couturier.garments.grammar import find_spans
from couturier.garments.records import GarmentSpan
from couturier.runs import OnStep
from couturier.train.pictures import PAD_RULE, Picture, read_padded
from couturier.train.processes import Crew
from couturier.train.shapes import Shape
from couturier.train.store import TensorStore
from couturier.vision.receipts import find_classes
from couturier.vision.segmenter import GarmentSegmenter, load_own_segmenter, segment

MAX_GARMENTS = 5  # of a caption; more than that no picture shows plainly
_PICTURES_A_BATCH = 16


@dataclass(frozen=True)
class Scene:
    """What the loss wants to know of one example.

    Attributes:
        labels_key: Of its label map in the store.
        classes: Of each garment its caption names, the classes that show it, as indexes.
        owners: The garment each token of the caption speaks of, or -1.
    """

    labels_key: str
    classes: tuple[tuple[int, ...], ...] = ()
    owners: tuple[int, ...] = ()


def require_segmenter(what: str) -> GarmentSegmenter:
    """Load the garment segmenter that comes with mini.

    Raises:
        BaseModelError: it is not installed.
    """
    segmenter = load_own_segmenter()
    if segmenter is None:
        raise BaseModelError(
            f"{what}: needs the garment segmenter, which is not installed",
            fix="reinstall couturier with its weights, or leave this setting out",
        )
    return segmenter


def labels_key(picture: Picture, shape: Shape) -> str:
    """Name the label map of `picture` in this shape."""
    return hash_json([picture.sha256, list(shape), PAD_RULE, "labels"])


def fill_labels(
    store: TensorStore,
    pictures: Iterable[tuple[Picture, Shape]],
    segmenter: GarmentSegmenter,
    *,
    crew: Crew,
    on_step: OnStep,
) -> None:
    """Label the pictures the store lacks, as they are shown; a map's longer side is 128."""
    wanted = {labels_key(one, shape): (one, shape) for one, shape in pictures}
    missing = [row for row in crew.share(list(wanted.items())) if row[0] not in store]
    for start in range(0, len(missing), _PICTURES_A_BATCH):
        batch = missing[start : start + _PICTURES_A_BATCH]
        images = [
            Image.fromarray(read_padded(picture, shape).permute(1, 2, 0).numpy())
            for _, (picture, shape) in batch
        ]
        maps = [np.ascontiguousarray(labels) for labels, _ in segment(segmenter, images)]
        keys = [key for key, _ in batch]
        store.write({key: torch.from_numpy(labels) for key, labels in zip(keys, maps, strict=True)})
        on_step(start + len(batch), len(missing), "labelling garments")


def describe_scene(key: str, caption: str, names: Sequence[str], tokenizer: Any, n: int) -> Scene:
    """Tell which tokens of a caption speak of which garment, and which classes show it.

    Args:
        key: Of the picture's label map.
        caption: The caption.
        names: The segmenter's classes.
        tokenizer: The first text encoder's.
        n: Tokens the caption was laid out in: a multiple of the tokenizer's length.
    """
    spans = find_spans(caption)[:MAX_GARMENTS]
    classes = tuple(
        tuple(names.index(name) for name in find_classes(span.garment) if name in names)
        for span in spans
    )
    offsets = tokenizer(caption, add_special_tokens=False, return_offsets_mapping=True)
    length = tokenizer.model_max_length
    room = length - 2  # each stretch has a start and an end of its own
    owners = [-1] * n
    for number, (start, end) in enumerate(offsets["offset_mapping"]):
        stretch, place = divmod(number, room)
        where = stretch * length + 1 + place
        if where < n:
            owners[where] = _find_owner(spans, start, end)
    return Scene(key, classes, tuple(owners))


def read_weights(
    labels: TensorStore | None, scenes: Sequence[Scene | None], cells: Any, background: float
) -> Tensor | None:
    """Say what each latent cell counts for: 1 on garments, `background` elsewhere.

    Returns:
        (batch, 1, h, w); None where all places count the same. A picture on which no garment is
        seen counts everywhere.
    """
    if background == 1.0 or labels is None:
        return None
    rows = []
    for scene in scenes:
        share = torch.zeros(1, *cells)
        if scene is not None:
            share = _pool(labels.read(scene.labels_key) > 0, cells)
        rows.append(share + (1 - share) * background if share.any() else torch.ones(1, *cells))
    return torch.stack(rows)


def read_words(
    labels: TensorStore | None,
    scenes: Sequence[Scene | None],
    cells: Any,
    *,
    dropped: Sequence[bool],
) -> WordMasks | None:
    """Say which tokens speak of which places; those of a dropped caption of none."""
    if labels is None or scenes[0] is None:
        return None
    masks = torch.zeros(len(scenes), MAX_GARMENTS, *cells)
    owners = torch.full((len(scenes), len(scenes[0].owners)), -1)
    for row, (scene, is_dropped) in enumerate(zip(scenes, dropped, strict=True)):
        if scene is None or is_dropped:
            continue
        owners[row] = torch.tensor(scene.owners)
        seen = labels.read(scene.labels_key)
        for number, classes in enumerate(scene.classes):
            masks[row, number] = _pool(torch.isin(seen, torch.tensor(classes)), cells)[0]
    return WordMasks(owners, masks)


def _pool(mask: Tensor, cells: Any) -> Tensor:
    """Give a mask's share of each latent cell; (1, h, w)."""
    pooled: Tensor = nn.functional.adaptive_avg_pool2d(mask[None].float(), tuple(cells))
    return pooled


def _find_owner(spans: Sequence[GarmentSpan], start: int, end: int) -> int:
    for number, span in enumerate(spans):
        if any(start < last and end > first for first, last in (span.phrase, *span.colours)):
            return number
    return -1
