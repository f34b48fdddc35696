"""Sampling: named samplers, noise from a seed, and a sentence drawn into pixels."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)
from numpy.typing import NDArray

_SAMPLERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ddim": (DDIMScheduler, {}),
    "pndm": (PNDMScheduler, {}),
    "dpm++2m-karras": (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True},
    ),
    "unipc": (UniPCMultistepScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler-a": (EulerAncestralDiscreteScheduler, {}),
}
SAMPLERS = tuple(_SAMPLERS)


@dataclass(frozen=True)
class Draw:
    """One picture to be drawn.

    Attributes:
        prompt: The sentence.
        negative: What to stay away from; "" for nothing.
        seed: Of the starting noise, and of the noise that euler-a adds on the way.
        steps: Denoising steps.
        guidance: Scale of classifier-free guidance; 1 or less switches it off.
        sampler: One of `SAMPLERS`.
        width_px: A multiple of 8.
        height_px: A multiple of 8.
    """

    prompt: str
    negative: str
    seed: int
    steps: int
    guidance: float
    sampler: str
    width_px: int
    height_px: int


def build_scheduler(sampler: str, config: Any) -> Any:
    """Build a diffusers scheduler that keeps the noise schedule the base was trained with.

    Args:
        sampler: One of `SAMPLERS`.
        config: The configuration of the base's own scheduler.
    """
    scheduler, overrides = _SAMPLERS[sampler]
    with _numpy_2_silenced():
        return scheduler.from_config(config, **overrides)


def draw_picture(
    pipeline: Any, draw: Draw, *, on_step: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Draw one picture with diffusers' own pipeline, without its safety checker.

    The noise comes from the CPU whatever the device, so that a seed keeps its composition when
    the device changes. One picture at a time: in a batch of 2 or 4 the CPU's matrix products
    round otherwise (measured on a 128 px base: up to 2.3e-6, so that 2 to 5 of 49,152 values
    came out one step off), and it saved no time there.

    Args:
        pipeline: A diffusers StableDiffusionPipeline; left as it was.
        draw: What to draw.
        on_step: Told the number of steps done after each of them.

    Returns:
        Shape (height, width, 3), 0 to 1; NaN where the numbers ran away.
    """
    own = pipeline.scheduler, pipeline.safety_checker
    pipeline.scheduler = build_scheduler(draw.sampler, pipeline.scheduler.config)
    pipeline.safety_checker = None
    try:
        with torch.inference_mode(), _numpy_2_silenced():
            drawn = pipeline(
                draw.prompt,
                negative_prompt=draw.negative or None,
                num_inference_steps=draw.steps,
                guidance_scale=draw.guidance,
                width=draw.width_px,
                height=draw.height_px,
                generator=torch.Generator("cpu").manual_seed(draw.seed),
                output_type="np",
                callback_on_step_end=_told(on_step, draw.steps),
            )
    finally:
        pipeline.scheduler, pipeline.safety_checker = own
    picture: NDArray[np.float32] = drawn.images[0]  # (height, width, 3)
    return picture


def find_native_size(pipeline: Any) -> tuple[int, int]:
    """Give width and height in pixels that the base was trained at."""
    sample = pipeline.unet.config.sample_size  # latent pixels, a number or (height, width)
    height, width = (sample, sample) if isinstance(sample, int) else sample
    return width * pipeline.vae_scale_factor, height * pipeline.vae_scale_factor


def find_cut_words(tokenizer: Any, text: str) -> str:
    """Give the end of `text` that the text encoder will not see, from a word's start; or ""."""
    tokens = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    room = tokenizer.model_max_length - 2  # one token marks the beginning, one the end
    if len(tokens["input_ids"]) <= room:
        return ""
    first_cut = tokens["offset_mapping"][room][0]
    return text[text.rfind(" ", 0, first_cut + 1) + 1 :].strip()


@contextmanager
def _numpy_2_silenced() -> Iterator[None]:
    """Drop numpy 2's complaint about how diffusers' schedulers turn tensors into arrays."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        yield


def _told(on_step: Callable[[int], None] | None, steps: int) -> Callable[..., Any] | None:
    if on_step is None:
        return None

    def tell(_pipeline: Any, step: int, _timestep: Any, kept: dict[str, Any]) -> dict[str, Any]:
        on_step(min(step + 1, steps))  # PNDM goes through its second timestep twice
        return kept

    return tell
