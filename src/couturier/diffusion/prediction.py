"""The picture as it is predicted in the middle of a drawing: clean latents, decoded early."""

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Prediction:
    """Overhears a scheduler, so that the clean latents can be asked for after any step."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._heard: tuple[Tensor, Any, Tensor] | None = None
        plain = scheduler.step

        @functools.wraps(plain)  # diffusers looks at its signature
        def step(output: Tensor, timestep: Any, sample: Tensor, *rest: Any, **options: Any) -> Any:
            self._heard = output, timestep, sample
            return plain(output, timestep, sample, *rest, **options)

        scheduler.step = step

    def find_clean(self) -> Tensor:
        """Give the clean latents that follow from the UNet's last answer."""
        scheduler = self._scheduler
        kept = getattr(scheduler, "model_outputs", None)
        if kept and kept[-1] is not None:  # DPM++ and UniPC keep clean latents themselves
            own: Tensor = kept[-1]
            return own
        assert self._heard is not None
        output, timestep, sample = self._heard
        if hasattr(scheduler, "sigmas") and hasattr(scheduler, "is_scale_input_called"):
            # The Eulers keep latents as picture + sigma x noise; their index has moved on by one.
            sigma = scheduler.sigmas[scheduler.step_index - 1].to(sample)
            signal, noise = torch.ones_like(sigma), sigma
            sample = sample / (1 + sigma**2).sqrt()
            scale = (1 + sigma**2).sqrt()
            signal, noise = signal / scale, noise / scale
        else:
            alpha_bar = scheduler.alphas_cumprod[int(timestep)].to(sample)
            signal, noise = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
        if scheduler.config.prediction_type == "v_prediction":
            clean: Tensor = signal * sample - noise * output
        elif scheduler.config.prediction_type == "sample":
            clean = output
        else:
            clean = (sample - noise * output) / signal
        return clean


@torch.no_grad()
def decode(pipeline: Any, latents: Tensor) -> NDArray[np.float32]:
    """Decode latents to a picture; shape (height, width, 3), 0 to 1.

    An autoencoder that overflows in half precision is lifted to float32 for it.
    """
    vae = pipeline.vae
    own = next(vae.parameters()).dtype
    lifted = vae.float() if getattr(vae.config, "force_upcast", False) else vae
    weights = next(lifted.parameters())
    found = lifted.decode(latents.to(weights.dtype) / vae.config.scaling_factor).sample
    vae.to(own)
    picture: NDArray[np.float32] = (found[0].float() / 2 + 0.5).clamp(0, 1).cpu().numpy()
    return picture.transpose(1, 2, 0)
