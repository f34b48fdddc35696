"""Results as tables on stdout: faults, a data set's summary, scores, facts of the machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from couturier.catalogue.faults import FAULT_KINDS

if TYPE_CHECKING:  # at run time they load numpy, and --help must answer at once
    from couturier.catalogue.records import Fault
    from couturier.dataset.check import CatalogueCheck

SHOWN_A_FAULT = 5


def print_check(source: Path, check: "CatalogueCheck") -> None:
    """Print what the catalogue doctor found, as sorted by cost: the fix, then five examples."""
    console = Console()
    console.print(
        f"[bold]{escape(str(source))}[/bold]: {check.n_usable} of {check.n_rows} rows usable, "
        f"garments seen in {check.n_seen}, {check.n_faults} faults",
        soft_wrap=True,
    )
    for group in check.groups(SHOWN_A_FAULT):
        known = FAULT_KINDS[group.kind]
        console.print(f"\n[bold]{escape(group.kind)}[/bold] ({group.count}, {group.action})")
        console.print(f"  fix: {escape(known.fix)}", soft_wrap=True)
        for fault in group.first:
            reason = fault.message.removesuffix(f"; fix: {known.fix}")
            console.print(f"  - {_name_row(fault)}{escape(reason)}", soft_wrap=True)
        if group.count > len(group.first):
            console.print(f"  ... and {group.count - len(group.first)} more; --json lists all")


def print_summary(out: Path, summary: Mapping[str, Any]) -> None:
    """Print how many pictures a data set holds and what was left out or changed."""
    console = Console()
    console.print(
        f"[bold]{escape(str(out))}[/bold]: {summary['n_items']} pictures, "
        f"{summary['n_held_out']} of them held out of training"
    )
    faults: Mapping[str, int] = summary["faults"]
    for fault in sorted(faults, key=[*FAULT_KINDS].index):  # the costliest first
        console.print(f"  {faults[fault]:6d}  {escape(fault)} ({FAULT_KINDS[fault].action})")
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


def print_sweep(sweep: Mapping[str, Any]) -> None:
    """Print one line a variant, then the chosen one and why."""
    console = Console()
    table = Table(box=box.SIMPLE, show_edge=False)
    for name in ("drawn with", "faithful", "95 %", "likeness", "copies", "base's own"):
        table.add_column(name)
    for one in sweep["variants"]:
        looks, likeness = one["looks"], one["likeness"]
        table.add_row(
            escape(one["name"]) + (" [bold]*[/bold]" if one["name"] == sweep["best"] else ""),
            f"{looks['right']} of {looks['n']}",
            f"{100 * looks['low']:.0f} to {100 * looks['high']:.0f} %",
            f"{likeness['value']:.3f}" if likeness else "-",
            _of(one["copies"]),
            _of(one["kept"]),
        )
    console.print(table)
    console.print(f"[bold]{escape(sweep['best'])}[/bold]: {escape(sweep['why'])}", soft_wrap=True)


def _of(rate: Mapping[str, Any] | None) -> str:
    return f"{rate['right']} of {rate['n']}" if rate else "-"


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print a machine's facts, nested ones indented by their name."""
    console = Console()
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _flatten(facts):
        table.add_row(name, escape(str(value)))
    console.print(table)


def _name_row(fault: "Fault") -> str:
    name = escape(fault.image_id or fault.file)
    if not fault.record:
        return f"{name}: " if name and name not in fault.message else ""
    return f"row {fault.record} ({name}): " if name else f"row {fault.record}: "


def _flatten(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{prefix}{name} ")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows
