"""The catalogue the looks are measured against: its training pictures and its held-out products."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from couturier.dataset.records import HELD_OUT, TRAIN, Item, hash_items, read_items
from couturier.errors import StorageError
from couturier.evaluate.likeness import build_index, describe
from couturier.evaluate.pictures import UnreadablePictureError, open_picture
from couturier.evaluate.settings import EvaluateSettings
from couturier.evaluate.vectors import Vector
from couturier.files import find_home, hash_json, replace_whole
from couturier.runs import OnStep
from couturier.seeds import derive_seed
from couturier.vision.copies import CopyIndex
from couturier.vision.embeddings import EMBED_BATCH, PictureTower

T = TypeVar("T")

_RULES = 1  # raise it when descriptors change, so that remembered ones are not reused
_MOST_HELD_OUT = 500


class Catalogue:
    """A data set as the looks see it; described once, then remembered in couturier's own folder.

    Attributes:
        folder: The data set.
        key: Changes with the data set, the settings and the tower.
        index: The training pictures' colours and lines.
        vectors: The tower's, of the same pictures; None without a tower.
        held_out: The items held out of training, at most 500.
        held_out_vectors: The tower's, of these; None without a tower.
    """

    def __init__(
        self,
        folder: Path,
        settings: EvaluateSettings,
        *,
        tower: PictureTower | None,
        tower_hash: str | None,
        on_step: OnStep | None = None,
    ) -> None:
        items = read_items(folder)
        self.folder = folder
        self._settings = settings
        self._tower = tower
        self._on_step = on_step
        self._names = _draw_names(items, settings)
        # One picture of each in turn, so that products at the end are not left out.
        self.held_out = _spread([item for item in items if item.split == HELD_OUT], _MOST_HELD_OUT)
        limits = [settings.likeness_pictures, settings.seed]
        self.key = hash_json([_RULES, hash_items(items), limits, tower_hash])
        known = self._recall()
        if known is None:
            known = self._describe()
            self._remember(known)
        self.index = build_index(_keep(self._names, known["read"]), known["likeness"])
        self.vectors: Vector | None = known.get("vectors")
        self.held_out_vectors: Vector | None = known.get("held_out")
        if tower is not None:
            self.held_out = _keep(self.held_out, known["held_out_read"])

    @cached_property
    def copies(self) -> CopyIndex:
        """The training pictures' lines; built when the first new look has to be compared."""
        return CopyIndex(self._open(list(self.index.files), "lines"))

    def _describe(self) -> dict[str, NDArray[Any]]:
        likeness: list[Vector] = []

        def describe_too(image: Image.Image) -> None:
            likeness.append(describe(image).astype(np.float32))

        read, vectors = self._embed(self._names, "catalogue", describe_too)
        found: dict[str, NDArray[Any]] = {
            "read": read,
            "likeness": np.stack(likeness) if likeness else np.zeros((0, 0), np.float32),
        }
        if vectors is not None:
            found["vectors"] = vectors
        return found | self._describe_held_out()

    def _describe_held_out(self) -> dict[str, NDArray[Any]]:
        if self._tower is None:
            return {}
        read, vectors = self._embed([item.file_name for item in self.held_out], "held-out")
        found: dict[str, NDArray[Any]] = {"held_out_read": read}
        return found | ({"held_out": vectors} if vectors is not None else {})

    def _embed(
        self, names: list[str], note: str, also: Callable[[Image.Image], None] | None = None
    ) -> tuple[NDArray[np.uint8], Vector | None]:
        """Embed pictures in batches: which could be read, shape (names,), and their vectors."""
        opened, parts = dict.fromkeys(names, 0), []
        pictures = self._open(names, note)
        while batch := list(islice(pictures, EMBED_BATCH)):
            for name, image in batch:
                opened[name] = 1
                if also:
                    also(image)
            if self._tower:
                parts.append(self._tower.embed([image for _, image in batch]))
        read = np.array([opened[name] for name in names], np.uint8)
        return read, np.concatenate(parts) if parts else None

    def _open(self, names: list[str], note: str) -> Iterator[tuple[str, Image.Image]]:
        """Open pictures one after the other; broken ones are left out."""
        for done, name in enumerate(names, start=1):
            try:
                yield name, open_picture(self.folder / name)
            except UnreadablePictureError:
                continue
            if self._on_step:
                self._on_step(done, len(names), note)

    def _recall(self) -> dict[str, NDArray[Any]] | None:
        file = find_home() / "evaluate" / f"{self.key}.safetensors"
        try:
            return dict(load_file(file)) if file.is_file() else None
        except (OSError, SafetensorError):
            return None  # a damaged memory costs time, nothing else

    def _remember(self, known: dict[str, NDArray[Any]]) -> None:
        file = find_home() / "evaluate" / f"{self.key}.safetensors"
        try:
            with replace_whole(file) as temporary:
                save_file(known, temporary)
        except StorageError:
            return  # a home that cannot be written to costs time, nothing else


def _draw_names(items: list[Item], settings: EvaluateSettings) -> list[str]:
    names = [item.file_name for item in items if item.split == TRAIN]
    if len(names) <= settings.likeness_pictures:
        return names
    draw = np.random.default_rng(derive_seed(settings.seed, "likeness"))
    chosen = draw.choice(len(names), size=settings.likeness_pictures, replace=False)
    return [names[i] for i in sorted(chosen)]


def _spread(items: list[Item], most: int) -> list[Item]:
    return items if len(items) <= most else items[:: -(-len(items) // most)]


def _keep(things: list[T], read: NDArray[Any]) -> list[T]:
    return [thing for thing, flag in zip(things, read.tolist(), strict=True) if flag]
