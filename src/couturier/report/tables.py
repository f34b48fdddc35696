"""The original's results table, Prompt | Image | Comments: as rows of the page and as Markdown."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from couturier.report.cards import Card, find_twin
from couturier.report.columns import Column

MAX_ROWS = 24


@dataclass(frozen=True)
class Row:
    """One prompt of the results table with the first picture drawn of it, good or bad.

    Attributes:
        card: That picture.
        beside: The same prompt and seed drawn in each of the other ways; None where it was not.
        n_pictures: How many pictures of the prompt there are; the rest stands in the gallery.
    """

    card: Card
    beside: tuple[Card | None, ...]
    n_pictures: int


def build_rows(columns: Sequence[Column]) -> list[Row]:
    """Build one row a prompt of the last column, in drawing order; the first seed, not the best."""
    *beside, own = columns
    prompts = list(dict.fromkeys(card.prompt for card in own.cards if card.prompt))[:MAX_ROWS]
    rows = []
    for prompt in prompts:
        same = [card for card in own.cards if card.prompt == prompt]
        twins = tuple(find_twin(same[0], column.cards) for column in beside)
        rows.append(Row(same[0], twins, n_pictures=len(same)))
    return rows


def write_markdown(rows: Sequence[Row], names: Sequence[str], *, folder: Path) -> str:
    """Write the table as Markdown whose pictures are links relative to `folder`.

    Args:
        rows: From `build_rows`.
        names: Of the picture columns, the looks' own last.
        folder: Where the table will lie.
    """
    lines = [_line(["Prompt", *names, "Comments"])]
    lines.append(_line([":---", *[":---:"] * len(names), ":---"]))
    for row in rows:
        cells = [_image(card, folder) if card else "" for card in (*row.beside, row.card)]
        lines.append(_line([_escape(row.card.prompt), *cells, _escape(row.card.comment)]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _image(card: Card, folder: Path) -> str:
    link = Path(os.path.relpath(card.path, folder)).as_posix()
    told = f"withheld: {card.reason}" if card.withheld else card.status
    return f"![{_escape(told)}](<{link}>)"


def _escape(text: str) -> str:
    """Keep a sentence inside its cell: no column marks, no line ends, no HTML, no links."""
    flat = " ".join(text.split())
    for sign in "\\|[]*_`":
        flat = flat.replace(sign, "\\" + sign)
    return flat.replace("<", "&lt;").replace(">", "&gt;")
