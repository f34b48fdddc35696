"""Turns a picture's colours into sRGB by the profile it carries."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

_PROBE_STEPS = (0, 64, 128, 192, 255)
_SAME_COLOUR = 2  # of 255; what a profile changes by less is rounding


class BrokenProfileError(Exception):
    """A profile that cannot be read, or does not fit the picture's mode."""


def convert_to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert a picture's colours to sRGB; transparency is kept.

    Args:
        image: Mode L, RGB, CMYK, LA or RGBA.
        profile: The ICC profile its numbers mean something in.

    Returns:
        The picture in RGB or RGBA; None where the profile is sRGB, whatever its name.

    Raises:
        BrokenProfileError: the profile is of no use.
    """
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    opaque = image.convert(image.mode.rstrip("A")) if alpha else image
    try:
        change = _build_change(profile, opaque.mode)
        converted = ImageCms.applyTransform(opaque, change) if change else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as fault:
        raise BrokenProfileError(" ".join(str(fault).split())[:120]) from fault
    if converted is not None and alpha:
        converted.putalpha(alpha)
    return converted


def name_profile(profile: bytes) -> str:
    """Give a profile's own name, as in "Adobe RGB (1998)"."""
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError):
        name = ""
    return " ".join(name.split())[:60] or "a nameless profile"


@lru_cache(maxsize=32)
def _build_change(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the change from a profile to sRGB; None where it changes nothing to speak of.

    A shop's pictures share a few profiles, most of which are sRGB under one of its many names:
    what a profile does to a cube of colours tells more than what it is called.
    """
    change = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode not in ("RGB", "L"):
        return change
    probe = _make_probe().convert(mode)
    seen = ImageCms.applyTransform(probe, change)
    if seen is None:
        return change
    pairs = zip(probe.convert("RGB").tobytes(), seen.tobytes(), strict=True)
    return change if max(abs(a - b) for a, b in pairs) > _SAME_COLOUR else None


def _make_probe() -> Image.Image:
    values = bytes(
        value
        for red in _PROBE_STEPS
        for green in _PROBE_STEPS
        for blue in _PROBE_STEPS
        for value in (red, green, blue)
    )
    return Image.frombytes("RGB", (len(values) // 3, 1), values)
