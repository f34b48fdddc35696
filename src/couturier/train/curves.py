"""Curves of a run as one SVG file: the loss, its trend, and the loss on held-out products."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 36
_SMOOTH = 24  # logged losses a running mean looks back on; single batches are noisy
_COLOURS = {"loss": "#c9c4bc", "trend": "#2b2b2b", "held-out": "#b4532a"}
_STYLE = "font-family:system-ui,sans-serif;font-size:12px;fill:#555"
Series = list[tuple[int, float]]


def draw_curves(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Draw a run's metrics; "" where there are fewer than two losses to draw a line between.

    Args:
        metrics: Lines of metrics.jsonl, in order.
    """
    loss, held_out = (_read(metrics, name) for name in ("loss", "held_out_loss"))
    if len(loss) < 2:
        return ""
    lines = {"loss": loss, "trend": _smooth(loss), "held-out": held_out}
    last = max(step for step, _ in loss + held_out)
    # The trend and the held-out loss set the scale: one wild batch must not flatten the rest.
    measured = [value for _, value in lines["trend"] + held_out]
    low, high = min(measured), max(measured)
    margin = (high - low) * 0.25 or high * 0.1 or 1.0
    scale = (max(0.0, low - margin), high + margin, last)
    drawn = [_draw_grid(scale)]
    drawn += [_draw_line(name, series, scale) for name, series in lines.items() if series]
    drawn += [_draw_legend([name for name, series in lines.items() if series])]
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(tell_curves(metrics))}">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def tell_curves(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Tell in one or two sentences how the run went, over-training included."""
    loss, held_out = (_read(metrics, name) for name in ("loss", "held_out_loss"))
    if not loss:
        return "No loss was logged."
    trend = _smooth(loss)
    told = f"The loss went from {trend[0][1]:.4f} to {trend[-1][1]:.4f} (running mean)."
    if not held_out:
        return told + " No product was held out, so over-training cannot be seen in figures."
    best = min(held_out, key=lambda row: row[1])
    told += f" On held-out products it was lowest at step {best[0]:,}: {best[1]:.4f}"
    if best[0] != held_out[-1][0]:
        return told + f", and {held_out[-1][1]:.4f} at the end: the last steps over-trained."
    return told + ", the last one measured."


def _read(metrics: Sequence[Mapping[str, Any]], name: str) -> Series:
    return [(int(row["step"]), float(row[name])) for row in metrics if row.get(name) is not None]


def _smooth(series: Series) -> Series:
    means = []
    for n, (step, _) in enumerate(series):
        window = [value for _, value in series[max(0, n - _SMOOTH + 1) : n + 1]]
        means.append((step, sum(window) / len(window)))
    return means


def _place(step: int, value: float, scale: tuple[float, float, int]) -> tuple[float, float]:
    low, high, last = scale
    x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / max(1, last)
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return x, _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)


def _draw_line(name: str, series: Series, scale: tuple[float, float, int]) -> str:
    points = [_place(step, value, scale) for step, value in series]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    width = 1 if name == "loss" else 2
    line = (
        f'<polyline points="{path}" fill="none" stroke="{_COLOURS[name]}" stroke-width="{width}" '
        'stroke-linejoin="round"/>'
    )
    if name != "held-out":
        return line
    dots = (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_COLOURS[name]}"/>' for x, y in points)
    return line + "".join(dots)


def _draw_grid(scale: tuple[float, float, int]) -> str:
    low, high, last = scale
    marks = []
    for n in range(5):
        value = low + (high - low) * n / 4
        _, y = _place(0, value, scale)
        marks.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" style="{_STYLE}">'
            f"{value:.3f}</text>"
        )
    for before, step in pairwise([-1, *(round(last * n / 4) for n in range(5))]):
        x, _ = _place(step, low, scale)
        if step != before:
            marks.append(
                f'<text x="{x:.1f}" y="{_HEIGHT - 12}" text-anchor="middle" style="{_STYLE}">'
                f"{step:,}</text>"
            )
    return "".join(marks)


def _draw_legend(names: Sequence[str]) -> str:
    words = {
        "loss": "loss",
        "trend": f"its mean over {_SMOOTH} lines",
        "held-out": "loss on held-out products",
    }
    drawn, x = [], _LEFT
    for name in names:
        drawn.append(
            f'<line x1="{x}" x2="{x + 18}" y1="16" y2="16" stroke="{_COLOURS[name]}" '
            f'stroke-width="3"/><text x="{x + 24}" y="20" style="{_STYLE}">{words[name]}</text>'
        )
        x += 52 + 7 * len(words[name])
    return "".join(drawn)
