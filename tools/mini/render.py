"""Render scenes into shards once, so that every part trains on the same pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tools.mini.photos import Pixels, read_products, read_squares
from tools.mini.scenes import (
    MAX_GARMENTS,
    Garment,
    Scene,
    SceneNotes,
    Wardrobe,
    cache_path,
    make_scene,
    open_wardrobe,
    scene_seed,
)

SHARD = 1000


def render_scenes(
    photos: Path,
    work: Path,
    *,
    count: int,
    split: str,
    on_step: Callable[[int, int, str], None],
) -> None:
    """Render the missing shards of a split; a shard appears whole or not at all."""
    folder = cache_path(work, split)
    folder.mkdir(parents=True, exist_ok=True)
    wardrobe: Wardrobe | None = None
    for start in range(0, count, SHARD):
        path = folder / f"{start:06d}.npz"
        if path.exists():
            continue
        if wardrobe is None:
            products = read_products(photos)
            squares = read_squares(photos, products, work=work, name="squares")
            wardrobe = open_wardrobe(products, squares, held_out=split == "check")
        scenes = [make_scene(wardrobe, scene_seed(split, i)) for i in range(start, start + SHARD)]
        _write_shard(path, scenes)
        on_step(start + SHARD, count, f"{split} scenes")


def _write_shard(path: Path, scenes: list[Scene]) -> None:
    notes = [asdict(s.notes) for s in scenes]
    beside = path.with_suffix(".partial.npz")
    np.savez(
        beside,
        pixels=np.stack([s.pixels for s in scenes]),
        labels=np.stack([s.labels for s in scenes]),
        owner=np.stack([_pool_owners(s.owner) for s in scenes]),
        notes=np.frombuffer(json.dumps(notes).encode(), np.uint8),
    )
    beside.replace(path)


def _pool_owners(owner: np.ndarray) -> np.ndarray:
    """Average each garment's mask to 16 x 16; shape (5, 16, 16), 0..255."""
    masks = owner[None] == np.arange(1, MAX_GARMENTS + 1)[:, None, None]
    pooled = masks.reshape(MAX_GARMENTS, 16, 8, 16, 8).mean((2, 4))
    return (pooled * 255).astype(np.uint8)


@dataclass(frozen=True)
class Scenes:
    """Rendered scenes of one split; all arrays are indexed alike."""

    pixels: Pixels
    labels: np.ndarray
    owner: np.ndarray
    notes: tuple[SceneNotes, ...]


def read_scenes(work: Path, split: str, *, count: int | None = None) -> Scenes:
    """Read the first `count` rendered scenes of a split, or all that are there."""
    shards = sorted(cache_path(work, split).glob("??????.npz"))
    shards = shards[: None if count is None else -(-count // SHARD)]
    if not shards:
        raise FileNotFoundError(f"no scenes of split {split} under {work}: run the part `scenes`")
    loaded = [np.load(path) for path in shards]
    notes: list[SceneNotes] = []
    for shard in loaded:
        for note in json.loads(shard["notes"].tobytes()):
            garments = tuple(Garment(**garment) for garment in note["garments"])
            notes.append(SceneNotes(garments, note["worn"]))
    return Scenes(
        np.concatenate([shard["pixels"] for shard in loaded])[:count],
        np.concatenate([shard["labels"] for shard in loaded])[:count],
        np.concatenate([shard["owner"] for shard in loaded])[:count],
        tuple(notes[:count]),
    )
