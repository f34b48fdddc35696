"""Processes that train together: who takes which pictures, and their gradients added up.

A step's pictures are dealt out by serial number, so that the pictures of all processes together
are those of one process, whatever their number. `accelerate launch` and `torchrun` say by
environment variables which process this is; so does `couturier train --processes N`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor

from couturier.diffusion.device import Placement
from couturier.errors import TrainingError

T = TypeVar("T")
# While the first process draws samples the others wait for its gradients.
_LONGEST_WAIT = timedelta(hours=4)


@dataclass(frozen=True)
class Crew:
    """The processes of a run.

    Attributes:
        rank: Which of them this is, from 0.
        size: How many there are.
        device: What this one computes on, as torch names it.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        """Say whether this process writes the run folder."""
        return self.rank == 0

    def share(self, everything: Sequence[T]) -> Sequence[T]:
        """Give this process's part of a list; the parts of all are the whole."""
        return everything[self.rank :: self.size]

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            with _told_plainly():
                dist.barrier()

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace float32 tensors by their sums over all processes, in one exchange."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _told_plainly():
            dist.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def collect(self, values: list[T]) -> list[T]:
        """Put the lists of all processes together, in the order of their ranks."""
        if self.size == 1:
            return values
        gathered: list[Any] = [None] * self.size
        with _told_plainly():
            dist.all_gather_object(gathered, values)
        return [value for part in gathered for value in part]


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Say in our own words that another process is gone: torch says it in thirty lines."""
    try:
        yield
    except RuntimeError as fault:
        raise TrainingError(
            "another process of this run is gone, so this one cannot go on",
            fix="look at what the others said; go on at the last checkpoint with --resume, on any "
            "number of processes",
        ) from fault


def read_rank() -> int:
    """Tell which process this is without loading anything: 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


def open_crew(placement: Placement) -> Crew:
    """Meet the other processes, if there are any."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Crew(device=placement.device)
    if not dist.is_initialized():
        PartialState(cpu=placement.device == "cpu", timeout=_LONGEST_WAIT)
    return Crew(rank=dist.get_rank(), size=dist.get_world_size(), device=placement.device)
