"""A garment in another colour: its main colour moves in Lab, light, folds and prints stay."""

import base64
import warnings
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import lab2rgb

from couturier.vision.colours import Lab, measure_colour, to_lab
from couturier.vision.foreground import PLAIN_DELTA, Mask, read_border, shrink

_SHADE = 0.3  # what is left of the small differences in hue that light makes
_PRINT_FROM, _PRINT_OVER = 18.0, 30.0  # chroma away from the main colour that is a print's own
_TRIES = 3
_REACH_SHARE = 0.02  # of the longer side: how far a mask may be off its garment's edge
_MOST = 0.75  # of what hangs together before a plain ground: with more of it, all of it is meant
_HALO = 0.3  # of the way from the ground's colour to the garment's
_SAME_DELTA = 14.0  # lightness counts half: folds


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


def fit_mask(mask: Mask, pixels: NDArray[np.uint8], *, others: Sequence[Mask] = ()) -> Mask:
    """Bring a mask to a picture's size and its rim to the garment's own edge.

    Cloth of the garment's colour that hangs together with it is taken in: a segmenter leaves holes
    and calls the half of a garment by another name. What looks like the picture's plain ground and
    hangs together with what is outside is left out.

    Args:
        mask: At any size.
        pixels: The picture; shape (height, width, 3).
        others: Masks of other garments, which keep their places; of the same size as `mask`.
    """
    for other in others:
        mask = mask & ~other
    height, width = pixels.shape[:2]
    core = _resize(mask, height, width)
    taken = np.zeros_like(core)
    for other in others:
        taken |= _resize(other, height, width) & ~core
    lab = to_lab(pixels)
    main = measure_colour(pixels[shrink(core)] if core.any() else pixels[core])
    if main is None:
        return core
    reach = max(round(_REACH_SHARE * max(height, width)), 1)
    near = np.linalg.norm((lab - np.asarray(main.lab)) * (0.5, 1, 1), axis=-1) < _SAME_DELTA
    beside = ndimage.binary_dilation(core, iterations=reach) & near & ~taken
    border = read_border(lab)
    ground = np.median(border, axis=0)
    if np.mean(np.linalg.norm(border - ground, axis=-1) < PLAIN_DELTA) < 0.7:
        return np.asarray(core | beside)
    # What is nearer to the ground than to the garment is its halo: blur, shadow, a soft edge.
    apart = float(np.linalg.norm(np.asarray(main.lab) - ground))
    bare = np.linalg.norm(lab - ground, axis=-1) < max(PLAIN_DELTA, _HALO * apart)
    grown = ndimage.binary_propagation(core | beside, mask=core | beside | (near & ~bare & ~taken))
    grown |= _find_wholes(core, ~bare & ~taken)
    outside = ndimage.binary_propagation(~grown, mask=~grown | (bare & ~near))
    fitted = np.asarray(grown & ~outside)
    return fitted if fitted.sum() > 0.3 * core.sum() else np.asarray(grown)


def _find_wholes(core: Mask, standing: Mask) -> Mask:
    """Find the connected things that a mask holds the most of: a waistband in another shade too."""
    numbered, count = ndimage.label(standing)
    total = np.bincount(numbered.ravel(), minlength=count + 1)
    held = np.bincount(numbered[core], minlength=count + 1)
    meant = held > _MOST * total
    meant[0] = False
    return np.asarray(meant[numbered])


def _resize(mask: Mask, height: int, width: int) -> Mask:
    zoom = height / mask.shape[0], width / mask.shape[1]
    soft = ndimage.zoom(mask.astype(float), zoom, order=1, grid_mode=True, mode="nearest")
    return np.asarray(soft > 0.5)


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
    with warnings.catch_warnings():  # deep yellows leave sRGB and are cut: no news to anybody
        warnings.filterwarnings("ignore", ".*negative Z values", UserWarning)
        rgb = lab2rgb(moved) * 255
    mixed = pixels + (rgb - pixels) * alpha[..., None]
    return np.where(alpha[..., None] > 0, mixed.round().clip(0, 255), pixels).astype(np.uint8)
