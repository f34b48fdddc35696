"""The catalogue doctor's page: each kind of fault with pictures and its fix, then captions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from couturier.catalogue.archives import read_picture
from couturier.catalogue.faults import FAULT_KINDS, LEFT_OUT, sort_by_cost
from couturier.catalogue.records import Fault
from couturier.dataset.check import CatalogueCheck, CheckedRow
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
    rows = [row for row in check.rows if row.caption]
    content = {
        "source": source.name,
        "n_rows": len(check.rows),
        "n_usable": sum(row.is_usable for row in check.rows),
        "n_seen": sum(bool(row.garments) for row in check.rows),
        "n_faults": len(check.faults),
        "n_left_out": sum(fault.action == LEFT_OUT for fault in check.faults),
        "groups": group_faults(check),
        "n_captions": len(rows),
        "rows": rows[:: -(-len(rows) // SHOWN_ROWS) or 1],
        "thumb": _inline,
    }
    render_page(out, "couturier.dataset", "check.html", content=content)


def group_faults(check: CatalogueCheck) -> list[Group]:
    """Put faults of one kind together, the costliest kind first."""
    rows = {row.record: row for row in check.rows}
    by_kind: dict[str, list[Fault]] = {}
    for fault in sort_by_cost(check.faults):
        by_kind.setdefault(fault.fault, []).append(fault)
    return [_group(kind, own, rows, check) for kind, own in by_kind.items()]


def _group(
    kind: str, faults: Sequence[Fault], rows: dict[int, CheckedRow], check: CatalogueCheck
) -> Group:
    examples = [_show(fault, rows, check) for fault in faults[: SHOWN_PICTURES + SHOWN_LINES]]
    pictured = [one for one in examples if one.pictures][:SHOWN_PICTURES]
    return Group(
        kind=kind,
        action=faults[0].action,
        fix=FAULT_KINDS[kind].fix,
        count=len(faults),
        shown=tuple(pictured),
        lines=tuple(one for one in examples if one not in pictured)[:SHOWN_LINES],
    )


def _show(fault: Fault, rows: dict[int, CheckedRow], check: CatalogueCheck) -> Example:
    row = rows.get(fault.record)
    paths = [path for path in (row.pictures if row else ()) if _is_of(path, fault, check)][:1]
    if check.images and fault.file in check.twins and fault.fault.endswith(" picture"):
        paths.append(check.images / check.twins[fault.file])
    swatch = _SEEN_COLOUR.search(fault.message) if fault.fault == "colour word" else None
    return Example(
        fault=fault,
        reason=fault.message.rsplit("; fix: ", 1)[0],
        pictures=tuple(paths),
        swatch=swatch[1] if swatch else "",
    )


def _is_of(path: Path, fault: Fault, check: CatalogueCheck) -> bool:
    """Say whether a picture of the row is the one that is meant; any is, where none is named."""
    named = check.images / fault.file if check.images and fault.file else path
    return path == named or not named.is_file()


def _inline(path: Path) -> str:
    try:
        return inline_picture(BytesIO(read_picture(path)), side_px=THUMB_PX)
    except OSError:
        return ""
