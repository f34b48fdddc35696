"""Latents and text embeddings, computed once, kept by the hash of what they were made from.

The key is the content (picture bytes, size, base; token ids, base), never a position, so that
shuffling, caption dropout and a changed order of rows cannot pair the wrong two.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar

import torch
from torch import Tensor

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.encoding import encode_pictures, encode_text
from couturier.diffusion.loading import BaseParts
from couturier.errors import TrainingError
from couturier.files import hash_json, require_room
from couturier.runs import OnStep
from couturier.train.pictures import PAD_RULE, Picture, read_padded
from couturier.train.processes import Crew
from couturier.train.shapes import Shape
from couturier.train.store import TensorStore

_PICTURES_A_BATCH = 8
_PIXELS_A_BATCH = 2 * 128 * 128  # more at once is no faster and takes what the UNet needs later
_CAPTIONS_A_BATCH = 64
_SHARD_BYTES = 32 << 20

T = TypeVar("T")


def latents_key(picture: Picture, shape: Shape, base_hash: str) -> str:
    """Name what encoding `picture` in this shape with this base gives."""
    return hash_json([picture.sha256, list(shape), base_hash, PAD_RULE])


def text_key(token_ids: Sequence[int], base_hash: str, precision: str) -> str:
    """Name what encoding these tokens with this base in this number format gives."""
    return hash_json([list(token_ids), base_hash, precision])


def fill_latents(
    store: TensorStore,
    pictures: Iterable[tuple[Picture, Shape]],
    *,
    parts: BaseParts,
    crew: Crew,
    on_step: OnStep,
) -> None:
    """Encode the pictures the store lacks: mean and deviation, (2, 4, height/8, width/8), float32.

    Raises:
        TrainingError: the autoencoder gives no numbers for a picture, named.
        StorageError: no room for the latents.
    """
    wanted = {latents_key(one, shape, parts.base_hash): (one, shape) for one, shape in pictures}
    # Dealt out before what is there is left out: a process may see what another has just written.
    own = crew.share([(key, *one) for key, one in wanted.items()])
    missing = [row for row in own if row[0] not in store]
    missing.sort(key=lambda row: row[2])  # a batch holds one shape
    channels = 2 * 4 * parts.vae.config.latent_channels
    cells = [width * height // parts.family.vae_scale**2 for _, _, (width, height) in missing]
    _require_room(store, channels * sum(cells))

    def encode(batch: list[tuple[str, Picture, Shape]]) -> dict[str, Tensor]:
        pixels = torch.stack([read_padded(picture, shape) for _, picture, shape in batch])
        mean, std = encode_pictures(parts, pixels.float() / 127.5 - 1)
        encoded = torch.stack([mean, std], dim=1).cpu()  # (n, 2, 4, height/8, width/8)
        for (_, picture, _), latents in zip(batch, encoded, strict=True):
            if not torch.isfinite(latents).all():
                raise TrainingError(
                    f"{picture.path}: the autoencoder gives NaN or Inf for this picture",
                    fix="look at the picture; if it is as it should be, the base is damaged",
                )
        return {key: encoded[n].contiguous().clone() for n, (key, _, _) in enumerate(batch)}

    batches = [
        stretch
        for _, rows in groupby(missing, key=lambda row: row[2])
        for stretch in _cut(list(rows))
    ]
    _fill(store, batches, encode, on_step, "encoding pictures")


def _cut(rows: list[tuple[str, Picture, Shape]]) -> list[list[tuple[str, Picture, Shape]]]:
    """Cut pictures of one shape into batches that the autoencoder's activations fit with."""
    width, height = rows[0][2]
    size = max(1, min(_PICTURES_A_BATCH, _PIXELS_A_BATCH // (width * height)))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def fill_texts(
    store: TensorStore, token_ids: Tensor, *, parts: BaseParts, crew: Crew, on_step: OnStep
) -> None:
    """Encode the captions the store lacks, in the base's number format.

    Args:
        store: Of text conditions.
        token_ids: Of all captions, (n, encoders, tokens).
        parts: The base.
        crew: The processes that share the work.
        on_step: Told how far it is.
    """
    precision = parts.placement.precision
    wanted = {text_key(row.tolist(), parts.base_hash, precision): row for row in token_ids}
    own = crew.share(list(wanted.items()))
    rows = [(key, row) for key, row in own if _name_text(key, "states") not in store]
    width = token_ids.shape[2] * parts.family.text_width + parts.family.pooled_width
    _require_room(store, len(rows) * width * 4)

    def encode(batch: list[tuple[str, Tensor]]) -> dict[str, Tensor]:
        encoded = encode_text(parts, torch.stack([row for _, row in batch])).named_tensors()
        return {
            _name_text(key, name): tensor[n].cpu().contiguous().clone()
            for n, (key, _) in enumerate(batch)
            for name, tensor in encoded.items()
        }

    batches = [rows[n : n + _CAPTIONS_A_BATCH] for n in range(0, len(rows), _CAPTIONS_A_BATCH)]
    _fill(store, batches, encode, on_step, "encoding captions")


def write_tokens(store: TensorStore, token_ids: Tensor, base_hash: str) -> None:
    """Keep captions as tokens, for a text encoder that is trained."""
    rows = {token_key(row.tolist(), base_hash): row for row in token_ids}
    missing = {_name_text(key, "token_ids"): row.clone() for key, row in rows.items()}
    missing = {name: row for name, row in missing.items() if name not in store}
    if missing:
        store.write(missing)


def token_key(token_ids: Sequence[int], base_hash: str) -> str:
    """Name these tokens, kept as they are."""
    return text_key(token_ids, base_hash, "tokens")


def read_text(store: TensorStore, key: str) -> TextCondition:
    """Read one caption's condition, without a first dimension; KeyError where it is not there."""
    names = [name for name in ("states", "pooled", "token_ids") if _name_text(key, name) in store]
    if not names:
        raise KeyError(key)
    return TextCondition(**{name: store.read(_name_text(key, name)) for name in names})


def _name_text(key: str, name: str) -> str:
    return f"{key}.{name}"


def _fill(
    store: TensorStore,
    batches: list[list[T]],
    encode: Callable[[list[T]], dict[str, Tensor]],
    on_step: OnStep,
    note: str,
) -> None:
    waiting: dict[str, Tensor] = {}
    done, total = 0, sum(len(batch) for batch in batches)
    for batch in batches:
        waiting |= encode(batch)
        if sum(tensor.nbytes for tensor in waiting.values()) >= _SHARD_BYTES:
            store.write(waiting)
            waiting = {}
        done += len(batch)
        on_step(done, total, note)
    if waiting:
        store.write(waiting)


def _require_room(store: TensorStore, needed_bytes: int) -> None:
    require_room(store.folder, int(1.05 * needed_bytes))
