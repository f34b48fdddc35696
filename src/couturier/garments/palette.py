"""A brand's own palette: names and values from a file, which prompts and receipts then know."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from couturier.errors import SettingsError, StorageError
from couturier.garments import colours, spacing, tags, text, vocabulary

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_FIX = 'write one colour a line, as in "sunset glow,#e5512d", or as TOML or JSON: name = "#e5512d"'


def read_palette(path: Path) -> dict[str, str]:
    """Read a palette: name and hex value a line (CSV), or an object of them (JSON, TOML).

    Args:
        path: .csv, .tsv, .txt, .json or .toml; a first line that names columns is passed over.

    Returns:
        Hex values, "#rrggbb", by name in lower case.

    Raises:
        StorageError: the file cannot be read.
        SettingsError: a line is no name with a hex value.
    """
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise StorageError(
            f"{path}: the palette cannot be read ({getattr(fault, 'strerror', None) or fault})",
            fix="check the path given by --palette",
        ) from fault
    found = dict(_to_pair(name, value, path) for name, value in _list_pairs(path, content))
    if not found:
        raise SettingsError(f"{path}: no colour in it", fix=_FIX)
    return found


def use_palette(palette: Mapping[str, str]) -> None:
    """Know a brand's colours from now on in this process, in place of any former palette.

    A name of the palette goes before the same word of the vocabulary; {} forgets the palette.
    """
    if palette == vocabulary.BRAND:
        return
    vocabulary.BRAND.clear()
    vocabulary.BRAND.update(palette)
    for module in (vocabulary, colours, spacing, tags, text):
        for name, thing in vars(module).items():
            if name != "read_data" and hasattr(thing, "cache_clear"):
                thing.cache_clear()


def _list_pairs(path: Path, content: str) -> list[tuple[str, Any]]:
    kind = path.suffix.lower()
    try:
        if kind in {".json", ".toml"}:
            table = json.loads(content) if kind == ".json" else tomllib.loads(content)
            return list(dict(table).items())
    except (ValueError, TypeError) as fault:
        raise SettingsError(f"{path}: no palette ({fault})", fix=_FIX) from fault
    delimiter = "\t" if "\t" in content else ";" if ";" in content else ","
    rows = [row for row in csv.reader(io.StringIO(content), delimiter=delimiter) if any(row)]
    if rows and not any(_HEX.fullmatch(cell.strip()) for cell in rows[0]):
        rows = rows[1:]
    return [(row[0], row[1] if len(row) > 1 else None) for row in rows]


def _to_pair(name: str, value: Any, path: Path) -> tuple[str, str]:
    found = _HEX.fullmatch(value.strip()) if isinstance(value, str) else None
    plain = " ".join(str(name).lower().replace("-", " ").split())
    if not found or not plain:
        raise SettingsError(f"{path}: '{name}' = {value!r} is no name with a hex value", fix=_FIX)
    digits = found[1].lower()
    return plain, "#" + (digits if len(digits) == 6 else "".join(2 * one for one in digits))
