"""A given picture drawn anew, all of it or what a mask holds: img2img and inpainting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from couturier.diffusion.beginning import Keeper, encode_picture, open_late
from couturier.diffusion.sampling import Draw, build_scheduler, silence_numpy_2, write_sentences


@dataclass(frozen=True)
class Source:
    """The picture to start from.

    Attributes:
        image: RGB; its sides are multiples of 8.
        strength: Share of the steps it goes through, over 0 to 1; 1 keeps nothing of it.
        mask: Where to draw anew, shape (height, width); None for everywhere. Outside not a pixel
            is changed.
    """

    image: Image.Image
    strength: float
    mask: NDArray[np.bool_] | None = None


def rework_picture(
    pipeline: Any, draw: Draw, source: Source, *, on_step: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Draw a picture anew from a given one.

    Any text-to-image base will do: outside the mask the latents are put back after every step.

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: What to draw; its size is the source's.
        source: What to start from.
        on_step: Told the number of steps done after each of them.

    Returns:
        Shape (height, width, 3), 0 to 1.
    """
    reworker = open_late(pipeline)
    reworker.scheduler = build_scheduler(draw.sampler, pipeline.scheduler.config)
    keeper = _make_keeper(reworker, draw, source)
    first = draw.steps - min(int(draw.steps * source.strength), draw.steps)

    def after_step(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        if keeper:
            kept["latents"] = keeper.put_back(first + step + 1, kept["latents"])
        if on_step:
            on_step(step + 1)
        return kept

    with silence_numpy_2():
        drawn = reworker(
            **write_sentences(pipeline, draw),
            image=source.image,
            strength=source.strength,
            num_inference_steps=draw.steps,
            guidance_scale=draw.guidance,
            generator=torch.Generator("cpu").manual_seed(draw.seed),
            output_type="np",
            callback_on_step_end=after_step,
        )
    picture: NDArray[np.float32] = drawn.images[0]  # (height, width, 3)
    if source.mask is None:
        return picture
    before = np.asarray(source.image.convert("RGB"), np.float32) / 255
    return np.where(source.mask[..., None], picture, before)


def _make_keeper(reworker: Any, draw: Draw, source: Source) -> Keeper | None:
    """Make what puts the source's own latents back outside the mask."""
    if source.mask is None:
        return None
    picture = torch.from_numpy(np.array(source.image.convert("RGB"), np.float32) / 255)
    clean = encode_picture(reworker, picture)
    inside = torch.from_numpy(source.mask.astype(np.float32))[None, None]
    cells = nn.functional.adaptive_max_pool2d(inside, clean.shape[-2:])
    return Keeper(reworker.scheduler, clean, cells[0, 0], seed=draw.seed)
