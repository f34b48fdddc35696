"""Which pictures a step shows, under which noise: a function of seed and count, with no state.

Every picture shown has a serial number, counted from the run's first. Order, noise, timestep and
caption dropout follow from seed and serial alone. So a resumed run needs no saved random state,
and neither the batch size nor the number of processes changes what a serial number shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from couturier.diffusion.conditions import stack_conditions
from couturier.diffusion.loss import NoisedBatch
from couturier.diffusion.schedule import NoiseSchedule
from couturier.seeds import MAX_SEED, derive_seed
from couturier.train.cache import TensorStore, read_text


@dataclass(frozen=True)
class Example:
    """One picture with its caption, as the caches hold them.

    Attributes:
        name: The picture's file, for messages.
        latents_key: In the store of latents.
        text_key: In the store of text embeddings.
    """

    name: str
    latents_key: str
    text_key: str


@dataclass(frozen=True)
class Deck:
    """All there is to show.

    Attributes:
        examples: In the order of the data set.
        empty_text_key: Of the caption "", shown where dropout takes the caption away.
        latents: Mean and deviation by key.
        texts: Text embeddings by key.
    """

    examples: Sequence[Example]
    empty_text_key: str
    latents: TensorStore
    texts: TensorStore


def pick(seed: int, serial: int, n_examples: int) -> int:
    """Give the index of the example a serial number shows; every epoch shows each of them once."""
    epoch, place = divmod(serial, n_examples)
    return _order(seed, epoch, n_examples)[place]


def build_batch(
    deck: Deck, serials: Sequence[int], *, seed: int, schedule: NoiseSchedule, dropout: float = 0.0
) -> NoisedBatch:
    """Put together what the serial numbers show.

    Args:
        deck: All there is to show.
        serials: Numbers of the pictures, counted from the run's first.
        seed: Of the run.
        schedule: Says how many timesteps there are.
        dropout: Share of pictures whose caption is taken away, 0 to 1.
    """
    n_examples = len(deck.examples)
    examples = [deck.examples[pick(seed, serial, n_examples)] for serial in serials]
    return NoisedBatch(
        latents=torch.stack(
            [
                draw_latents(deck, example, derive_seed(seed, "latents", serial))
                for example, serial in zip(examples, serials, strict=True)
            ]
        ),
        noise=torch.stack(
            [
                draw_noise(deck, example, derive_seed(seed, "noise", serial))
                for example, serial in zip(examples, serials, strict=True)
            ]
        ),
        timesteps=torch.tensor(
            [derive_seed(seed, "timestep", serial) % schedule.n_timesteps for serial in serials]
        ),
        text=stack_conditions(
            [
                read_text(
                    deck.texts,
                    deck.empty_text_key if _is_dropped(seed, serial, dropout) else example.text_key,
                )
                for example, serial in zip(examples, serials, strict=True)
            ]
        ),
    )


def draw_latents(deck: Deck, example: Example, seed: int) -> Tensor:
    """Draw an example's latents from the Gaussian its picture was encoded to; (4, h, w)."""
    gaussian = deck.latents.read(example.latents_key)  # (2, 4, h, w)
    drawn: Tensor = gaussian[0] + gaussian[1] * _normal(gaussian.shape[1:], seed)
    return drawn


def draw_noise(deck: Deck, example: Example, seed: int) -> Tensor:
    """Draw noise of unit variance in the shape of an example's latents; (4, h, w)."""
    return _normal(deck.latents.read(example.latents_key).shape[1:], seed)


def _normal(shape: Sequence[int], seed: int) -> Tensor:
    # On the CPU whatever the device, so that a seed means the same everywhere.
    return torch.randn(tuple(shape), generator=torch.Generator("cpu").manual_seed(seed))


def _is_dropped(seed: int, serial: int, dropout: float) -> bool:
    return derive_seed(seed, "dropout", serial) < dropout * MAX_SEED


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, n_examples: int) -> tuple[int, ...]:
    # Sorting by hash depends on no library's shuffle, which may change between versions.
    return tuple(sorted(range(n_examples), key=lambda n: derive_seed(seed, "order", epoch, n)))
