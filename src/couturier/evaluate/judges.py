"""Who judges: the garment segmenter and the towers of words and pictures, as the settings say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from couturier.errors import BaseModelError
from couturier.evaluate.settings import EvaluateSettings
from couturier.evaluate.vectors import Vector
from couturier.files import hash_file
from couturier.runs import couturier_version
from couturier.vision.embeddings import (
    PictureTower,
    Towers,
    find_towers,
    load_own_tower,
    load_towers,
)
from couturier.vision.segmenter import GarmentSegmenter, find_segmenter, load_segmenter

_WEIGHTS = "*.safetensors"


@dataclass(frozen=True)
class Judges:
    """The loaded judges; each may be missing, which is told in `facts`, never papered over.

    Attributes:
        segmenter: None where the settings say so or no weights are there.
        towers: Of words and pictures; None likewise.
        tower: What turns pictures into vectors; None likewise.
        facts: What judges, with hashes of the weights.
    """

    segmenter: GarmentSegmenter | None
    towers: Towers | None
    tower: PictureTower | None
    facts: dict[str, Any]

    def look(self, images: Sequence[Image.Image], prompts: Sequence[str | None]) -> list["Glance"]:
        """Turn pictures into vectors and compare them with their prompts, all in one go."""
        if not images:
            return []
        seen = self.tower.embed(images) if self.tower else None
        cosines: list[float | None] = [None] * len(images)
        if self.towers is not None:
            same = self.tower is self.towers and seen is not None
            own = seen if same else self.towers.embed(images)
            cosines = _compare(self.towers, own, prompts)
        vectors = [None] * len(images) if seen is None else list(seen)
        return [Glance(*pair) for pair in zip(vectors, cosines, strict=True)]


@dataclass(frozen=True)
class Glance:
    """What the towers say of one picture.

    Attributes:
        vector: The tower's; None without one.
        text_image: Cosine of picture and prompt; None where it cannot be.
    """

    vector: Vector | None
    text_image: float | None


def _compare(towers: Towers, seen: Any, prompts: Sequence[str | None]) -> list[float | None]:
    said = list(dict.fromkeys(prompt for prompt in prompts if prompt))
    if not said:
        return [None] * len(prompts)
    words = dict(zip(said, towers.embed_words(said), strict=True))
    return [
        round(float(vector @ words[prompt]), 4) if prompt else None
        for vector, prompt in zip(seen, prompts, strict=True)
    ]


def load_judges(settings: EvaluateSettings) -> Judges:
    """Load what the settings name.

    Raises:
        BaseModelError: a segmenter given by its folder is not there.
    """
    folder = _find_segmenter(settings.segmenter)
    own = _find_own_tower(settings.tower)
    wanted = settings.text_image or settings.tower == "mini"
    mini = find_towers() if wanted else None
    towers = load_towers(mini) if mini else None
    tower: PictureTower | None = load_own_tower(own) if own else None
    if settings.tower == "mini":
        tower = towers
    return Judges(
        segmenter=load_segmenter(folder, "cpu") if folder else None,
        towers=towers if settings.text_image else None,
        tower=tower,
        facts={
            "couturier": couturier_version(),
            "segmenter": settings.segmenter if folder else "none",
            "segmenter_hash": _hash(folder),
            "vision_tower": settings.tower if tower else "none",
            "vision_tower_hash": _hash(own or mini),
        },
    )


def _find_own_tower(name: str) -> Path | None:
    return None if name in ("mini", "none") else Path(name)


def _find_segmenter(name: str) -> Path | None:
    if name == "none":
        return None
    if name == "mini":
        return find_segmenter()
    folder = Path(name)
    if not any(folder.glob(_WEIGHTS)):
        raise BaseModelError(
            f"{folder}: no segmenter there (no .safetensors file)",
            fix="give evaluate.segmenter = mini, none, or the folder of a segmenter",
        )
    return folder


def _hash(folder: Path | None) -> str | None:
    if folder is None:
        return None
    return "-".join(hash_file(path)[:16] for path in sorted(folder.glob(_WEIGHTS)))
