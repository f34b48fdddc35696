"""Sample grids during training: the same sentence and seeds, step after step."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from couturier.diffusion.loading import BaseParts, assemble_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.files import replace_whole
from couturier.runs import OnStep
from couturier.seeds import derive_seed
from couturier.train.settings import TrainSettings

FOLDER = "samples"
_GUIDANCE = 7.5
_SAMPLER = "dpm++2m-karras"
_GAP_PX = 2
_MAX_NOISE_SEED = 2**32  # what other tools accept as a seed


def draw_samples(
    out: Path, parts: BaseParts, *, step: int, settings: TrainSettings, on_step: OnStep
) -> Path | None:
    """Draw the validation prompt with the adapters as they are now; None where it is not wanted.

    Pictures are drawn with fixed seeds and kept as `samples/step-000500.jpg`, without a safety
    checker: they are for the eyes of whoever trains.
    """
    if not settings.validation_pictures or not settings.validation_prompt:
        return None
    pipeline = assemble_pipeline(parts)
    pictures = []
    for number in range(settings.validation_pictures):
        tell = partial(_tell, on_step, settings, step, number)
        pictures.append(_draw(pipeline, parts, number, settings=settings, on_step=tell))
    path = out / FOLDER / f"step-{step:06d}.jpg"
    with replace_whole(path) as temporary:
        # No chroma subsampling: a garment's colour is what one looks for.
        _tile(pictures).save(temporary, format="JPEG", quality=92, subsampling=0)
    return path


def _tell(on_step: OnStep, settings: TrainSettings, step: int, number: int, done: int) -> None:
    total = settings.validation_pictures * settings.validation_steps
    drawn = number * settings.validation_steps + done
    on_step(drawn, total, f"drawing samples at step {step}")


def _draw(
    pipeline: Any,
    parts: BaseParts,
    number: int,
    *,
    settings: TrainSettings,
    on_step: Callable[[int], None],
) -> Image.Image:
    side_px = settings.resolution_px or parts.family.native_px
    draw = Draw(
        prompt=settings.validation_prompt or "",
        negative="",
        seed=derive_seed(settings.seed, "sample", number) % _MAX_NOISE_SEED,
        steps=settings.validation_steps,
        guidance=_GUIDANCE,
        sampler=_SAMPLER,
        width_px=side_px,
        height_px=side_px,
    )
    with parts.placement.autocast():  # the autoencoder is fp32, what it decodes may not be
        pixels = draw_picture(pipeline, draw, on_step=on_step)
    return Image.fromarray((np.nan_to_num(pixels) * 255).round().astype(np.uint8))


def _tile(pictures: list[Image.Image]) -> Image.Image:
    """Lay pictures of one size side by side, at most four in a row."""
    columns = min(4, len(pictures))
    rows = -(-len(pictures) // columns)
    width, height = (side + _GAP_PX for side in pictures[0].size)
    sheet = Image.new("RGB", (columns * width - _GAP_PX, rows * height - _GAP_PX), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * width, number // columns * height))
    return sheet
