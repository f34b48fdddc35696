"""One line of mini's table of figures, with its 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass

from couturier.evaluate.statistics import measure_rate


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    low: float
    high: float
    count: int
    wanted: str


def count_figure(what: str, right: int, total: int, *, wanted: str = "") -> Figure:
    """Make a share's line, with Wilson's interval."""
    rate = measure_rate(right, total)
    return Figure(what, right / max(total, 1), rate.low, rate.high, total, wanted)


def format_table(figures: list[Figure]) -> str:
    """Write the figures as a markdown table."""
    lines = ["| what | measured | 95 % interval | n | wanted |", "|---|---|---|---|---|"]
    for f in figures:
        as_share = f.value <= 1 and "IoU" not in f.what and "seconds" not in f.what
        show = (lambda v: f"{100 * v:.1f} %") if as_share else (lambda v: f"{v:.2f}")
        between = f"{show(f.low)} to {show(f.high)}"
        lines.append(f"| {f.what} | {show(f.value)} | {between} | {f.count} | {f.wanted} |")
    return "\n".join(lines)
