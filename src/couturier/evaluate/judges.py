"""Who judges: the garment segmenter and the towers of words and pictures, as the settings say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from couturier.errors import BaseModelError
from couturier.evaluate.settings import EvaluateSettings
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

    def measure_text_image(self, image: Image.Image, prompt: str | None) -> float | None:
        """Measure the cosine between a picture and its prompt; None where it cannot be."""
        if self.towers is None or not prompt:
            return None
        return round(self.towers.measure(image, prompt), 4)


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
