"""Latents and text embeddings, computed once, kept by the hash of what they were made from.

The key is the content (picture bytes, size, base; token ids, base), never a position, so that
shuffling, caption dropout and a changed order of rows cannot pair the wrong two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.encoding import encode_pictures, encode_text
from couturier.diffusion.loading import BaseParts
from couturier.errors import TrainingError
from couturier.files import hash_json, replace_whole, require_room
from couturier.runs import OnStep
from couturier.train.pictures import PAD_RULE, Picture, read_square

_PICTURES_A_BATCH = 8
_CAPTIONS_A_BATCH = 64
_SHARD_BYTES = 32 << 20

T = TypeVar("T")


class TensorStore:
    """Tensors by key in memory-mapped files that are only ever added to, each one whole.

    Attributes:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Any] = {}
        for shard in sorted(folder.glob("*.safetensors")):
            self._open(shard)

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def read(self, key: str) -> Tensor:
        """Read one tensor; KeyError where it was never written."""
        tensor: Tensor = self._files[key].get_tensor(key)
        return tensor

    def write(self, tensors: Mapping[str, Tensor]) -> None:
        """Add tensors in a file of their own."""
        shard = self.folder / f"{len(list(self.folder.glob('*.safetensors'))):05d}.safetensors"
        while shard.exists():
            shard = shard.with_stem(f"{int(shard.stem) + 1:05d}")
        with replace_whole(shard) as temporary:
            save_file(dict(tensors), temporary)
        self._open(shard)

    def _open(self, shard: Path) -> None:
        try:
            file = safe_open(shard, framework="pt", device="cpu")
        except (SafetensorError, OSError):
            shard.unlink(missing_ok=True)  # damaged: what it held is computed anew
            return
        keys: list[str] = list(file.keys())  # type: ignore[no-untyped-call]
        self._files |= dict.fromkeys(keys, file)


def latents_key(picture: Picture, side_px: int, base_hash: str) -> str:
    """Name what encoding `picture` at `side_px` with this base gives."""
    return hash_json([picture.sha256, side_px, base_hash, PAD_RULE])


def text_key(token_ids: Sequence[int], base_hash: str, precision: str) -> str:
    """Name what encoding these tokens with this base in this number format gives."""
    return hash_json([list(token_ids), base_hash, precision])


def fill_latents(
    store: TensorStore,
    pictures: Iterable[Picture],
    *,
    parts: BaseParts,
    side_px: int,
    on_step: OnStep,
) -> None:
    """Encode the pictures the store lacks: mean and deviation, (2, 4, side/8, side/8), float32.

    Raises:
        TrainingError: the autoencoder gives no numbers for a picture, named.
        StorageError: no room for the latents.
    """
    missing = {latents_key(picture, side_px, parts.base_hash): picture for picture in pictures}
    missing = {key: picture for key, picture in missing.items() if key not in store}
    cells = (side_px // parts.family.vae_scale) ** 2 * parts.vae.config.latent_channels
    _require_room(store, len(missing) * 2 * cells * 4)

    def encode(batch: list[tuple[str, Picture]]) -> dict[str, Tensor]:
        pixels = torch.stack([read_square(picture, side_px) for _, picture in batch])
        mean, std = encode_pictures(parts, pixels.float() / 127.5 - 1)
        encoded = torch.stack([mean, std], dim=1).cpu()  # (n, 2, 4, side/8, side/8)
        for (_, picture), latents in zip(batch, encoded, strict=True):
            if not torch.isfinite(latents).all():
                raise TrainingError(
                    f"{picture.path}: the autoencoder gives NaN or Inf for this picture",
                    fix="look at the picture; if it is as it should be, the base is damaged",
                )
        return {key: encoded[n].contiguous().clone() for n, (key, _) in enumerate(batch)}

    _fill(store, list(missing.items()), _PICTURES_A_BATCH, encode, on_step, "encoding pictures")


def fill_texts(store: TensorStore, token_ids: Tensor, *, parts: BaseParts, on_step: OnStep) -> None:
    """Encode the captions the store lacks, in the base's number format.

    Args:
        token_ids: Of all captions, (n, encoders, 77).
    """
    precision = parts.placement.precision
    missing = {text_key(row.tolist(), parts.base_hash, precision): row for row in token_ids}
    missing = {key: row for key, row in missing.items() if _name_text(key, "states") not in store}
    width = token_ids.shape[2] * parts.family.text_width + parts.family.pooled_width
    _require_room(store, len(missing) * width * 4)

    def encode(batch: list[tuple[str, Tensor]]) -> dict[str, Tensor]:
        encoded = encode_text(parts, torch.stack([row for _, row in batch])).named_tensors()
        return {
            _name_text(key, name): tensor[n].cpu().contiguous().clone()
            for n, (key, _) in enumerate(batch)
            for name, tensor in encoded.items()
        }

    _fill(store, list(missing.items()), _CAPTIONS_A_BATCH, encode, on_step, "encoding captions")


def read_text(store: TensorStore, key: str) -> TextCondition:
    """Read one caption's condition, without a first dimension; KeyError where it is not there."""
    names = [name for name in ("states", "pooled") if _name_text(key, name) in store]
    if not names:
        raise KeyError(key)
    return TextCondition(**{name: store.read(_name_text(key, name)) for name in names})


def _name_text(key: str, name: str) -> str:
    return f"{key}.{name}"


def _fill(
    store: TensorStore,
    missing: list[T],
    batch_size: int,
    encode: Callable[[list[T]], dict[str, Tensor]],
    on_step: OnStep,
    note: str,
) -> None:
    waiting: dict[str, Tensor] = {}
    for start in range(0, len(missing), batch_size):
        waiting |= encode(missing[start : start + batch_size])
        if sum(tensor.nbytes for tensor in waiting.values()) >= _SHARD_BYTES:
            store.write(waiting)
            waiting = {}
        on_step(min(start + batch_size, len(missing)), len(missing), note)
    if waiting:
        store.write(waiting)


def _require_room(store: TensorStore, needed_bytes: int) -> None:
    require_room(store.folder, int(1.05 * needed_bytes))
