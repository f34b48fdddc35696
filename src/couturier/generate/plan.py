"""The plan: every picture that prompts and settings ask for, checked before weights load."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from couturier.errors import LooksError, SettingsError
from couturier.generate.prompts import PromptRow, check_prompt, check_words
from couturier.generate.settings import GenerateSettings, parse_size
from couturier.generate.wildcards import draw_words
from couturier.train.records import find_weights


@dataclass(frozen=True)
class Request:
    """One picture asked for; `size_px` (width, height) is None for what the base was made for."""

    prompt: str
    negative: str
    seed: int
    steps: int
    guidance: float
    sampler: str
    size_px: tuple[int, int] | None


@dataclass(frozen=True)
class Adapter:
    """A LoRA as it was asked for.

    Attributes:
        path: As given, without the scale.
        weights: Its safetensors file.
        scale: Its strength; 1 is as trained.
    """

    path: str
    weights: Path
    scale: float


def plan_pictures(prompts: Sequence[PromptRow], settings: GenerateSettings) -> list[Request]:
    """List the pictures to draw, in order; no weights are touched.

    Raises:
        LooksError: no prompt, or one that cannot be drawn.
        SettingsError: a row's own setting is out of range.
    """
    if not prompts:
        raise LooksError(
            "no prompt given", fix='say what to draw: couturier generate "a red satin dress"'
        )
    return [request for row in prompts for request in _plan_row(row, settings)]


def find_adapters(asked: Sequence[str]) -> list[Adapter]:
    """Find the files that `--lora models/NAME[:SCALE]` options mean.

    Raises:
        AdapterError: nothing there can be loaded.
    """
    return [_find_adapter(text) for text in asked]


def _plan_row(row: PromptRow, settings: GenerateSettings) -> list[Request]:
    own = _override(row, settings)
    check_prompt(row.prompt, row.place)
    negative = check_words(own.negative, row.place, what="negative prompt")
    seeds = [own.seed + number for number in range(own.count)]
    return [
        Request(
            prompt=check_prompt(draw_words(row.prompt, seed, own.wildcards, row.place), row.place),
            negative=negative,
            seed=seed,
            steps=own.steps,
            guidance=own.guidance,
            sampler=own.sampler,
            size_px=parse_size(own.size) if own.size else None,
        )
        for seed in seeds
    ]


def _override(row: PromptRow, settings: GenerateSettings) -> GenerateSettings:
    try:
        return GenerateSettings.model_validate({**settings.model_dump(), **row.overrides})
    except ValidationError as fault:
        told = "; ".join(
            f"{detail['loc'][0]} = {detail['input']!r}: {detail['msg']}"
            for detail in fault.errors()
        )
        raise SettingsError(
            f"{row.place}: {told}", fix="correct these; docs/settings.md lists every range"
        ) from fault


def _find_adapter(text: str) -> Adapter:
    path, _, ending = text.rpartition(":")
    scale = _parse_scale(ending) if path else None
    if scale is None:  # no colon, or one of the path itself, as in C:\models
        return Adapter(text, find_weights(Path(text)), 1.0)
    if not math.isfinite(scale):
        raise SettingsError(f"--lora {text}: the scale is no number", fix="give 1, or 0.8, ...")
    return Adapter(path, find_weights(Path(path)), scale)


def _parse_scale(ending: str) -> float | None:
    try:
        return float(ending)
    except ValueError:
        return None
