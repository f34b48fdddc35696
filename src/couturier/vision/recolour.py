"""A garment in another colour: its main colour moves in Lab, light, folds and prints stay."""

import base64
import zlib

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import lab2rgb

from couturier.vision.colours import Lab, measure_colour, to_lab
from couturier.vision.foreground import Mask, shrink

_SHADE = 0.3  # what is left of the small differences in hue that light makes
_PRINT_FROM, _PRINT_OVER = 18.0, 30.0  # chroma away from the main colour that is a print's own
_TRIES = 3


def recolour(pixels: NDArray[np.uint8], mask: Mask, target: Lab) -> NDArray[np.uint8]:
    """Give what a mask holds another main colour.

    Args:
        pixels: sRGB bytes; shape (height, width, 3).
        mask: Where the garment is; not a pixel outside is changed.
        target: CIE Lab that its main colour shall have.

    Returns:
        A new picture of the same shape.
    """
    lab = to_lab(pixels)
    inner = shrink(mask)
    alpha = np.minimum(ndimage.gaussian_filter(mask.astype(float), 0.6) * 1.4, 1.0) * mask
    aim, made = np.asarray(target, float), pixels
    for _ in range(_TRIES):  # clipping to sRGB and to light moves the main colour; aim again
        made = _blend(pixels, _move(lab, inner, aim), alpha)
        seen = measure_colour(made[inner])
        if seen is None:
            break
        aim = aim + (np.asarray(target) - np.asarray(seen.lab))
    return made


def fit_mask(mask: Mask, pixels: NDArray[np.uint8]) -> Mask:
    """Bring a mask to a picture's size; in larger pictures its rim follows the garment's colour.

    Args:
        mask: At any size.
        pixels: The picture; shape (height, width, 3).
    """
    height, width = pixels.shape[:2]
    if mask.shape == (height, width):
        return mask
    zoom = height / mask.shape[0], width / mask.shape[1]
    soft = ndimage.zoom(mask.astype(float), zoom, order=1, grid_mode=True, mode="nearest")
    core, wide = soft > 0.8, soft > 0.2
    if not core.any():
        return np.asarray(soft > 0.5)
    main = measure_colour(pixels[core])
    assert main is not None
    near = np.linalg.norm(to_lab(pixels) - np.asarray(main.lab), axis=-1) < 25.0
    return np.asarray(core | (wide & near))


def pack_mask(mask: Mask) -> dict[str, object]:
    """Write a mask small enough for a picture's metadata."""
    bits = np.packbits(mask.ravel()).tobytes()
    return {"shape": list(mask.shape), "bits": base64.b85encode(zlib.compress(bits, 9)).decode()}


def unpack_mask(packed: dict[str, object]) -> Mask:
    """Read what `pack_mask` wrote.

    Raises:
        ValueError: it holds no mask.
    """
    try:
        height, width = (int(side) for side in packed["shape"])  # type: ignore[attr-defined]
        bits = zlib.decompress(base64.b85decode(str(packed["bits"])))
    except (KeyError, TypeError, zlib.error) as fault:
        raise ValueError(f"no mask ({fault})") from fault
    flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=height * width)
    return flat.reshape(height, width).astype(bool)


def _move(
    lab: NDArray[np.float64], inner: Mask, target: NDArray[np.float64]
) -> NDArray[np.float64]:
    main = measure_colour_of(lab[inner])
    away = lab - main
    print_like = (np.abs(away[..., 1:]).max(-1, keepdims=True) - _PRINT_FROM) / _PRINT_OVER
    keep = _SHADE + (0.9 - _SHADE) * print_like.clip(0, 1)
    # Folds of a light cloth are deeper in Lab than those of a dark one in the same light.
    gain = float(np.clip((target[0] + 12) / (main[0] + 12), 0.5, 1.8))
    moved = np.empty_like(lab)
    moved[..., 0] = (target[0] + away[..., 0] * gain).clip(2, 99)
    moved[..., 1:] = target[1:] + away[..., 1:] * keep
    return moved


def measure_colour_of(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the median of some Lab pixels, which outliers cannot pull."""
    return np.asarray(np.median(lab, axis=0))


def _blend(
    pixels: NDArray[np.uint8], moved: NDArray[np.float64], alpha: NDArray[np.float64]
) -> NDArray[np.uint8]:
    rgb = lab2rgb(moved) * 255
    mixed = pixels + (rgb - pixels) * alpha[..., None]
    return np.where(alpha[..., None] > 0, mixed.round().clip(0, 255), pixels).astype(np.uint8)
