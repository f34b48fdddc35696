"""Loss on held-out pictures at noise and timesteps that never change: comparable between steps."""

import torch

from couturier.diffusion.conditions import stack_conditions
from couturier.diffusion.device import Placement
from couturier.diffusion.loss import NoisedBatch, denoising_losses
from couturier.diffusion.schedule import NoiseSchedule
from couturier.seeds import derive_seed
from couturier.train.batches import Deck, draw_latents, draw_noise
from couturier.train.cache import read_text

MAX_PICTURES = 64
_BATCH = 8


@torch.no_grad()
def measure_held_out(
    denoiser: object, deck: Deck, *, seed: int, schedule: NoiseSchedule, placement: Placement
) -> float | None:
    """Measure the mean loss on held-out pictures; None where none were held out.

    At most 64 pictures, one timestep each, spread evenly over the schedule so that every stretch
    of it counts the same.

    Args:
        denoiser: With the adapters as they are now.
        deck: Of held-out pictures alone.
        seed: Of the noise.
        schedule: The base's own.
        placement: Where and in which number format the denoiser computes.
    """
    n_pictures = min(MAX_PICTURES, len(deck.examples))
    losses: list[float] = []
    for group in deck.groups:
        numbers = [n for n in group if n < n_pictures]
        for start in range(0, len(numbers), _BATCH):
            chosen = [(n, deck.examples[n]) for n in numbers[start : start + _BATCH]]
            batch = NoisedBatch(
                latents=torch.stack(
                    [
                        draw_latents(deck, e, derive_seed(seed, "held-out latents", n))
                        for n, e in chosen
                    ]
                ),
                noise=torch.stack(
                    [draw_noise(deck, e, derive_seed(seed, "held-out noise", n)) for n, e in chosen]
                ),
                timesteps=torch.tensor(
                    [int((n + 0.5) / n_pictures * schedule.n_timesteps) for n, _ in chosen]
                ),
                text=stack_conditions([read_text(deck.texts, e.text_key) for _, e in chosen]),
            )
            losses += denoising_losses(
                denoiser, batch, schedule=schedule, placement=placement
            ).tolist()
    return sum(losses) / len(losses) if losses else None
