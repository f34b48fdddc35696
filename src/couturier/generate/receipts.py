"""Colour receipts: what each picture shows of the garments its sentence asks for."""

from typing import Any

from PIL import Image

from couturier.diffusion.bases import MINI, resolve_base
from couturier.errors import CouturierError
from couturier.garments.grammar import find_garments
from couturier.vision.receipts import read_receipt
from couturier.vision.segmenter import GarmentSegmenter, load_segmenter


def find_segmenter() -> GarmentSegmenter | None:
    """Load the segmenter that comes with mini; None where its weights are not installed."""
    try:
        folder = resolve_base(MINI) / "segmenter"
    except CouturierError:
        return None
    return load_segmenter(folder, "cpu") if folder.is_dir() else None


def measure_garments(
    image: Image.Image, prompt: str, segmenter: GarmentSegmenter | None
) -> tuple[dict[str, Any], ...]:
    """Measure every garment a sentence asks for; () where it asks for none."""
    garments = find_garments(prompt)
    return tuple(entry.as_dict() for entry in read_receipt(image, garments, segmenter))
