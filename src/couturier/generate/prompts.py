"""Prompts: sentences from a file or the command line, each with settings of its own."""

import csv
import difflib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from couturier.errors import LooksError, StorageError

COLUMNS = ("prompt", "seed", "count", "negative", "steps", "guidance", "size", "sampler")
_ALIASES = {"text": "prompt", "negative_prompt": "negative", "guidance_scale": "guidance"}
_MAX_WORDS = 1000


@dataclass(frozen=True)
class PromptRow:
    """One sentence to draw.

    Attributes:
        prompt: The sentence.
        place: Where it was written, for messages, as in "looks.csv, line 3".
        overrides: Settings of its own: any of `COLUMNS` but the prompt.
    """

    prompt: str
    place: str = "the prompt"
    overrides: dict[str, Any] = field(default_factory=dict)


def read_prompts(sentences: Sequence[str], file: Path | None = None) -> list[PromptRow]:
    """Gather the sentences given by hand and those of a prompt file, in this order.

    Args:
        sentences: As typed.
        file: .csv or .tsv with a column "prompt" and any of `COLUMNS`; .jsonl or .json with
            objects of these keys; anything else is one sentence a line. Blank lines are skipped.

    Raises:
        LooksError: no sentence at all, an unknown column, or a row without a sentence.
        StorageError: there is no such file, or it is not UTF-8.
    """
    rows = [PromptRow(text, f"prompt {n}") for n, text in enumerate(sentences, start=1)]
    rows += _read_file(file) if file else []
    if not rows:
        raise LooksError(
            f"{file}: no prompt in it" if file else "no prompt given",
            fix='say what to draw: couturier generate "a red satin dress"',
        )
    return rows


def check_prompt(text: str, place: str, *, what: str = "prompt") -> str:
    """Trim a sentence, and refuse what cannot be drawn or cannot be written into a PNG.

    Raises:
        LooksError: empty, endless, no valid text, or holds the mark that splits the metadata.
    """
    trimmed = text.strip()
    if not trimmed:
        raise LooksError(
            f"{place}: the {what} is empty", fix='say what to draw, as in "a red satin dress"'
        )
    return check_words(trimmed, place, what=what)


def check_words(text: str, place: str, *, what: str) -> str:
    """Trim a text that may be empty, with the other checks of `check_prompt`."""
    n_words = len(text.split())
    if n_words > _MAX_WORDS:
        raise LooksError(
            f"{place}: the {what} has {n_words:,} words, {_MAX_WORDS:,} are the most",
            fix="say what can be seen in a sentence or two",
        )
    if "Negative prompt:" in text:
        raise LooksError(
            f"{place}: the {what} holds the words 'Negative prompt:'",
            fix="give what follows them with --negative, or in the column 'negative'",
        )
    if not _is_text(text):
        raise LooksError(
            f"{place}: the {what} holds half characters that are no text",
            fix="type it anew, or save the file as UTF-8",
        )
    return text.strip()


def _read_file(file: Path) -> list[PromptRow]:
    text = _read_text(file)
    if file.suffix.lower() in {".csv", ".tsv"}:
        return list(_read_table(file, text))
    if file.suffix.lower() in {".jsonl", ".json", ".ndjson"}:
        return list(_read_objects(file, text))
    lines = enumerate(text.splitlines(), start=1)
    return [PromptRow(line, f"{file.name}, line {n}") for n, line in lines if line.strip()]


def _is_text(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise StorageError(
            f"{file}: not UTF-8 text (byte {fault.start})", fix="save the file as UTF-8"
        ) from fault
    except OSError as fault:
        raise StorageError(
            f"{file}: {fault.strerror}", fix="check the path given with --prompts"
        ) from fault


def _read_table(file: Path, text: str) -> Iterator[PromptRow]:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in table:
            place = f"{file.name}, line {table.line_num}"
            if None in row:
                raise LooksError(
                    f"{place}: more values than columns",
                    fix='put a sentence with commas in it in "quotes"',
                )
            yield _to_row({key: value for key, value in row.items() if value}, place)
    except csv.Error as fault:
        raise LooksError(
            f"{file.name}, line {table.line_num}: no CSV ({fault})", fix="save it as CSV anew"
        ) from fault


def _read_objects(file: Path, text: str) -> Iterator[PromptRow]:
    if text.lstrip().startswith("["):
        for number, value in enumerate(_parse(text, file.name), start=1):
            yield _to_row(value, f"{file.name}, entry {number}")
        return
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{file.name}, line {number}"
        if line.strip():
            yield _to_row(_parse(line, place), place)


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise LooksError(
            f"{place}: no JSON ({fault})",
            fix='write one object a line, as in {"prompt": "a red dress", "seed": 7}',
        ) from fault


def _to_row(value: Any, place: str) -> PromptRow:
    if isinstance(value, str):
        return PromptRow(value, place)
    if not isinstance(value, dict):
        raise LooksError(
            f"{place}: a {type(value).__name__}, not an object",
            fix='write one object a line, as in {"prompt": "a red dress", "seed": 7}',
        )
    named = {_name_column(str(key), place): entry for key, entry in value.items()}
    prompt = named.pop("prompt", "")
    if not isinstance(prompt, str) or not prompt.strip():
        raise LooksError(f"{place}: no 'prompt'", fix="give each row a sentence under 'prompt'")
    return PromptRow(prompt, place, {k: v for k, v in named.items() if v is not None})


def _name_column(key: str, place: str) -> str:
    name = key.strip().lower()
    name = _ALIASES.get(name, name)
    if name not in COLUMNS:
        close = difflib.get_close_matches(name, COLUMNS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise LooksError(
            f"{place}: unknown column '{key}'{hint}", fix=f"use any of {', '.join(COLUMNS)}"
        )
    return name
