"""The noise schedule: how much of a picture is left at each timestep, and what that teaches.

alpha_bar: share of the signal's power left at a timestep, 1 for the clean picture, 0 for noise
alone. SNR: alpha_bar / (1 - alpha_bar). Source: Ho et al. 2020, arXiv:2006.11239.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class NoiseSchedule:
    """What a base was trained with.

    Attributes:
        alpha_bar: By timestep, strictly between 0 and 1 but for the last one, which may be 0;
            shape (n_timesteps,), float32, on the CPU.
        prediction_type: What its UNet predicts: "epsilon" or "v_prediction".
    """

    alpha_bar: Tensor
    prediction_type: str

    @property
    def n_timesteps(self) -> int:
        """Give the number of timesteps, 1000 for every Stable Diffusion."""
        return len(self.alpha_bar)


def read_schedule(scheduler: Any) -> NoiseSchedule:
    """Read the schedule out of a diffusers scheduler.

    Raises:
        ValueError: the base predicts neither noise nor velocity.
    """
    predicts = scheduler.config.prediction_type
    if predicts not in ("epsilon", "v_prediction"):
        raise ValueError(f"prediction_type is {predicts!r}, expected epsilon or v_prediction")
    return NoiseSchedule(scheduler.alphas_cumprod.float().cpu(), predicts)


def add_noise(latents: Tensor, noise: Tensor, *, alpha_bar: Tensor) -> Tensor:
    """Mix latents (batch, 4, h, w) with unit noise, as alpha_bar (batch,) says."""
    share = alpha_bar.view(-1, 1, 1, 1)
    return share.sqrt() * latents + (1 - share).sqrt() * noise


def find_target(latents: Tensor, noise: Tensor, *, alpha_bar: Tensor, predicts: str) -> Tensor:
    """Give what the UNet should answer to the noised latents: the noise, or the velocity.

    Source:
        Salimans and Ho 2022, arXiv:2202.00512, for the velocity.
    """
    if predicts == "epsilon":
        return noise
    share = alpha_bar.view(-1, 1, 1, 1)
    return share.sqrt() * noise - (1 - share).sqrt() * latents


def min_snr_weights(alpha_bar: Tensor, *, gamma: float = 5.0, predicts: str = "epsilon") -> Tensor:
    """Weigh the loss of each picture by its clipped signal-to-noise ratio.

    Args:
        alpha_bar: Share of the signal's power left at the sampled timestep, strictly between
            0 and 1; for a velocity 0 is allowed, too; shape (batch,).
        gamma: Ceiling of the ratio, no unit; below it, nothing is held back.
        predicts: "epsilon" or "v_prediction".

    Returns:
        Weights in (0, 1] for the noise, in [0, 1) for the velocity; shape (batch,).

    Raises:
        ValueError: a value of `alpha_bar` is out of range.

    Source:
        Hang et al. 2023, arXiv:2303.09556.
    """
    lowest_allowed = alpha_bar >= 0 if predicts == "v_prediction" else alpha_bar > 0
    if not bool((lowest_allowed & (alpha_bar < 1)).all()):
        raise ValueError(f"alpha_bar out of range: {alpha_bar.min():g} to {alpha_bar.max():g}")
    ratio = alpha_bar / (1 - alpha_bar)
    clipped = torch.clamp(ratio, max=gamma)
    return clipped / (ratio + 1 if predicts == "v_prediction" else ratio)
