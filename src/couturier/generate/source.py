"""The picture a drawing starts from: opened, and the garment to draw anew found in it."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from couturier.diffusion.rework import Source
from couturier.errors import LooksError
from couturier.garments.kinds import find_kind
from couturier.garments.records import Garment
from couturier.generate.metadata import hash_pixels
from couturier.generate.settings import GenerateSettings
from couturier.vision.receipts import find_sightings
from couturier.vision.recolour import fit_mask, pack_mask, unpack_mask
from couturier.vision.segmenter import load_own_segmenter

_RIM_SHARE = 0.03  # of the longer side: a new garment need not have the old one's outline


def open_source(settings: GenerateSettings, mask: dict[str, Any] | None = None) -> Source | None:
    """Open the picture that the settings start from; None where they name none.

    Args:
        settings: With `source`, `strength` and `only`.
        mask: As recorded when it was first drawn, for replay; else it is looked for.

    Raises:
        LooksError: no picture there, no such kind of garment, or none in the picture.
    """
    if settings.source is None:
        if settings.only:
            raise LooksError(
                f"--only {settings.only}: no picture to keep the rest of",
                fix="give it with --from PICTURE",
            )
        return None
    image = _open(settings.source)
    if mask is not None:
        return Source(image, settings.strength, unpack_mask(mask))
    if settings.only is None:
        return Source(image, settings.strength)
    return Source(image, settings.strength, _find_mask(image, settings.only, settings.source))


def describe_source(settings: GenerateSettings, source: Source | None) -> dict[str, Any]:
    """List what of the source changes a pixel."""
    if source is None:
        return {}
    packed = pack_mask(source.mask) if source.mask is not None else None
    return {
        "source": str(settings.source),
        "source_pixels": hash_pixels(source.image),
        "strength": source.strength,
        "only": settings.only,
        "mask": packed,
    }


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError as fault:
        reason = getattr(fault, "strerror", None) or "no picture"
        raise LooksError(f"{path}: {reason}", fix="give a PNG or JPEG with --from") from fault
    width, height = (max(side // 8 * 8, 8) for side in image.size)
    return image.crop((0, 0, width, height)) if (width, height) != image.size else image


def _find_mask(image: Image.Image, kind: str, path: Path) -> np.ndarray:
    known = find_kind(kind)
    if known is None:
        raise LooksError(
            f"--only {kind}: no kind of garment couturier knows", fix="say jacket, skirt, hat, ..."
        )
    (sighting,) = find_sightings(image, [Garment(known)], load_own_segmenter())
    if sighting.mask is None:
        raise LooksError(
            f"{path}: no {known} can be found in it", fix="name a garment that the picture shows"
        )
    mask = fit_mask(sighting.mask, np.asarray(image))
    rim = max(round(_RIM_SHARE * max(mask.shape)), 1)
    return np.asarray(ndimage.binary_dilation(mask, iterations=rim))
