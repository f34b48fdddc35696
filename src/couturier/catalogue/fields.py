"""Which field of a row is the id, the title, the text and the pictures, by their usual names."""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from couturier.catalogue.readers.rows import plain_name

ID_NAMES = (
    "image_id",
    "id",
    "sku",
    "product_id",
    "productid",
    "item_id",
    "article_id",
    "item_number",
    "article_number",
    "style_number",
    "product_code",
    "handle",
)
TITLE_NAMES = (
    "title",
    "name",
    "product_name",
    "product_title",
    "productdisplayname",
    "prod_name",
    "item_name",
    "display_name",
)
TEXT_NAMES = (
    "description",
    "text",
    "caption",
    "body_html",
    "body",
    "long_description",
    "product_description",
    "short_description",
    "description_html",
    "descriptionhtml",
    "detail_desc",
    "copy",
)
PICTURE_NAMES = (
    "file_name",
    "filename",
    "image",
    "images",
    "image_file",
    "image_path",
    "image_src",
    "image_url",
    "image_urls",
    "image_link",
    "additional_image_link",
    "picture",
    "pictures",
    "photo",
    "photos",
)
_PATH_KEYS = ("path", "file_name", "src", "url")
_NUMBERED = re.compile(r"([a-z_]+?)_?(\d{1,2})$")
_PARTED = re.compile(r"\s*[|;\n]\s*|,\s*(?=\S+\.\w{3,4}\s*(?:,|$))")


@dataclass(frozen=True)
class RowFields:
    """A row's fields by what they mean.

    Attributes:
        image_id: The id as text; "" where there is none.
        title: The title as it stands; "" where there is none.
        description: The text as it stands; "" where there is none.
        pictures: Paths the row names, as it names them.
        others: Every other field, as it stands.
        title_column: The shop's own name of the title's column; "" where there is none.
        text_column: Likewise of the text's.
    """

    image_id: str
    title: str
    description: str
    pictures: tuple[str, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)
    title_column: str = ""
    text_column: str = ""


def map_fields(row: Mapping[str, Any], key: str | None = None) -> RowFields:
    """Tell a row's fields apart.

    Args:
        row: As the reader gave it.
        key: The id it stands under; an `image_id` of its own goes before it, an `id` does not.
    """
    names = _by_plain_name(row)
    own = _first(row, names, ID_NAMES[:1]) if key is not None else _first(row, names, ID_NAMES)
    used = [*ID_NAMES[:1], *_picture_columns(names)]
    title_name = _filled(row, names, TITLE_NAMES)
    text_name = _filled(row, names, TEXT_NAMES)
    taken = {names[name] for name in used if name in names}
    taken |= {names[name] for name in (title_name, text_name) if name}
    return RowFields(
        image_id=_strip_hidden(to_text(own) or to_text(key)),
        title=to_text(row[names[title_name]]) if title_name else "",
        description=to_text(row[names[text_name]]) if text_name else "",
        pictures=tuple(_find_paths(row, names)),
        others={str(name): value for name, value in row.items() if name not in taken},
        title_column=str(names[title_name]) if title_name else "",
        text_column=str(names[text_name]) if text_name else "",
    )


def to_text(value: Any) -> str:
    """Give a JSON value as text in Unicode's NFC form; "" for null, containers and true/false.

    12.0 becomes "12", as tables turn whole numbers into broken ones. Halves of surrogate pairs,
    which no file can hold, are replaced.
    """
    if isinstance(value, list):
        return " ".join(filter(None, map(to_text, value)))
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        value = int(value) if value.is_integer() else value
    if value is None or isinstance(value, bool | dict):
        return ""
    text = str(value)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    return text.strip()


def _strip_hidden(text: str) -> str:
    """Take out what cannot be seen: characters that turn the direction of writing, and the like."""
    if text.isascii() and text.isprintable():
        return text
    hidden = ("Cc", "Cf")
    return "".join(one for one in text if unicodedata.category(one) not in hidden).strip()


def _by_plain_name(row: Mapping[str, Any]) -> dict[str, str]:
    """Map "image_id" to the row's own name for it, such as "Image ID"; the first one counts."""
    names: dict[str, str] = {}
    for name in row:
        names.setdefault(plain_name(name), name)
    return names


def _filled(
    row: Mapping[str, Any], names: Mapping[str, str], wanted: tuple[str, ...]
) -> str | None:
    return next((name for name in wanted if name in names and to_text(row[names[name]])), None)


def _first(row: Mapping[str, Any], names: Mapping[str, str], wanted: tuple[str, ...]) -> Any:
    name = _filled(row, names, wanted)
    return row[names[name]] if name else None


def _find_paths(row: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    told: set[str] = set()
    for name in _picture_columns(names):
        for path in _paths_in(row[names[name]]):
            if path not in told:
                told.add(path)
                yield path


def _picture_columns(names: Mapping[str, str]) -> list[str]:
    """List the columns that name pictures: "image", then "image_1", "image_2" and so on."""
    plain = [name for name in PICTURE_NAMES if name in names]
    numbered = [m for name in names if (m := _NUMBERED.match(name)) and m[1] in PICTURE_NAMES]
    return [*plain, *(m[0] for m in sorted(numbered, key=lambda m: int(m[2])))]


def _paths_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (part for part in _PARTED.split(to_text(value)) if part)
    elif isinstance(value, Mapping):
        yield from _paths_in(next((value[key] for key in _PATH_KEYS if value.get(key)), None))
    elif isinstance(value, list):
        for entry in value[:100]:
            yield from _paths_in(entry) if not isinstance(entry, list) else ()
