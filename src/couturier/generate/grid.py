"""X/Y/Z grids: the same prompts over every combination of some settings, and a sheet of all."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

from couturier.errors import SettingsError
from couturier.files import replace_whole
from couturier.generate.draw import render_looks
from couturier.generate.prompts import COLUMNS, PromptRow
from couturier.generate.records import Look
from couturier.generate.settings import GenerateSettings
from couturier.runs import OnStep

MOST_AXES = 3
MOST_PICTURES = 400
_TILE_PX, _GAP_PX, _LABEL_PX, _FONT_PX = 192, 8, 22, 13


@dataclass(frozen=True)
class Axis:
    """One setting and the values it takes, as typed."""

    name: str
    values: tuple[str, ...]


def read_axes(texts: Sequence[str]) -> list[Axis]:
    """Read `--grid NAME=VALUE,VALUE,...` options: columns, rows, sheets, in this order.

    Raises:
        SettingsError: too many, no such setting, or no values.
    """
    if len(texts) > MOST_AXES:
        raise SettingsError(
            f"--grid was given {len(texts)} times, {MOST_AXES} are the most",
            fix="leave some out: columns, rows and sheets are all a grid has",
        )
    return [_read_axis(text) for text in texts]


def render_grid(
    prompts: Sequence[PromptRow],
    axes: Sequence[Axis],
    *,
    out: Path,
    settings: GenerateSettings,
    on_step: OnStep | None = None,
) -> tuple[list[Look], list[Path]]:
    """Draw every prompt at every combination of the axes' values.

    Args:
        prompts: Each gets a grid of its own.
        axes: One to three.
        out: A looks folder as any other; the sheets lie in it, grid-01.jpg and so on.
        settings: What the axes do not set; one picture a prompt, whatever their count says.
        on_step: Told steps done and in all of each run of one combination.

    Returns:
        All looks, and the sheets: one a prompt and value of the third axis.

    Raises:
        SettingsError: a value is out of range, or the grid holds too many pictures.
    """
    combinations = list(itertools.product(*(axis.values for axis in axes)))
    n_pictures = len(combinations) * len(prompts)
    if n_pictures > MOST_PICTURES:
        raise SettingsError(
            f"the grid has {n_pictures} pictures, {MOST_PICTURES} are the most",
            fix="give fewer values, or fewer prompts",
        )
    plans = [_plan(axes, values, settings) for values in combinations]  # all checked before any
    drawn: dict[tuple[int, tuple[str, ...]], Look] = {}
    for values, (whole, row) in zip(combinations, plans, strict=True):
        rows = [replace(one, overrides={**one.overrides, **row, "count": 1}) for one in prompts]
        looks = render_looks(rows, out=out, settings=whole, resume=True, on_step=on_step)
        drawn |= {(number, values): look for number, look in enumerate(looks)}
    sheets = _write_sheets(drawn, axes, out, n_prompts=len(prompts))
    return list(drawn.values()), sheets


def _read_axis(text: str) -> Axis:
    name, _, listed = text.partition("=")
    name = name.strip()
    values = tuple(value.strip() for value in listed.split(",") if value.strip())
    known = set(GenerateSettings.model_fields) - {"count"}
    if name not in known:
        raise SettingsError(
            f"--grid {text}: no setting of that name",
            fix=f"use one of {', '.join(sorted(known))}, as in --grid steps=10,20,30",
        )
    if not values:
        raise SettingsError(f"--grid {text}: no values", fix=f"as in --grid {name}=10,20,30")
    return Axis(name, values)


def _plan(
    axes: Sequence[Axis], values: tuple[str, ...], settings: GenerateSettings
) -> tuple[GenerateSettings, dict[str, Any]]:
    """Split one combination into what belongs to the run and what to each row."""
    given: dict[str, Any] = {}
    for axis, value in zip(axes, values, strict=True):
        given[axis.name] = tuple(value.split("+")) if axis.name == "lora" else value
    row = {name: value for name, value in given.items() if name in COLUMNS}
    try:
        GenerateSettings.model_validate({**settings.model_dump(), **given})
        whole = {name: value for name, value in given.items() if name not in row}
        return GenerateSettings.model_validate({**settings.model_dump(), **whole}), row
    except ValidationError as fault:
        told = "; ".join(f"{d['loc'][0]} = {d['input']!r}: {d['msg']}" for d in fault.errors())
        raise SettingsError(f"--grid: {told}", fix="docs/settings.md lists every range") from fault


def _write_sheets(
    drawn: dict[tuple[int, tuple[str, ...]], Look],
    axes: Sequence[Axis],
    out: Path,
    *,
    n_prompts: int,
) -> list[Path]:
    across = axes[0]
    down = axes[1] if len(axes) > 1 else Axis("", ("",))
    deep = axes[2] if len(axes) > 2 else Axis("", ("",))
    sheets: list[Path] = []
    for number, layer in itertools.product(range(n_prompts), deep.values):
        table = [
            [drawn[number, (x, y, layer)[: len(axes)]] for x in across.values] for y in down.values
        ]
        title = table[0][0].prompt + (f" · {deep.name} {layer}" if deep.name else "")
        sheet = _lay_out(table, across, down, title, out)
        path = out / f"grid-{len(sheets) + 1:02d}.jpg"
        with replace_whole(path) as temporary:
            sheet.save(temporary, format="JPEG", quality=90)
        sheets.append(path)
    return sheets


def _lay_out(
    table: list[list[Look]], across: Axis, down: Axis, title: str, out: Path
) -> Image.Image:
    cell = _TILE_PX + _GAP_PX
    left = 120 if down.name else _GAP_PX
    top = 2 * _LABEL_PX + _GAP_PX
    size = left + len(table[0]) * cell, top + len(table) * cell
    sheet = Image.new("RGB", size, "#ffffff")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_PX)
    pen.text((_GAP_PX, 4), title, fill="#1b1b1b", font=font)
    for column, value in enumerate(across.values):
        pen.text(
            (left + column * cell, 4 + _LABEL_PX), f"{across.name} {value}", "#6b6b6b", font=font
        )
    for row, (value, looks) in enumerate(zip(down.values, table, strict=True)):
        if down.name:
            pen.text((_GAP_PX, top + row * cell), f"{down.name}\n{value}", "#6b6b6b", font=font)
        for column, look in enumerate(looks):
            with Image.open(out / look.file) as opened:
                tile = opened.convert("RGB")
            tile.thumbnail((_TILE_PX, _TILE_PX), Image.Resampling.LANCZOS)
            sheet.paste(tile, (left + column * cell, top + row * cell))
    return sheet
