"""Drawing that begins in the middle: from clean latents noised again, in place of noise alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from PIL import Image
from torch import Tensor


@dataclass(frozen=True)
class Beginning:
    """Where a drawing begins.

    Attributes:
        latents: Clean ones; (1, channels, height, width).
        share: Of the steps, the last ones, that are taken; over 0 to 1.
        inside: Where to draw, 0 or 1; (height, width) of the latents. None for everywhere.
            Elsewhere the latents are put back after every step, noised as far as the step is
            (blended latent diffusion: Avrahami et al. 2022, arXiv:2206.02779).
    """

    latents: Tensor
    share: float
    inside: Tensor | None = None

    def count_skipped(self, n_steps: int) -> int:
        """Count the steps that are left out at the beginning, as diffusers does."""
        return n_steps - min(int(n_steps * self.share), n_steps)


class Keeper:
    """Puts latents back as they were wherever nothing is to be drawn."""

    def __init__(self, scheduler: Any, clean: Tensor, inside: Tensor, *, seed: int) -> None:
        self._scheduler, self._clean = scheduler, clean
        self._noise = make_noise(clean, seed)
        self._inside = inside.to(clean)

    def put_back(self, done: int, latents: Tensor) -> Tensor:
        """Give the latents to go on with.

        Args:
            done: Steps of the whole schedule that are behind.
            latents: Shape (1, channels, height, width).
        """
        timesteps = self._scheduler.timesteps
        around = self._clean
        if done < len(timesteps):
            around = self._scheduler.add_noise(self._clean, self._noise, timesteps[done : done + 1])
        return self._inside * latents + (1 - self._inside) * around


def open_late(pipeline: Any) -> Any:
    """Give the pipeline that begins in the middle, of the same parts and without a checker."""
    kind = StableDiffusionImg2ImgPipeline
    if hasattr(pipeline, "text_encoder_2"):
        kind = StableDiffusionXLImg2ImgPipeline
    late = kind(**pipeline.components)
    late.set_progress_bar_config(disable=True)
    late.safety_checker = None
    return late


def begin_late(
    pipeline: Any, beginning: Beginning, *, seed: int
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Give a pipeline that begins there, and what to tell it.

    Args:
        pipeline: With the scheduler it will draw with.
        beginning: Where to begin.
        seed: Of the noise.
    """
    late = open_late(pipeline)
    noise = make_noise(beginning.latents, seed)

    def prepare(_image: Any, timestep: Tensor, *_: Any, **__: Any) -> Tensor:
        noised: Tensor = late.scheduler.add_noise(beginning.latents, noise, timestep)
        return noised

    late.prepare_latents = prepare
    scale = pipeline.vae_scale_factor
    height, width = (side * scale for side in beginning.latents.shape[-2:])
    blank = Image.new("RGB", (width, height))  # diffusers wants a picture and reads its size
    return late, {"image": blank, "strength": beginning.share}


def make_noise(latents: Tensor, seed: int) -> Tensor:
    """Draw noise like some latents, on the CPU whatever their device."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(latents.shape, generator=generator).to(latents)


@torch.no_grad()
def encode_picture(pipeline: Any, picture: Tensor) -> Tensor:
    """Encode a picture as clean latents.

    Args:
        pipeline: Whose autoencoder it is; one that overflows in half precision is lifted to
            float32 for it.
        picture: 0 to 1; (height, width, 3).

    Returns:
        Shape (1, channels, height, width), in the number format of the UNet.
    """
    vae = pipeline.vae
    own = next(vae.parameters()).dtype
    lifted = vae.float() if getattr(vae.config, "force_upcast", False) else vae
    weights = next(lifted.parameters())
    batch = (picture * 2 - 1).permute(2, 0, 1)[None].to(weights.device, weights.dtype)
    latents: Tensor = lifted.encode(batch).latent_dist.mean * vae.config.scaling_factor
    vae.to(own)
    return latents.to(pipeline.unet.dtype)
