"""The denoising loss, one number a picture: what training lowers and held-out pictures measure."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.device import Placement
from couturier.diffusion.schedule import NoiseSchedule, add_noise, find_target, min_snr_weights
from couturier.diffusion.word_loss import WordMasks


@dataclass(frozen=True)
class NoisedBatch:
    """What one step shows the UNet.

    Attributes:
        latents: Clean, scaled; (batch, 4, height/8, width/8), float32.
        noise: Unit variance, shape of `latents`.
        timesteps: From 0 to n_timesteps - 1; (batch,), int64.
        text: What the captions say.
        weights: What each place counts for; (batch, 1, height/8, width/8), None for all the same.
        words: Which words speak of which places, or None.
    """

    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    text: TextCondition
    weights: Tensor | None = None
    words: WordMasks | None = None


def denoising_losses(
    denoiser: Any,
    batch: NoisedBatch,
    *,
    schedule: NoiseSchedule,
    placement: Placement,
    min_snr_gamma: float | None = None,
) -> Tensor:
    """Let the denoiser undo the noise and measure how far off it is.

    Args:
        denoiser: The base's, with adapters or without.
        batch: On the CPU; moved to the device here.
        schedule: The base's own.
        placement: Where and in which number format the UNet computes.
        min_snr_gamma: Ceiling of the signal-to-noise weight; None weighs every timestep the same.

    Returns:
        Mean squared error of each picture, weighted; (batch,), float32, on the device.
    """
    device, dtype = placement.device, placement.weights_dtype
    alpha_bar = schedule.alpha_bar[batch.timesteps]  # (batch,)
    noised = add_noise(batch.latents, batch.noise, alpha_bar=alpha_bar)
    target = find_target(
        batch.latents, batch.noise, alpha_bar=alpha_bar, predicts=schedule.prediction_type
    )
    with nullcontext() if denoiser.lowers_itself else placement.autocast():
        answer = denoiser(
            noised.to(device, dtype), batch.timesteps.to(device), batch.text.to(device, dtype)
        )
    squares = torch.square(answer.float() - target.to(device))
    if batch.weights is not None:
        places = batch.weights.to(device)
        # Every picture counts the same, however small its garment.
        squares = squares * (places / places.mean(dim=(1, 2, 3), keepdim=True))
    losses: Tensor = squares.mean(dim=(1, 2, 3))  # (batch,)
    if min_snr_gamma is not None:
        predicts = schedule.prediction_type
        weights = min_snr_weights(alpha_bar, gamma=min_snr_gamma, predicts=predicts)
        losses = losses * weights.to(device)
    return losses
