"""Contact sheet: all looks of a folder on one picture, each with its caption under it."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from couturier.errors import LooksError
from couturier.files import replace_whole
from couturier.generate.records import Look, read_looks
from couturier.generate.safety import PASS

_PAPER, _INK, _FAINT = "#ffffff", "#1b1b1b", "#6b6b6b"
_GAP_PX = 16
_FONT_PX = 13
_LINE_PX = 17
_CAPTION_LINES = 3
_LONGEST_PX = 16_000
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def write_sheet(looks_dir: Path, path: Path, *, columns: int = 4, tile_px: int = 256) -> Path:
    """Lay out a looks folder as one picture, in drawing order.

    Args:
        looks_dir: What `render_looks` wrote.
        path: .png, .jpg or .webp.
        columns: Pictures a row, 1 or more.
        tile_px: Side of the square each picture is fitted into.

    Returns:
        `path`.

    Raises:
        LooksError: no looks there, an unknown ending, or more looks than one sheet holds.
    """
    looks = list(read_looks(looks_dir))
    ending = _FORMATS.get(path.suffix.lower())
    if ending is None:
        raise LooksError(f"{path}: no ending of a picture", fix="use .png, .jpg or .webp")
    if not looks:
        raise LooksError(f"{looks_dir}: no looks to lay out", fix="draw some first")
    sheet = _lay_out(looks_dir, looks, columns=max(1, min(columns, len(looks))), tile_px=tile_px)
    with replace_whole(path) as temporary:
        sheet.save(temporary, format=ending)
    return path


def _lay_out(looks_dir: Path, looks: Sequence[Look], *, columns: int, tile_px: int) -> Image.Image:
    cell_px = tile_px + _GAP_PX, tile_px + _GAP_PX + (_CAPTION_LINES + 1) * _LINE_PX
    n_rows = -(-len(looks) // columns)
    size_px = columns * cell_px[0] + _GAP_PX, n_rows * cell_px[1] + _GAP_PX
    if max(size_px) > _LONGEST_PX:
        raise LooksError(
            f"{looks_dir}: {len(looks)} looks make a sheet of {size_px[0]} x {size_px[1]} pixels",
            fix="use more columns or smaller tiles",
        )
    sheet = Image.new("RGB", size_px, _PAPER)
    for number, look in enumerate(looks):
        row, column = divmod(number, columns)
        corner = _GAP_PX + column * cell_px[0], _GAP_PX + row * cell_px[1]
        sheet.paste(_open_tile(looks_dir / look.file, tile_px), corner)
        _write_caption(sheet, look, (corner[0], corner[1] + tile_px + 4), tile_px)
    return sheet


def _open_tile(picture: Path, tile_px: int) -> Image.Image:
    """Fit a picture into a square; a missing or broken one leaves a grey square."""
    tile = Image.new("RGB", (tile_px, tile_px), "#e8e8e8")
    try:
        with Image.open(picture) as opened:
            scale = tile_px / max(opened.size)
            size_px = [max(1, round(side * scale)) for side in opened.size]
            fitted = opened.convert("RGB").resize(
                (size_px[0], size_px[1]), Image.Resampling.LANCZOS
            )
    except OSError:
        return tile
    tile.paste(fitted, ((tile_px - fitted.width) // 2, (tile_px - fitted.height) // 2))
    return tile


def _write_caption(sheet: Image.Image, look: Look, corner: tuple[int, int], width_px: int) -> None:
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_PX)
    lines = _wrap(look.prompt, pen, font, width_px)
    verdict = look.safety.get("verdict", PASS)
    note = f"seed {look.seed}" + ("" if verdict == PASS else f" · {verdict}")
    for number, (line, ink) in enumerate([*((line, _INK) for line in lines), (note, _FAINT)]):
        pen.text((corner[0], corner[1] + number * _LINE_PX), line, fill=ink, font=font)


def _wrap(
    text: str,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
) -> list[str]:
    """Break a sentence into at most three lines; what does not fit is shortened to an ellipsis."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > width_px:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    if len(lines) > _CAPTION_LINES:
        lines = [*lines[: _CAPTION_LINES - 1], lines[_CAPTION_LINES - 1] + " …"]
    return [_shorten(line, pen, font, width_px) for line in lines]


def _shorten(
    line: str,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
) -> str:
    if pen.textlength(line, font=font) <= width_px:
        return line
    kept = line.rstrip(" …")
    while kept and pen.textlength(kept + "…", font=font) > width_px:
        kept = kept[:-1]
    return kept.rstrip() + "…"
