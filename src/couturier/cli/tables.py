"""Results as tables on stdout: faults, a data set's summary, scores, facts of the machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

SHOWN_A_FAULT = 5


def print_faults(
    source: Path, rows: Sequence[Mapping[str, Any]], faults: Sequence[Mapping[str, Any]]
) -> None:
    """Print what the catalogue doctor found, as sorted by cost, five examples a fault."""
    console = Console()
    usable = [row for row in rows if _is_usable(row)]
    seen = sum(bool(row["garments"]) for row in usable)
    console.print(
        f"[bold]{escape(str(source))}[/bold]: {len(usable)} of {len(rows)} rows usable, "
        f"garments seen in {seen}, {len(faults)} faults",
        soft_wrap=True,
    )
    for (action, fault), group in _by_cost(faults):
        console.print(f"\n[bold]{escape(fault)}[/bold] ({len(group)}, {action})")
        for entry in group[:SHOWN_A_FAULT]:
            console.print(f"  {_name_row(entry)}: {escape(entry['message'])}", soft_wrap=True)
        if len(group) > SHOWN_A_FAULT:
            console.print(f"  ... and {len(group) - SHOWN_A_FAULT} more; --json lists all")


def print_summary(out: Path, summary: Mapping[str, Any]) -> None:
    """Print how many pictures a data set holds and what was left out or changed."""
    console = Console()
    console.print(
        f"[bold]{escape(str(out))}[/bold]: {summary['n_items']} pictures, "
        f"{summary['n_held_out']} of them held out of training"
    )
    faults: Mapping[str, int] = summary["faults"]
    for fault, count in sorted(faults.items(), key=lambda pair: -pair[1]):
        console.print(f"  {count:6d}  {escape(fault)}")
    if faults:
        console.print(f"  each one is named in {escape(str(out / 'faults.jsonl'))}")


def print_scores(scores: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> None:
    """Print one comment a picture, then the rates with their intervals."""
    console = Console()
    table = Table(box=box.SIMPLE, show_edge=False)
    table.add_column("picture")
    table.add_column("comment", overflow="fold")
    for score in scores:
        table.add_row(escape(score["file"]), escape(score["comment"]))
    console.print(table)
    for line in summary["lines"]:
        console.print(escape(line), soft_wrap=True)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print a machine's facts, nested ones indented by their name."""
    console = Console()
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _flatten(facts):
        table.add_row(name, escape(str(value)))
    console.print(table)


def _is_usable(row: Mapping[str, Any]) -> bool:
    return bool(row["caption"]) and all(f["action"] != "left out" for f in row["faults"])


def _name_row(entry: Mapping[str, Any]) -> str:
    name = escape(entry["image_id"] or entry["file"])
    return f"row {entry['record']} ({name})" if entry["record"] else name


def _by_cost(
    faults: Sequence[Mapping[str, Any]],
) -> list[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    """Put faults of a kind together; they come the costliest first."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in faults:
        groups.setdefault((entry["action"], entry["fault"]), []).append(entry)
    return list(groups.items())


def _flatten(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{prefix}{name} ")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows
