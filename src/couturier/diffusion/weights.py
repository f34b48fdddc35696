"""A network's weights read from their file in stretches, so that they are held once and no more.

A file that is mapped into memory counts as held until it is closed, and what is read from it is
copied where the number format changes: SD 1.4's UNet in float32, from a file in half precision,
takes 5.2 GB on the way to 3.4 (`benchmarks.training --base full`).
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

_STRETCH_BYTES = 256 << 20


def read_weights(network: nn.Module, file: Path, *, dtype: torch.dtype) -> None:
    """Give a network on "meta" its weights, in place, on the processor.

    Args:
        network: Made without weights.
        file: Of safetensors, with its weights by name; others in it are passed by.
        dtype: To hold them in.

    Raises:
        ValueError: the file lacks a weight of the network, or one has another shape.
        SafetensorError: the file is damaged.
    """
    weights = network.state_dict()
    waiting = {name: weight.numel() * dtype.itemsize for name, weight in weights.items()}
    while waiting:
        network.load_state_dict(_read_stretch(file, waiting, dtype), strict=False, assign=True)


def _read_stretch(
    file: Path, waiting: dict[str, int], dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Read the next weights that are waited for, and wait for them no more."""
    read: dict[str, torch.Tensor] = {}
    with safe_open(file, framework="pt", device="cpu") as opened:
        present = set(opened.keys())
        n_bytes = 0
        for name, size in list(waiting.items()):
            if name not in present:
                raise ValueError(f"{file.name} lacks {name}")
            if read and n_bytes + size > _STRETCH_BYTES:
                break
            read[name] = opened.get_tensor(name).to(dtype, copy=True)
            n_bytes += waiting.pop(name)
    return read
