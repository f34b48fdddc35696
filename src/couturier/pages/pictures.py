"""Pictures carried inside the page: made small, encoded, written as data URIs."""

import base64
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

QUALITY = 84
LARGE_PX = 420
SMALL_PX = 260
GRID_PX = 900
THUMB_PX = 200


def inline_picture(path: Path | BinaryIO, *, side_px: int = LARGE_PX) -> str:
    """Give a picture as a WebP data URI, its longest side at most `side_px`.

    Returns:
        "" where the file is not there or is no whole picture; the page then says so.
    """
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (2 * side_px, 2 * side_px))  # a large JPEG, several times as fast
            small = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ""
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    data = BytesIO()
    small.save(data, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode("ascii")
