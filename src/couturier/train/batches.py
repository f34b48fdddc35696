"""Which pictures a step shows, under which noise: a function of seed and count, with no state.

Every picture shown has a serial number, counted from the run's first. Order, noise, timestep and
caption dropout follow from seed and serial alone. So a resumed run needs no saved random state,
and neither the batch size nor the number of processes changes what a serial number shows. Only
where pictures have several shapes does the batch size matter: a batch holds one shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from couturier.diffusion.conditions import stack_conditions
from couturier.diffusion.loss import NoisedBatch
from couturier.diffusion.schedule import NoiseSchedule
from couturier.seeds import MAX_SEED, derive_seed
from couturier.train.cache import read_text
from couturier.train.scenes import Scene, read_weights, read_words
from couturier.train.store import TensorStore


@dataclass(frozen=True)
class Example:
    """One picture with its caption, as the caches hold them.

    Attributes:
        name: The picture's file, for messages.
        latents_key: In the store of latents.
        text_key: In the store of text embeddings.
        shape: Width and height in pixels it is shown in.
        scene: Where its garments are, where the loss wants to know.
    """

    name: str
    latents_key: str
    text_key: str
    shape: tuple[int, int] = (0, 0)
    scene: Scene | None = None


@dataclass(frozen=True)
class Deck:
    """All there is to show.

    Attributes:
        examples: In the order of the data set.
        empty_text_key: Of the caption "", shown where dropout takes the caption away.
        latents: Mean and deviation by key.
        texts: Text embeddings by key.
        labels: The segmenter's label maps by key.
        batch_size: Pictures a batch, of all processes together.
    """

    examples: Sequence[Example]
    empty_text_key: str
    latents: TensorStore
    texts: TensorStore
    labels: TensorStore | None = None
    batch_size: int = 1

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Give the examples of each shape, by index."""
        by_shape: dict[tuple[int, int], list[int]] = {}
        for number, example in enumerate(self.examples):
            by_shape.setdefault(example.shape, []).append(number)
        return tuple(tuple(by_shape[shape]) for shape in sorted(by_shape))


@dataclass(frozen=True)
class Noising:
    """How examples are shown.

    Attributes:
        seed: Of the run.
        schedule: Says how many timesteps there are.
        dropout: Share of pictures whose caption is taken away, 0 to 1.
        offset: Share of noise that is one value a channel.
        background_weight: What a place outside all garments counts for, 0 to 1.
        words: Whether to tell which words speak of which places.
        name: Of the stream of random numbers; another name, other numbers.
    """

    seed: int
    schedule: NoiseSchedule
    dropout: float = 0.0
    offset: float = 0.0
    background_weight: float = 1.0
    words: bool = False
    name: str = ""

    def derive(self, what: str, serial: int) -> int:
        """Mix the seed of one draw."""
        return derive_seed(self.seed, f"{self.name}{what}", serial)


def pick(deck: Deck, serial: int, *, seed: int) -> int:
    """Give the index of the example a serial number shows; every epoch shows each of them.

    With several shapes the last batch of a shape is filled up from its first examples.
    """
    groups = deck.groups
    if len(groups) == 1:
        epoch, place = divmod(serial, len(deck.examples))
        return _order(seed, epoch, groups[0])[place]
    number, place = divmod(serial, deck.batch_size)
    n_batches = sum(-(-len(group) // deck.batch_size) for group in groups)
    epoch, number = divmod(number, n_batches)
    return _batches(seed, epoch, groups, deck.batch_size)[number][place]


def build_batch(deck: Deck, serials: Sequence[int], how: Noising) -> NoisedBatch:
    """Put together what the serial numbers show.

    Args:
        deck: All there is to show.
        serials: Numbers of the pictures, counted from the run's first.
        how: How they are shown.
    """
    chosen = [(deck.examples[pick(deck, n, seed=how.seed)], n) for n in serials]
    dropped = [_is_dropped(how, serial) for _, serial in chosen]
    latents = [draw_latents(deck, one, how.derive("latents", n)) for one, n in chosen]
    noise = [draw_noise(deck, one, how.derive("noise", n)) for one, n in chosen]
    if how.offset:
        for one, (_, n) in zip(noise, chosen, strict=True):
            one += how.offset * _normal((one.shape[0], 1, 1), how.derive("offset", n))
    texts = [
        read_text(deck.texts, deck.empty_text_key if is_dropped else example.text_key)
        for (example, _), is_dropped in zip(chosen, dropped, strict=True)
    ]
    scenes = [example.scene for example, _ in chosen]
    cells = latents[0].shape[-2:]
    return NoisedBatch(
        latents=torch.stack(latents),
        noise=torch.stack(noise),
        timesteps=torch.tensor(
            [how.derive("timestep", n) % how.schedule.n_timesteps for _, n in chosen]
        ),
        text=stack_conditions(texts),
        weights=read_weights(deck.labels, scenes, cells, how.background_weight),
        words=read_words(deck.labels, scenes, cells, dropped=dropped) if how.words else None,
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


def _is_dropped(how: Noising, serial: int) -> bool:
    return how.derive("dropout", serial) < how.dropout * MAX_SEED


@lru_cache(maxsize=64)
def _order(seed: int, epoch: int, group: tuple[int, ...]) -> tuple[int, ...]:
    # Sorting by hash depends on no library's shuffle, which may change between versions.
    return tuple(sorted(group, key=lambda n: derive_seed(seed, "order", epoch, n)))


@lru_cache(maxsize=2)
def _batches(
    seed: int, epoch: int, groups: tuple[tuple[int, ...], ...], size: int
) -> tuple[tuple[int, ...], ...]:
    batches = []
    for group in groups:
        order = _order(seed, epoch, group)
        filled = order * (-(-size // len(order)) + 1)  # longer than any last batch needs
        batches += [filled[start : start + size] for start in range(0, len(order), size)]
    keys = [derive_seed(seed, "batch", epoch, number) for number in range(len(batches))]
    return tuple(batch for _, batch in sorted(zip(keys, batches, strict=True)))
