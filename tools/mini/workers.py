"""Several processes on one training step: gradients are averaged once a step."""

from __future__ import annotations

import os

import torch
import torch.distributed
from torch import nn


def join_workers() -> tuple[int, int]:
    """Join the processes that torchrun started; gives this one's number and how many there are."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1:
        torch.distributed.init_process_group("gloo")
        return torch.distributed.get_rank(), size
    return 0, 1


def share_gradients(module: nn.Module, size: int) -> None:
    """Replace each worker's gradients by the mean over all workers, in one message."""
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= size
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
