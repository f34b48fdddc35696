"""Adapters with strong random weights on tiny bases, as training might have left them."""

import torch

from couturier.diffusion.adapters.training import AdapterPlan, add_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import BaseParts, load_parts

CPU = choose_placement("cpu", "fp32")


def make_adapted(base, plan: AdapterPlan, *, disturb: float = 0.1) -> BaseParts:
    """Load a base and put adapters beside it whose matrices are all random."""
    parts = load_parts(str(base), CPU)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for group in add_adapters(parts.denoiser, plan, seed=3).values():
            for parameter in group:
                parameter += disturb * torch.randn(parameter.shape, generator=generator)
    return parts
