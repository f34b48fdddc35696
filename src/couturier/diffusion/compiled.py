"""A UNet's steps compiled: small operations joined into few, for a wait at the first step.

Norms, activations and additions take most of a small step on a processor, and the time between
operations on an accelerator. torch.compile writes one kernel for many of them.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from couturier.errors import DeviceError

_COMPILERS = ("c++", "g++", "clang++", "cl")


class Doubled(nn.Module):
    """Twice the size by repeating every value, then the base's own convolution.

    diffusers' block interpolates. In the backward pass that torch.compile makes of a whole UNet,
    what lies below an interpolation got no gradient, or a wrong one (torch 2.13, CPU); repeated
    values compile right.

    Attributes:
        conv: The block's convolution, under the name it had, adapters and all.
    """

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(
        self, x: Tensor, output_size: tuple[int, int] | None = None, *_: object, **__: object
    ) -> Tensor:
        """Double height and width, less a row or column where `output_size` has fewer."""
        batch, channels, height, width = x.shape
        spread = x[:, :, :, None, :, None].expand(batch, channels, height, 2, width, 2)
        doubled = spread.reshape(batch, channels, 2 * height, 2 * width)
        if output_size is not None:
            doubled = doubled[:, :, : output_size[0], : output_size[1]]
        made: Tensor = self.conv(doubled)
        return made


def require_compiler(device: str) -> None:
    """Check that torch.compile has what it compiles with.

    Raises:
        DeviceError: no C++ compiler for a processor, no triton for an accelerator, or a device
            that torch compiles nothing for.
    """
    if device == "cuda" and importlib.util.find_spec("triton") is None:
        raise DeviceError(
            "train.compile: torch compiles for cuda with triton, which is not installed",
            fix="pip install triton, or set train.compile=false",
        )
    if device == "mps":
        raise DeviceError(
            "train.compile: is for cuda and cpu, and this run is on mps",
            fix="set train.compile=false, or train.device=cpu",
        )
    named = [os.environ["CXX"]] if os.environ.get("CXX") else _COMPILERS
    if device == "cpu" and not any(shutil.which(name) for name in named):
        raise DeviceError(
            f"train.compile: no C++ compiler is here (looked for {', '.join(named)})",
            fix="install one (Debian: apt install g++; macOS: xcode-select --install), or set "
            "train.compile=false",
        )


def compile_unet(unet: UNet2DConditionModel) -> None:
    """Compile a UNet in place; names and values of its weights stay.

    Compiling itself waits for the first pass of each shape.
    """
    for block in unet.up_blocks:
        for place, upsampler in enumerate(block.upsamplers or ()):
            block.upsamplers[place] = Doubled(upsampler.conv)
    unet.compile()


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run what was compiled as it was written: for passes too few to be worth compiling for."""
    stance: Any = torch.compiler.set_stance
    with stance("force_eager"):
        yield
