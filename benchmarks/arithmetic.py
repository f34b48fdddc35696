"""What `diffusion/fast.py` gains: single operations, then whole UNet steps with and without it.

    python -m benchmarks.arithmetic [--unet mini|full] [--turns 5] [--threads 1]

Computing time of the process, medians, both ways in turns: what else runs changes little.
"""

import argparse
import time
from collections.abc import Callable

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from torch import nn

from couturier.diffusion.fast import quicken
from couturier.diffusion.products import multiply
from couturier.mini.locate import find_mini

_TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]
_PRODUCTS = ((2048, 64, 512), (512, 96, 96), (1024, 320, 2560), (64, 1280, 1280))  # n, in, out
_CONVOLUTIONS = ((8, 64, 16), (1, 320, 32), (1, 640, 16), (1, 1280, 8), (1, 1280, 4))


def take_median(call: Callable[[], object], turns: int) -> float:
    """Give the median computing time of some calls after a first one."""
    call()
    seconds = []
    for _ in range(turns):
        begun = time.process_time()
        call()
        seconds.append(time.process_time() - begun)
    return sorted(seconds)[turns // 2]


def compare_operations(turns: int) -> None:
    """Print GFLOP/s of products by torch and by ours, and of convolutions."""
    print("| product (rows, inputs, outputs) | torch GFLOP/s | multiply GFLOP/s |\n|---|---|---|")
    for n, inside, outside in _PRODUCTS:
        rows, weight = torch.randn(n, inside), torch.randn(outside, inside)
        work = 2e-9 * n * inside * outside
        plain = work / take_median(lambda r=rows, w=weight: nn.functional.linear(r, w), turns)
        ours = work / take_median(lambda r=rows, w=weight: multiply(r, w), turns)
        print(f"| {n}, {inside}, {outside} | {plain:.0f} | {ours:.0f} |")
    print("| convolution 3 x 3 (batch, channels, side) | torch | as columns |\n|---|---|---|")
    for batch, channels, side in _CONVOLUTIONS:
        picture = torch.randn(batch, channels, side, side)
        kernel = torch.randn(channels, channels, 3, 3)
        work = 2e-9 * batch * channels**2 * 9 * side**2
        plain = work / take_median(lambda p=picture, k=kernel: _convolve(p, k), turns)
        ours = work / take_median(lambda p=picture, k=kernel: _multiply_columns(p, k), turns)
        print(f"| {batch}, {channels}, {side} | {plain:.0f} | {ours:.0f} |")


def _convolve(picture: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return nn.functional.conv2d(picture, kernel, padding=1)


def _multiply_columns(picture: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    rows = nn.functional.unfold(picture, 3, padding=1).transpose(1, 2).flatten(0, 1)
    return multiply(rows, kernel.flatten(1))


def compare_steps(name: str, turns: int) -> None:
    """Print the time of forward and backward with and without the faster arithmetic."""
    unet = _load(name)
    batch, side = (8, 16) if name == "mini" else (1, 32)
    config = unet.config
    noised = torch.randn(batch, config.in_channels, side, side)
    states = torch.randn(batch, 77, config.cross_attention_dim)
    moment = torch.full((batch,), 300)

    def step() -> None:
        unet.zero_grad()
        unet(noised, moment, states, return_dict=False)[0].square().mean().backward()

    seconds: dict[str, list[float]] = {"as the libraries do": [], "quickened": []}
    for turn in range(turns + 1):
        for way, times in seconds.items():
            for module in unet.modules():
                module.__dict__.pop("forward", None)
            if way == "quickened":
                quicken(unet)
            begun = time.process_time()
            step()
            if turn:  # the first one warms up
                times.append(time.process_time() - begun)
    for way, times in seconds.items():
        print(f"{name}, batch {batch}: {way} {sorted(times)[len(times) // 2]:.3f} s a step")


def _load(name: str) -> UNet2DConditionModel:
    if name == "mini":
        unet = UNet2DConditionModel.from_pretrained(find_mini() / "unet")
    else:
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=_TARGETS))
    return unet


def main() -> None:
    """Compare both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unet", choices=["mini", "full"], default="mini")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    compare_operations(chosen.turns)
    compare_steps(chosen.unet, chosen.turns)


if __name__ == "__main__":
    main()
