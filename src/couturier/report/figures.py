"""Figures as plain numbers for the page's inline SVG: the training curve, the rates by garments."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from couturier.evaluate.records import Measured, Rate

CURVE_WIDTH, CURVE_HEIGHT = 640.0, 220.0
_SMOOTH_STEPS = 24  # single batches are noisy; the eye wants the trend


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands in the drawing and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """A training curve in the drawing's own units, y downwards.

    Attributes:
        loss: `points` of every logged step's loss.
        trend: The same, as a running mean.
        held_out: Loss on held-out products at fixed noise; "" where not measured.
        x_ticks: Steps.
        y_ticks: Losses.
        told: The curve in one sentence, for those who cannot see it.
    """

    loss: str
    trend: str
    held_out: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    told: str


@dataclass(frozen=True)
class RateLine:
    """One line of a figure of rates, in percent.

    Attributes:
        label: As in "2 garments".
        rates: One a way, in the ways' order; None where nothing was drawn or asked.
    """

    label: str
    rates: tuple[Rate | None, ...]


def draw_curve(metrics: Sequence[Mapping[str, Any]]) -> Curve | None:
    """Lay out the loss over the steps; None with fewer than two logged losses."""
    loss = _series(metrics, "loss")
    held_out = _series(metrics, "held_out_loss")
    if len(loss) < 2:
        return None
    trend = _smooth(loss)
    last_step = max(step for step, _ in loss + held_out)
    # The trend and the held-out loss set the scale: one wild batch must not flatten the rest.
    top = max(value for _, value in trend + held_out) * 1.25
    return Curve(
        loss=_points(loss, last_step, top),
        trend=_points(trend, last_step, top),
        held_out=_points(held_out, last_step, top),
        x_ticks=tuple(
            Tick(step / last_step * CURVE_WIDTH, f"{step:,}") for step in _round_steps(last_step)
        ),
        y_ticks=tuple(
            Tick(CURVE_HEIGHT * (1 - share), f"{top * share:.3f}") for share in (0.0, 0.5, 1.0)
        ),
        told=_tell(trend, held_out),
    )


def list_rates(ways: Sequence[Measured]) -> tuple[RateLine, ...]:
    """List the share of right pictures by number of garments, then over all."""
    counts = sorted({count for way in ways for count in way.by_count}, key=int)
    lines = [
        RateLine(
            label="1 garment" if count == "1" else f"{count} garments",
            rates=tuple(way.by_count.get(count) for way in ways),
        )
        for count in counts
    ]
    return (*lines, RateLine("all pictures", tuple(way.looks for way in ways)))


def list_parts(ways: Sequence[Measured]) -> tuple[RateLine, ...]:
    """List what is judged of a garment, each by itself: kind, colour, pattern."""
    found = (
        ("kind: it is there", [way.found for way in ways]),
        ("colour, of those there", [way.coloured for way in ways]),
        ("plain or patterned", [way.patterns for way in ways]),
        ("there in its colour", [way.garments for way in ways]),
    )
    return tuple(RateLine(label, tuple(rates)) for label, rates in found if any(rates))


def _series(metrics: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    pairs = ((row.get("step"), row.get(name)) for row in metrics)
    return [
        (float(step), float(value))
        for step, value in pairs
        if step is not None and value is not None and math.isfinite(value)
    ]


def _smooth(series: list[tuple[float, float]]) -> list[tuple[float, float]]:
    width = max(1, min(_SMOOTH_STEPS, len(series) // 4))
    smooth = []
    for place, (step, _) in enumerate(series):
        around = series[max(0, place - width) : place + width + 1]
        smooth.append((step, sum(value for _, value in around) / len(around)))
    return smooth


def _points(series: list[tuple[float, float]], last_step: float, top: float) -> str:
    return " ".join(
        f"{step / last_step * CURVE_WIDTH:.1f},{CURVE_HEIGHT * (1 - min(value / top, 1.0)):.1f}"
        for step, value in series
    )


def _round_steps(last_step: float) -> list[int]:
    rough = last_step / 4
    scale = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    width = next(n * scale for n in (1, 2, 2.5, 5, 10) if n * scale >= rough)
    width = max(1, int(width))
    return list(range(0, int(last_step) + 1, width))


def _tell(trend: list[tuple[float, float]], held_out: list[tuple[float, float]]) -> str:
    text = f"Training loss from {trend[0][1]:.4f} to {trend[-1][1]:.4f} (running mean)"
    if held_out:
        text += f"; on held-out products from {held_out[0][1]:.4f} to {held_out[-1][1]:.4f}"
    return text + "."
