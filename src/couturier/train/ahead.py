"""Batches put together while a device computes: what a step shows is known before it comes."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from couturier.diffusion.loss import NoisedBatch
from couturier.train.batches import Deck, Noising, build_batch

_Key = tuple[int, tuple[int, ...], str]


class Ahead:
    """Gives batches; those that were announced are ready or being made, the others are made now.

    A batch is a function of deck, serial numbers and noising alone, so announcing changes nothing
    but the time: 48 pictures' latents and noise take a processor longer than launching a step on a
    GPU. On a processor nothing is made ahead: it would take the time from the step itself.
    """

    def __init__(self, device: str) -> None:
        self._pool = ThreadPoolExecutor(1, "batches") if device != "cpu" else None
        self._waiting: dict[_Key, Future[NoisedBatch]] = {}

    def announce(self, deck: Deck, serials: Sequence[int], how: Noising) -> None:
        """Begin to put a batch together."""
        if self._pool is not None:
            key = _name(deck, serials, how)
            self._waiting[key] = self._pool.submit(build_batch, deck, serials, how)

    def take(self, deck: Deck, serials: Sequence[int], how: Noising) -> NoisedBatch:
        """Give a batch, announced or not."""
        made = self._waiting.pop(_name(deck, serials, how), None)
        return made.result() if made is not None else build_batch(deck, serials, how)


def _name(deck: Deck, serials: Sequence[int], how: Noising) -> _Key:
    return id(deck), tuple(serials), how.name
