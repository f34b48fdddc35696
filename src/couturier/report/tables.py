"""The original's results table, Prompt | Image | Comments: as rows of the page and as Markdown."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from couturier.report.cards import Card, find_twin

MAX_ROWS = 24


@dataclass(frozen=True)
class Row:
    """One prompt of the results table with the first picture drawn of it, good or bad.

    Attributes:
        card: That picture.
        before: The same prompt and seed drawn without the adapter; None where there is none.
        n_pictures: How many pictures of the prompt there are; the rest stands in the gallery.
    """

    card: Card
    before: Card | None
    n_pictures: int


def build_rows(cards: Sequence[Card], others: Sequence[Card]) -> list[Row]:
    """Build one row a prompt, in drawing order; the first seed, never the best one."""
    prompts = list(dict.fromkeys(card.prompt for card in cards if card.prompt))[:MAX_ROWS]
    rows = []
    for prompt in prompts:
        same = [card for card in cards if card.prompt == prompt]
        rows.append(Row(same[0], find_twin(same[0], others), n_pictures=len(same)))
    return rows


def write_markdown(rows: Sequence[Row], *, folder: Path) -> str:
    """Write the table as Markdown whose pictures are links relative to `folder`."""
    before = any(row.before for row in rows)
    head = ["Prompt", "Before", "After", "Comments"] if before else ["Prompt", "Image", "Comments"]
    lines = [_line(head), _line([":---", *[":---:"] * (len(head) - 2), ":---"])]
    for row in rows:
        images = [row.before, row.card] if before else [row.card]
        cells = [_image(card, folder) if card else "" for card in images]
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
