"""Opens a picture as shops export them and makes it plain: small, upright, sRGB, 8 bit, whole."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageColor

from couturier.dataset.profiles import BrokenProfileError, convert_to_srgb, name_profile

# Only formats that are pictures and nothing else: Pillow would hand EPS to Ghostscript. The MPO
# of phones opens as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

Notes = list[tuple[str, str]]

_EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnusablePictureError(Exception):
    """A picture that must be left out.

    Args:
        fault: A kind of `catalogue.faults.FAULT_KINDS`.
        reason: What is wrong with it.
    """

    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


@dataclass(frozen=True)
class PlainPicture:
    """A picture made plain, and what had to be done for it.

    Attributes:
        image: RGB, 8 bit, sRGB, upright, no transparency, no longer than asked.
        source_width: Of the source, as it lies in the file, pixels.
        source_height: Likewise.
        notes: Pairs of a kind of `catalogue.faults.FAULT_KINDS` and the reason.
    """

    image: Image.Image
    source_width: int
    source_height: int
    notes: tuple[tuple[str, str], ...]


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Leave the judgement on sizes and odd metadata to us while pictures are opened.

    Pillow's guard against huge pictures is one number for the whole process and warns on stderr;
    `open_plainly` asks the header itself. To be entered once, around all threads.
    """
    Image.init()
    log = logging.getLogger("PIL")
    before, level = Image.MAX_IMAGE_PIXELS, log.level
    Image.MAX_IMAGE_PIXELS = None
    log.setLevel(logging.CRITICAL)  # it writes of torn TIFFs to stderr; we tell them ourselves
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
        log.setLevel(level)


def open_plainly(
    data: bytes, *, size_px: int, max_megapixels: float, background: str
) -> PlainPicture:
    """Decode a picture's first frame and make it plain.

    Args:
        data: The file's bytes.
        size_px: Longest side of what comes back, pixels; never enlarged, never cropped. A large
            JPEG is decoded at the half, fourth or eighth of its size, several times as fast.
        max_megapixels: More is refused by the header, before anything is decoded.
        background: Colour laid under transparent pixels, as ImageColor reads it.

    Raises:
        UnusablePictureError: it is empty, too large, truncated or no picture.
    """
    Image.init()  # Pillow loads its rarer formats late, and knows no WebP before; once is enough
    if not data:
        raise UnusablePictureError("empty picture", "the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_pixels(opened, max_megapixels)
            return _make_plain(opened, size_px, background)
    except UnusablePictureError:
        raise
    except MemoryError as fault:
        raise UnusablePictureError("huge picture", "takes more memory than there is") from fault
    # Whatever a hostile or torn file makes Pillow raise, it costs that picture alone: OSError,
    # SyntaxError, ValueError, struct.error, IndexError and more have been seen.
    except Exception as fault:
        raise UnusablePictureError("broken picture", _told(fault)) from fault


def _check_pixels(image: Image.Image, max_megapixels: float) -> None:
    if image.width < 1 or image.height < 1:
        raise UnusablePictureError("empty picture", f"{image.width} x {image.height} pixels")
    if image.width * image.height > max_megapixels * 1e6:
        raise UnusablePictureError(
            "huge picture",
            f"{image.width} x {image.height} pixels, more than {max_megapixels:g} million",
        )


def _make_plain(opened: Image.Image, size_px: int, background: str) -> PlainPicture:
    width, height = opened.size
    notes = _note_frames(opened)
    opened.draft(None, (size_px, size_px))
    image = _to_colour(_to_8_bit(opened, notes), notes)
    # Small first: all that follows is then cheap. Pillow weighs colours by their opacity here.
    image = _shrink(image, size_px, longest_px=max(width, height))
    image = _to_srgb(image, opened.info.get("icc_profile"), notes)
    image = _lay_on(image, background, notes)
    image = _turn_upright(image, _read_orientation(opened), notes)
    return PlainPicture(image, width, height, tuple(notes))


def _note_frames(opened: Image.Image) -> Notes:
    # A phone's MPO holds the same view twice, which nobody would call an animation.
    n_frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
    return [("animation", f"{n_frames} frames")] if n_frames > 1 else []


def _to_8_bit(image: Image.Image, notes: Notes) -> Image.Image:
    """Scale what holds more than 8 bit to 8; Pillow's own convert() clips it at 255."""
    image.load()
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    wide = image.convert("I") if image.mode.startswith("I;16") else image
    brightest = float(wide.getextrema()[1])  # type: ignore[arg-type]
    # Integers are 16 bit by their format, however dark the picture is; floats end at 1 by
    # custom. Some tools write 8 or 32 bit values into either.
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((value for value in usual if brightest <= value), brightest)
    notes.append(("16 bit", f"mode {image.mode}, values to {white:g} scaled to 255"))
    return wide.point(lambda value: value * (255.0 / white) + 0.5).convert("L")


def _to_colour(image: Image.Image, notes: Notes) -> Image.Image:
    """Bring palettes, masks and rarer modes to one that can be resized: L, RGB(A), LA, CMYK."""
    if image.mode == "CMYK":
        notes.append(("cmyk", "its colours are meant for print"))
    if image.mode in ("RGBA", "LA", "CMYK"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _shrink(image: Image.Image, size_px: int, *, longest_px: int) -> Image.Image:
    """Shrink by the source's longest side, which draft() may have rounded already."""
    if longest_px <= size_px or max(image.size) <= size_px:
        return image
    scale = size_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _to_srgb(image: Image.Image, profile: bytes | None, notes: Notes) -> Image.Image:
    if not profile:
        return image
    try:
        converted = convert_to_srgb(image, profile)
    except BrokenProfileError as fault:
        notes.append(("broken profile", f"its colour profile is of no use ({fault})"))
        return image
    if converted is None:
        return image
    notes.append(("colour profile", f"converted from {name_profile(profile)} to sRGB"))
    return converted


def _lay_on(image: Image.Image, background: str, notes: Notes) -> Image.Image:
    if image.mode not in ("RGBA", "LA"):
        return image.convert("RGB")
    layered = image.convert("RGBA")
    if float(layered.getchannel("A").getextrema()[0]) == 255:  # type: ignore[arg-type]
        return layered.convert("RGB")
    notes.append(("transparency", f"laid on {background}"))
    ground = Image.new("RGBA", layered.size, ImageColor.getrgb(background)[:3])
    return Image.alpha_composite(ground, layered).convert("RGB")


def _read_orientation(opened: Image.Image) -> int:
    try:
        return int(opened.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # torn EXIF raises anything, and says nothing then
        return 1


def _turn_upright(image: Image.Image, orientation: int, notes: Notes) -> Image.Image:
    if orientation not in _TURNS:
        return image
    notes.append(("turned", f"EXIF orientation {orientation}"))
    return image.transpose(_TURNS[orientation])


def _told(fault: BaseException) -> str:
    text = " ".join(str(fault).split())[:120]
    # Pillow says "cannot identify image file <_io.BytesIO object at 0x7f...>".
    if "cannot identify" in text:
        return "no picture of a known format"
    return text if isinstance(fault, OSError) and text else f"{type(fault).__name__}: {text}"
