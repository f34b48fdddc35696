"""Shortcuts that draw faster at some cost in likeness; each is a switch that is recorded.

- Inner blocks of the UNet change little from one step to the next: on two of three steps their
  last output is taken again and only the outermost blocks are computed (DeepCache's idea, Ma et
  al. 2023, arXiv:2312.00858, at whole blocks).
- Classifier-free guidance is left out of the last part of the steps, which halves their cost
  (Kynkäänniemi et al. 2024, arXiv:2404.07724).
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

GUIDED_TENSORS = ("prompt_embeds", "add_text_embeds", "add_time_ids")


@dataclass(frozen=True)
class Shortcut:
    """How much is left out; the values were chosen on mini (docs/log.md).

    Attributes:
        warm_share: Share of the steps at the beginning that are computed in full.
        interval: After them, one step in so many is.
        guided_share: Share of the steps with classifier-free guidance.
    """

    warm_share: float = 0.2
    interval: int = 3
    guided_share: float = 0.6


class InnerBlocks:
    """A UNet's inner blocks, whose last outputs can be taken again."""

    def __init__(self, unet: Any) -> None:
        self._reuse = False
        self._outputs: dict[str, Any] = {}
        self._blocks = {f"down {n}": b for n, b in enumerate(unet.down_blocks) if n > 0}
        self._blocks["middle"] = unet.mid_block
        self._blocks |= {f"up {n}": b for n, b in enumerate(unet.up_blocks[:-1])}

    @contextmanager
    def watched(self) -> Iterator["InnerBlocks"]:
        """Keep outputs inside; afterwards the UNet is as it was."""
        for name, block in self._blocks.items():
            block.forward = functools.partial(self._run, name, block.forward)
        try:
            yield self
        finally:
            for block in self._blocks.values():
                del block.forward
            self._outputs = {}

    def choose(self, step: int, n_steps: int, shortcut: Shortcut) -> None:
        """Choose how the step with this number, from 0, is computed."""
        warm = max(round(shortcut.warm_share * n_steps), 1)
        self._reuse = step > warm and (step - warm) % shortcut.interval != 0

    def halve(self) -> None:
        """Go on with the half of every output that was made with the sentence."""
        self._outputs = {name: _halve(output) for name, output in self._outputs.items()}

    def _run(self, name: str, forward: Any, *inputs: Any, **options: Any) -> Any:
        if torch.is_grad_enabled():  # attention guidance looks by itself, at half the batch
            return forward(*inputs, **options)
        if self._reuse and name in self._outputs:
            return self._outputs[name]
        self._outputs[name] = forward(*inputs, **options)
        return self._outputs[name]


def end_guidance(pipeline: Any, kept: dict[str, Any]) -> None:
    """Go on without classifier-free guidance: the half without the sentence is left out.

    Args:
        pipeline: In the middle of its steps.
        kept: What its callback may change; the conditions in it lose their first half.
    """
    pipeline._guidance_scale = 1.0  # diffusers reads it anew at every step
    for name in GUIDED_TENSORS:
        if name in kept:
            kept[name] = _halve(kept[name])


def _halve(output: Any) -> Any:
    if isinstance(output, tuple):
        return tuple(_halve(one) for one in output)
    return output[output.shape[0] // 2 :]
