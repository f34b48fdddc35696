"""A given picture drawn anew, all of it or what a mask holds: img2img and inpainting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

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

    Any text-to-image base will do: outside the mask the latents are put back after every step,
    noised as far as the step is (blended latent diffusion, Avrahami et al. 2022, arXiv:2206.02779).

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: What to draw; its size is the source's.
        source: What to start from.
        on_step: Told the number of steps done after each of them.

    Returns:
        Shape (height, width, 3), 0 to 1.
    """
    kind = StableDiffusionImg2ImgPipeline
    if hasattr(pipeline, "text_encoder_2"):
        kind = StableDiffusionXLImg2ImgPipeline
    reworker = kind(**pipeline.components)
    reworker.set_progress_bar_config(disable=True)
    reworker.safety_checker = None
    reworker.scheduler = build_scheduler(draw.sampler, pipeline.scheduler.config)
    keeper = _Keeper(reworker, draw, source) if source.mask is not None else None

    def after_step(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        if keeper:
            kept["latents"] = keeper.put_back(step, kept["latents"])
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


class _Keeper:
    """Puts the source's own latents back outside the mask."""

    def __init__(self, reworker: Any, draw: Draw, source: Source) -> None:
        assert source.mask is not None
        vae, self._scheduler = reworker.vae, reworker.scheduler
        pixels = torch.from_numpy(np.array(source.image.convert("RGB"), np.float32) / 127.5 - 1)
        weights = next(vae.parameters())
        batch = pixels.permute(2, 0, 1)[None].to(weights.device, weights.dtype)
        with torch.no_grad():
            self._clean: Tensor = vae.encode(batch).latent_dist.mean * vae.config.scaling_factor
        generator = torch.Generator("cpu").manual_seed(draw.seed)
        noise = torch.randn(self._clean.shape, generator=generator)
        self._noise = noise.to(self._clean)
        inside = torch.from_numpy(source.mask.astype(np.float32))[None, None]
        self._inside = nn.functional.adaptive_max_pool2d(inside, self._clean.shape[-2:]).to(
            self._clean
        )
        self._first = draw.steps - min(int(draw.steps * source.strength), draw.steps)

    def put_back(self, step: int, latents: Tensor) -> Tensor:
        """Give the latents with everything outside the mask as in the source."""
        following = self._first + step + 1
        timesteps = self._scheduler.timesteps
        around = self._clean
        if following < len(timesteps):
            at = timesteps[following : following + 1]
            around = self._scheduler.add_noise(self._clean, self._noise, at)
        return self._inside * latents + (1 - self._inside) * around
