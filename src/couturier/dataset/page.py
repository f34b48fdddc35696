"""The catalogue doctor's page: each kind of fault with pictures and its fix, then captions."""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from couturier.catalogue.archives import read_picture
from couturier.catalogue.faults import FAULT_KINDS
from couturier.catalogue.records import Fault
from couturier.dataset.check import CatalogueCheck, FaultGroup
from couturier.pages.pictures import THUMB_PX, inline_picture
from couturier.pages.render import render_page

SHOWN_PICTURES = 12
SHOWN_LINES = 300
SHOWN_ROWS = 240

_SEEN_COLOUR = re.compile(r"\((#[0-9a-f]{6})\)")


@dataclass(frozen=True)
class Example:
    """One fault with what the page shows beside it.

    Attributes:
        fault: As `check_catalogue` told it.
        reason: Its message without the fix, which is said once for all of its kind.
        pictures: Of the row, at most one, then the picture it looks like.
        swatch: The colour seen, "#rrggbb", where the fault is about one; else "".
    """

    fault: Fault
    reason: str
    pictures: tuple[Path, ...]
    swatch: str


@dataclass(frozen=True)
class Group:
    """All faults of one kind: with pictures as far as they are shown, then as lines."""

    kind: str
    action: str
    fix: str
    count: int
    shown: tuple[Example, ...]
    lines: tuple[Example, ...]


def write_check_page(source: Path, check: CatalogueCheck, *, out: Path) -> None:
    """Write the page: one file, that opens offline and prints.

    Args:
        source: The shop's file, for the heading.
        check: From `check_catalogue`.
        out: The page.

    Raises:
        StorageError: it cannot be written.
    """
    content = {
        "source": source.name,
        "n_rows": check.n_rows,
        "n_usable": check.n_usable,
        "n_seen": check.n_seen,
        "n_faults": check.n_faults,
        "n_left_out": check.n_left_out,
        "groups": [_show_group(one, check) for one in check.groups(SHOWN_PICTURES + SHOWN_LINES)],
        "n_captions": check.n_captions,
        "rows": check.take_captions(SHOWN_ROWS),
        "thumb": _inline,
    }
    render_page(out, "couturier.dataset", "check.html", content=content)


def _show_group(group: FaultGroup, check: CatalogueCheck) -> Group:
    examples = [_show(fault, check) for fault in group.first]
    pictured = [one for one in examples if one.pictures][:SHOWN_PICTURES]
    return Group(
        kind=group.kind,
        action=group.action,
        fix=FAULT_KINDS[group.kind].fix,
        count=group.count,
        shown=tuple(pictured),
        lines=tuple(one for one in examples if one not in pictured)[:SHOWN_LINES],
    )


def _show(fault: Fault, check: CatalogueCheck) -> Example:
    swatch = _SEEN_COLOUR.search(fault.message) if fault.fault == "colour word" else None
    return Example(
        fault=fault,
        reason=fault.message.rsplit("; fix: ", 1)[0],
        pictures=tuple(check.find_pictures(fault)),
        swatch=swatch[1] if swatch else "",
    )


def _inline(path: Path) -> str:
    try:
        return inline_picture(BytesIO(read_picture(path)), side_px=THUMB_PX)
    except OSError:
        return ""
