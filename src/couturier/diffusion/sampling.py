"""Sampling: named samplers, noise from a seed, and a sentence drawn into pixels."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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

from couturier.diffusion.beginning import Beginning, Keeper, begin_late
from couturier.diffusion.guidance import Guidance, Guide, guide_steps
from couturier.diffusion.prediction import Prediction, decode
from couturier.diffusion.shortcut import GUIDED_TENSORS, InnerBlocks, Shortcut, end_guidance
from couturier.diffusion.text import encode_prompts, is_plain

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
    with silence_numpy_2():
        return scheduler.from_config(config, **overrides)


@dataclass(frozen=True)
class Peek:
    """A look at the picture while it is being drawn.

    Attributes:
        after: Steps after which to look.
        judge: Told the picture as it is predicted then, shape (height, width, 3), 0 to 1; False
            gives the drawing up.
    """

    after: int
    judge: Callable[[NDArray[np.float32]], bool]


class DroppedError(Exception):
    """A drawing was given up because its `Peek` said so."""


def draw_picture(
    pipeline: Any,
    draw: Draw,
    *,
    guide: Guide | None = None,
    shortcut: Shortcut | None = None,
    beginning: Beginning | None = None,
    peek: Peek | None = None,
    on_step: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Draw one picture with diffusers' own pipeline, without its safety checker.

    The noise comes from the CPU whatever the device, so that a seed keeps its composition when
    the device changes. One picture at a time: in a batch of 2 or 4 the CPU's matrix products
    round otherwise (measured on a 128 px base: up to 2.3e-6, so that 2 to 5 of 49,152 values
    came out one step off), and it saved no time there.

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: What to draw.
        guide: Holds the drawing to its words by attention; None draws plainly, bit for bit as
            diffusers does.
        shortcut: Draws faster and a little otherwise; None leaves nothing out.
        beginning: Latents to begin from in the middle of the steps; None begins with noise alone.
        peek: A look at the picture on the way.
        on_step: Told the number of steps done after each of them.

    Returns:
        Shape (height, width, 3), 0 to 1; NaN where the numbers ran away.

    Raises:
        DroppedError: `peek` gave the drawing up.
    """
    own = pipeline.scheduler, getattr(pipeline, "safety_checker", None)
    pipeline.scheduler = build_scheduler(draw.sampler, pipeline.scheduler.config)
    pipeline.safety_checker = None
    scale = pipeline.vae_scale_factor
    shape = draw.height_px // scale, draw.width_px // scale
    try:
        with ExitStack() as stack:
            stack.enter_context(silence_numpy_2())
            guidance = inner = None
            if guide:
                guided = guide_steps(pipeline, guide, n_steps=draw.steps, shape=shape)
                guidance = stack.enter_context(guided)
            drawer, where = pipeline, {"width": draw.width_px, "height": draw.height_px}
            if beginning:
                drawer, where = begin_late(pipeline, beginning, seed=draw.seed)
            if shortcut:
                inner = stack.enter_context(InnerBlocks(pipeline.unet).watched())
            aside = _Aside(
                draw.steps,
                first=beginning.count_skipped(draw.steps) if beginning else 0,
                keeper=_find_keeper(pipeline, draw, beginning),
                guidance=guidance,
                saving=(shortcut, inner) if shortcut and inner else None,
                looking=(peek, Prediction(pipeline.scheduler)) if peek else None,
                on_step=on_step,
            )
            idle = not (guide or shortcut or beginning or peek or on_step)
            drawn = drawer(
                **write_sentences(pipeline, draw),
                **where,
                num_inference_steps=draw.steps,
                guidance_scale=draw.guidance,
                generator=torch.Generator("cpu").manual_seed(draw.seed),
                output_type="np",
                callback_on_step_end=None if idle else aside.after_step,
                callback_on_step_end_tensor_inputs=list_tensors(drawer),
            )
    finally:
        pipeline.scheduler, pipeline.safety_checker = own
    picture: NDArray[np.float32] = drawn.images[0]  # (height, width, 3)
    return picture


class _Aside:
    """What is done between two steps of a drawing: guide, look, tell."""

    def __init__(
        self,
        n_steps: int,
        *,
        first: int,
        keeper: Keeper | None,
        guidance: Guidance | None,
        saving: tuple[Shortcut, InnerBlocks] | None,
        looking: tuple[Peek, Prediction] | None,
        on_step: Callable[[int], None] | None,
    ) -> None:
        self._n_steps = n_steps
        self._first = first
        self._keeper = keeper
        self._guidance = guidance
        self._saving = saving
        self._looking = looking
        self._on_step = on_step

    def after_step(
        self, pipeline: Any, step: int, _timestep: Any, kept: dict[str, Any]
    ) -> dict[str, Any]:
        """Do it; diffusers calls this with the number of the step, from 0."""
        step += self._first
        done = min(step + 1, self._n_steps)  # PNDM goes through its second timestep twice
        if self._looking and done == self._looking[0].after:
            peek, prediction = self._looking
            if not peek.judge(decode(pipeline, prediction.find_clean())):
                raise DroppedError
        if self._guidance:
            kept["latents"] = self._guidance.after_step(step + 1, kept["latents"])
        if self._keeper:
            kept["latents"] = self._keeper.put_back(step + 1, kept["latents"])
        if self._saving:
            self._save(pipeline, done, kept)
        if self._on_step:
            self._on_step(done)
        return kept

    def _save(self, pipeline: Any, done: int, kept: dict[str, Any]) -> None:
        """Set up the next step to leave out what it may."""
        assert self._saving
        shortcut, inner = self._saving
        inner.choose(done, self._n_steps, shortcut)
        late = done >= shortcut.guided_share * self._n_steps
        if late and pipeline.do_classifier_free_guidance:
            end_guidance(pipeline, kept)
            inner.halve()


def _find_keeper(pipeline: Any, draw: Draw, beginning: Beginning | None) -> Keeper | None:
    if beginning is None or beginning.inside is None:
        return None
    return Keeper(pipeline.scheduler, beginning.latents, beginning.inside, seed=draw.seed)


def list_tensors(pipeline: Any) -> list[str]:
    """List what the callback may change, as far as this pipeline lends it."""
    lent = pipeline._callback_tensor_inputs
    return ["latents", *(name for name in GUIDED_TENSORS if name in lent)]


def write_sentences(pipeline: Any, draw: Draw) -> dict[str, Any]:
    """Give the pipeline the sentences themselves where it can read them, else their embeddings."""
    if all(is_plain(pipeline.tokenizer, text) for text in (draw.prompt, draw.negative)):
        return {"prompt": draw.prompt, "negative_prompt": draw.negative or None}
    return dict(encode_prompts(pipeline, draw.prompt, draw.negative).as_arguments())


def find_native_size(pipeline: Any) -> tuple[int, int]:
    """Give width and height in pixels that the base was trained at."""
    sample = pipeline.unet.config.sample_size  # latent pixels, a number or (height, width)
    height, width = (sample, sample) if isinstance(sample, int) else sample
    return width * pipeline.vae_scale_factor, height * pipeline.vae_scale_factor


@contextmanager
def silence_numpy_2() -> Iterator[None]:
    """Drop numpy 2's complaint about how diffusers' schedulers turn tensors into arrays."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        yield
