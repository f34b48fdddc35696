"""Colour receipts: what each picture shows of the garments its sentence asks for."""

from typing import Any

from PIL import Image

from couturier.garments.grammar import find_garments
from couturier.vision.receipts import read_receipt
from couturier.vision.segmenter import GarmentSegmenter


def measure_garments(
    image: Image.Image, prompt: str, segmenter: GarmentSegmenter | None
) -> tuple[dict[str, Any], ...]:
    """Measure every garment a sentence asks for; () where it asks for none."""
    garments = find_garments(prompt)
    return tuple(entry.as_dict() for entry in read_receipt(image, garments, segmenter))
