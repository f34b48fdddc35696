"""Line sheets: a folder's looks on paper, each with its sentence, swatches and number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from couturier.errors import LooksError
from couturier.evaluate.records import SCORES_FILE
from couturier.files import replace_whole
from couturier.generate.records import Look, read_looks
from couturier.report.cards import build_cards

DPI = 200
PAPERS = {"a4": (1654, 2339), "letter": (1700, 2200)}
MOST_PAGES = 500
_PAPER, _INK, _FAINT, _RULE, _EMPTY = "#ffffff", "#1c1917", "#57504a", "#ddd6cd", "#efebe4"
_MARGIN_PX, _GAP_PX, _HEAD_PX = 110, 40, 120
_TITLE_PX, _TEXT_PX, _NOTE_PX, _SWATCH_PX = 44, 22, 18, 26
_LINES = 3
_SQUAREST, _TALLEST = 1.0, 1.5  # height of a picture's place to its width
_LOOKED_AT = 24
_BLOCK = "block"


@dataclass(frozen=True)
class Entry:
    """One look on the sheet.

    Attributes:
        path: Its picture.
        title: The sentence; "" where none is known.
        note: Number, seed and verdict.
        swatches: (kind, "#rrggbb" as seen) of each garment asked for; "" where it is not there.
        withheld: Whether its place stays black.
    """

    path: Path
    title: str
    note: str
    swatches: tuple[tuple[str, str], ...]
    withheld: bool


def write_sheet(
    looks_dir: Path, out: Path, *, columns: int = 4, paper: str = "a4", title: str = ""
) -> list[Path]:
    """Lay a looks folder out on pages, in drawing order.

    Args:
        looks_dir: Looks, scored or not.
        out: .pdf for one document of all pages; .png for one picture, or NAME-01.png and on.
        columns: Pictures a row, 1 to 8.
        paper: "a4" or "letter".
        title: Stands over every page; "" takes the folder's name.

    Returns:
        The files written.

    Raises:
        LooksError: no looks there, an unknown ending, or more pages than a sheet is good for.
    """
    if out.suffix.lower() not in (".pdf", ".png"):
        raise LooksError(f"{out}: a sheet is a .pdf or a .png", fix="give --out sheet.pdf")
    entries = list(_list_entries(looks_dir))
    if not entries:
        raise LooksError(f"{looks_dir}: no looks to lay out", fix="draw some first")
    size, shape = PAPERS[paper], _find_shape(entries)
    a_page = columns * _count_rows(size, columns, shape)
    n_pages = -(-len(entries) // a_page)
    if n_pages > MOST_PAGES:
        raise LooksError(
            f"{looks_dir}: {len(entries)} looks make {n_pages} pages, {MOST_PAGES} are the most",
            fix="use more --columns, or part the folder",
        )
    pages = (
        _draw_page(
            entries[page * a_page : (page + 1) * a_page],
            size,
            columns=columns,
            shape=shape,
            head=(title or looks_dir.resolve().name, f"{page + 1} / {n_pages}"),
        )
        for page in range(n_pages)
    )
    return [_write_pdf(pages, out)] if out.suffix.lower() == ".pdf" else _write_png(pages, out)


def _write_pdf(pages: Iterable[Image.Image], out: Path) -> Path:
    with replace_whole(out) as temporary:
        for number, page in enumerate(pages):  # page by page: memory does not grow with them
            page.save(temporary, "PDF", resolution=DPI, append=number > 0, quality=92)
    return out


def _write_png(pages: Iterable[Image.Image], out: Path) -> list[Path]:
    written: list[Path] = []
    for number, page in enumerate(pages, start=1):
        path = out.with_stem(f"{out.stem}-{number:02d}")
        with replace_whole(path) as temporary:
            page.save(temporary, "PNG", dpi=(DPI, DPI))
        written.append(path)
    return [written[0].replace(out)] if len(written) == 1 else written


def _list_entries(looks_dir: Path) -> Iterator[Entry]:
    """List scored pictures by their scores, strays too; else what was drawn."""
    if (looks_dir / SCORES_FILE).is_file():
        for number, card in enumerate(build_cards(looks_dir), start=1):
            swatches = tuple((chip.kind, chip.seen_hex) for chip in card.chips)
            seed = "" if card.seed is None else f"seed {card.seed}"
            note = [f"{number}", seed, "" if card.status == "not judged" else card.status]
            yield Entry(
                card.path, card.prompt or card.file, _join(note), swatches, withheld=card.withheld
            )
        return
    for number, look in enumerate(read_looks(looks_dir), start=1):
        withheld = look.safety.get("verdict") == _BLOCK
        note = [f"{number}", f"seed {look.seed}", "withheld" if withheld else ""]
        path = looks_dir / look.file
        yield Entry(path, look.prompt, _join(note), _list_swatches(look), withheld=withheld)


def _list_swatches(look: Look) -> tuple[tuple[str, str], ...]:
    return tuple((entry["kind"], entry["seen_hex"] or "") for entry in look.receipt)


def _join(parts: Sequence[str]) -> str:
    return " · ".join(part for part in parts if part)


def _find_shape(entries: Sequence[Entry]) -> float:
    """Find the tallest shape among the first pictures, so that none is cut and few have bars."""
    shapes = [_SQUAREST]
    for entry in entries[:_LOOKED_AT]:
        try:
            with Image.open(entry.path) as picture:
                shapes.append(picture.height / picture.width)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
    return min(max(shapes), _TALLEST)


def _cell(size: tuple[int, int], columns: int, shape: float) -> tuple[int, int]:
    width = (size[0] - 2 * _MARGIN_PX - (columns - 1) * _GAP_PX) // columns
    text = (_LINES + 1) * (_TEXT_PX + 6) + _NOTE_PX + _SWATCH_PX + 24
    return width, round(width * shape) + text


def _count_rows(size: tuple[int, int], columns: int, shape: float) -> int:
    high = size[1] - 2 * _MARGIN_PX - _HEAD_PX
    return max(1, (high + _GAP_PX) // (_cell(size, columns, shape)[1] + _GAP_PX))


def _draw_page(
    entries: Sequence[Entry],
    size: tuple[int, int],
    *,
    columns: int,
    shape: float,
    head: tuple[str, str],
) -> Image.Image:
    page = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(page)
    right = size[0] - _MARGIN_PX
    line = _fit_line(head[0], pen, _font(_TITLE_PX), right - _MARGIN_PX - 200)
    pen.text((_MARGIN_PX, _MARGIN_PX), line, _INK, _font(_TITLE_PX))
    pen.text((right, _MARGIN_PX + 16), head[1], _FAINT, _font(_NOTE_PX), anchor="ra")
    rule = _MARGIN_PX + _TITLE_PX + 26
    pen.line((_MARGIN_PX, rule, right, rule), _RULE, 2)
    width, height = _cell(size, columns, shape)
    for number, entry in enumerate(entries):
        row, column = divmod(number, columns)
        left = _MARGIN_PX + column * (width + _GAP_PX)
        top = _MARGIN_PX + _HEAD_PX + row * (height + _GAP_PX)
        _draw_entry(page, entry, (left, top), (width, round(width * shape)))
    return page


def _draw_entry(
    page: Image.Image, entry: Entry, corner: tuple[int, int], place: tuple[int, int]
) -> None:
    (left, top), (width, high) = corner, place
    pen = ImageDraw.Draw(page)
    page.paste(_open_tile(entry, place), corner)
    top += high + 12
    for line in _wrap(entry.title, pen, _font(_TEXT_PX), width):
        pen.text((left, top), line, _INK, _font(_TEXT_PX))
        top += _TEXT_PX + 6
    pen.text((left, top + 2), entry.note, _FAINT, _font(_NOTE_PX))
    top += _NOTE_PX + 12
    for word, colour in entry.swatches:
        if left + _SWATCH_PX > corner[0] + width:
            break
        box = (left, top, left + _SWATCH_PX, top + _SWATCH_PX)
        pen.rectangle(box, colour or _PAPER, "#8a8178")
        if not colour:  # not there: struck out, not left blank
            pen.line((left, top + _SWATCH_PX, left + _SWATCH_PX, top), "#8a8178", 2)
        room = corner[0] + width - left - _SWATCH_PX - 8
        name = _fit_line(word, pen, _font(_NOTE_PX), room) if room > 40 else ""
        pen.text((left + _SWATCH_PX + 8, top + 2), name, _FAINT, _font(_NOTE_PX))
        left += _SWATCH_PX + 24 + round(pen.textlength(name, _font(_NOTE_PX)))


def _open_tile(entry: Entry, size: tuple[int, int]) -> Image.Image:
    """Fit a picture into its place; a withheld one stays black, a missing or broken one grey."""
    if entry.withheld:
        return _write_on(Image.new("RGB", size, "#0b0b0b"), "withheld", "#f4f1ec")
    try:
        with Image.open(entry.path) as picture:
            fitted = ImageOps.contain(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return _write_on(Image.new("RGB", size, _EMPTY), "cannot be read", _FAINT)
    tile = Image.new("RGB", size, _EMPTY)
    tile.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
    return tile


def _write_on(tile: Image.Image, text: str, ink: str) -> Image.Image:
    middle = tile.width // 2, tile.height // 2
    ImageDraw.Draw(tile).text(middle, text, ink, _font(_NOTE_PX), anchor="mm")
    return tile


def _font(size_px: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size_px)


def _wrap(
    text: str,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
) -> list[str]:
    """Break a sentence into at most three lines; what does not fit ends in an ellipsis."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > width_px:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], lines[_LINES - 1] + " …"]
    return [_fit_line(line, pen, font, width_px) for line in lines]


def _fit_line(
    line: str,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: float,
) -> str:
    if pen.textlength(line, font=font) <= width_px:
        return line
    kept = line.rstrip(" …")
    while kept and pen.textlength(kept + "…", font=font) > width_px:
        kept = kept[:-1]
    return kept.rstrip() + "…"
