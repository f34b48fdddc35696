"""A UNet's pass compiled: torch's compiler melts what lies between products into few loops.

On mini in bfloat16 a step takes three quarters of the time; the first waits for the compiler.
diffusers doubles sizes by interpolating, and torch 2.13 compiles that one's way back wrongly on a
processor: all below the innermost size gets no gradient. Repeating every value is the same
function and compiles rightly; tests hold all gradients against those of the plain pass.
"""

import importlib.util
import os
import shutil
import sys
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.denoiser import Denoiser
from couturier.diffusion.heads import finish_look, split_heads
from couturier.diffusion.word_loss import WordWatch
from couturier.errors import DeviceError

_REMEDY = "leave train.compile out"
_LONGEST_FAULT = 200
_MANY_LOOKS = 1 << 20  # places times words of one head: more would be too much memory
# What torch's compiler calls where CXX names nothing else.
_COMPILERS = {"darwin": "clang++", "win32": "cl"}


def require_compiler(device: str) -> None:
    """Check that torch finds what it compiles with, before any weights load.

    Raises:
        DeviceError: it does not.
    """
    name = os.environ.get("CXX") or _COMPILERS.get(sys.platform, "g++")
    if device == "cpu" and shutil.which(name) is None:
        raise DeviceError(
            f"train.compile: there is no C++ compiler {name}",
            fix=f"install one (Debian: apt-get install g++) or name one in CXX; or {_REMEDY}",
        )
    if device == "cuda" and importlib.util.find_spec("triton") is None:
        raise DeviceError(
            "train.compile: triton is not installed", fix=f"pip install triton, or {_REMEDY}"
        )
    if device == "mps":
        raise DeviceError("train.compile: nothing is compiled for mps", fix=_REMEDY)


def double_by_repeating(unet: nn.Module) -> None:
    """Let a UNet double sizes by repeating values, in place: same answers, compiled rightly."""
    for module in unet.modules():
        if isinstance(module, Upsample2D):
            module.forward = _Doubled(module)


class CompiledDenoiser:
    """A denoiser whose UNet answers by compiled code; asked like the denoiser itself.

    Made for batches of one shape: each other shape is compiled anew. The text encoders, and
    whoever asks the denoiser itself, compute as ever.
    """

    def __init__(self, denoiser: Denoiser, watch: WordWatch | None) -> None:
        self._denoiser = denoiser
        self._watch = watch
        self.lowers_itself = denoiser.lowers_itself
        self._order = torch.contiguous_format
        if any(weight.device.type == "cuda" for weight in denoiser.unet.parameters()):
            self._order = torch.channels_last  # convolutions there have no fast kernel for planes
            denoiser.unet.to(memory_format=self._order)
        double_by_repeating(denoiser.unet)
        denoiser.unet.set_attn_processor(
            {
                name: _InSteps(own) if type(own) is AttnProcessor2_0 else own
                for name, own in denoiser.unet.attn_processors.items()
            }
        )
        self._compute = torch.compile(self._trace, dynamic=False, fullgraph=True)

    def __call__(self, noised: Tensor, timesteps: Tensor, text: TextCondition) -> Tensor:
        """Predict as `Denoiser.forward` does.

        Raises:
            DeviceError: the compiler failed.
        """
        noised = noised.contiguous(memory_format=self._order)
        answer: Tensor = self._denoiser(noised, timesteps, text, unet=self._answer)
        return answer

    def _answer(self, *inputs: Any, **named: Any) -> tuple[Tensor]:
        try:
            answer, kept = self._compute(*inputs, **named)
        except torch._dynamo.exc.TorchDynamoException as fault:
            said = " ".join(str(fault).split())[:_LONGEST_FAULT]
            raise DeviceError(f"train.compile: the compiler failed: {said}", fix=_REMEDY) from fault
        if self._watch is not None:
            self._watch.kept = list(kept)
        return (answer,)

    def _trace(self, *inputs: Any, **named: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Give the answer, and with it what the watch kept: aside, it has no gradient."""
        answer = self._denoiser.unet(*inputs, **named)[0]
        if self._watch is None:
            return answer, ()
        kept = tuple(self._watch.kept)
        self._watch.kept.clear()
        return answer, kept


class _InSteps:
    """Attention in plain steps where that is fast: few looks, in bfloat16, on a processor.

    The fused kernel's way back takes four times as long there as in float32; see fused.py.
    """

    def __init__(self, own: AttnProcessor2_0) -> None:
        self._own = own

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **named: Any,
    ) -> Tensor:
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        n_looks = hidden_states.shape[1] * source.shape[1]
        is_slow = hidden_states.device.type == "cpu" and hidden_states.dtype is torch.bfloat16
        if not is_slow or n_looks > _MANY_LOOKS or attention_mask is not None:
            plain: Tensor = self._own(
                attn, hidden_states, encoder_hidden_states, attention_mask, **named
            )
            return plain
        query, key, value = split_heads(attn, hidden_states, source)
        share = (query * attn.scale @ key.transpose(-1, -2)).softmax(-1)
        return finish_look(attn, share, value)


class _Doubled:
    """Forward of a step to twice the size, by repeating values."""

    def __init__(self, block: Upsample2D) -> None:
        self._block = block

    def __call__(
        self, hidden: Tensor, output_size: tuple[int, int] | None = None, *_: Any, **__: Any
    ) -> Tensor:
        n, channels, height, width = hidden.shape
        spread = hidden[:, :, :, None, :, None].expand(n, channels, height, 2, width, 2)
        doubled = spread.reshape(n, channels, 2 * height, 2 * width)
        if output_size is not None:  # one less where the side was odd
            doubled = doubled[:, :, : output_size[0], : output_size[1]]
        made: Tensor = self._block.conv(doubled)
        return made
