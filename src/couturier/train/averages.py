"""Averages of the trained weights: what is looked at and saved in place of the last step's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class Average:
    """A running mean of parameters, float32, beside them.

    The share of the old is min(decay, (1 + step) / (10 + step)), so that the mean of a short run
    is no memory of its start; it depends on the step alone.

    Attributes:
        tensors: The mean, by the parameters' names.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self.tensors = {name: one.detach().clone() for name, one in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the parameters in as they are after `step` steps."""
        share = 1.0 - min(self._decay, (1 + step) / (10 + step))
        for name, parameter in self._parameters.items():
            self.tensors[name].lerp_(parameter, share)

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a saved mean back."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])


@contextmanager
def show_average(
    parameters: Mapping[str, nn.Parameter], average: Average | None, optimizer: Any
) -> Iterator[None]:
    """Put the averaged weights in place of the parameters for a while.

    The parameters come back bit for bit, so that looking changes nothing of the training.

    Args:
        parameters: What is trained, by name.
        average: Its running mean, or None.
        optimizer: One that averages by itself (schedule-free) is asked for its mean.
    """
    averages_itself = hasattr(optimizer, "train") and hasattr(optimizer, "eval")
    if average is None and not averages_itself:
        yield
        return
    with torch.no_grad():
        kept = {name: one.detach().clone() for name, one in parameters.items()}
        if average is not None:
            for name, one in parameters.items():
                one.copy_(average.tensors[name])
        else:
            optimizer.eval()
    try:
        yield
    finally:
        with torch.no_grad():
            if averages_itself and average is None:
                optimizer.train()
            for name, one in parameters.items():
                one.copy_(kept[name])
