"""Matrix products of rows with frozen weights, alone and with an adapter beside them.

torch hands products in float32 to MKL, which on AMD runs at half of what oneDNN does (95 against
215 GFLOP/s a core, Zen 5). On Intel MKL is a tenth faster, but rounds a row otherwise among few
rows than among many, and then two processes do not give the weights of one. peft computes
W x + s B (A x) as five passes over the activation, of which autograd keeps most; here it is one
step. r: rank. s: alpha / r.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

_MKLDNN: Any = torch.backends.mkldnn
# Elsewhere the library's own kernels are the fast ones. "meta": what a processor would do, counted.
QUICKENED = ("cpu", "meta")
_ALIGNED = 8  # halves a GPU loads at once


def multiply(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give rows (n, inputs) times weight (outputs, inputs), transposed, plus bias; (n, outputs)."""
    if not torch.compiler.is_compiling() and _has_onednn(rows):  # compilers choose for themselves
        made: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
        return made
    return nn.functional.linear(rows, weight, bias)


def _has_onednn(rows: Tensor) -> bool:
    return (
        rows.device.type == "cpu"
        and rows.dtype in (torch.float32, torch.bfloat16)
        and rows.numel() > 0
        and bool(_MKLDNN.is_available())
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


class _AdaptedProduct(torch.autograd.Function):
    """W x + b + s B (A x), with gradients for x, A and B alone."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        rows, rank = x.reshape(-1, x.shape[-1]), len(a)  # (n, inputs)
        a, b = _align(a.to(rows.dtype), b.to(rows.dtype))
        inner = multiply(rows, a)  # (n, r), r as aligned from here on
        out = multiply(rows, weight, bias).addmm_(inner, b.t(), alpha=scale)  # (n, outputs)
        ctx.save_for_backward(rows, inner, weight, a, b)
        ctx.scale, ctx.shape, ctx.rank = scale, x.shape, rank
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        rows, inner, weight, a, b = ctx.saved_tensors
        out = gradients[0].reshape(-1, weight.shape[0])
        back = multiply(out, b.t()).mul_(ctx.scale)  # (n, r)
        for_x = None
        if ctx.needs_input_grad[0]:
            for_x = multiply(out, weight.t()).addmm_(back, a).view(ctx.shape)
        for_a, for_b = back.t() @ rows, (out.t() @ inner).mul_(ctx.scale)
        rank = ctx.rank
        return for_x, None, None, for_a[:rank].float(), for_b[:, :rank].float(), None


def _align(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Fill matrices of a small rank up with zeros: a GPU's fast kernels want multiples of 8."""
    lacking = -len(a) % _ALIGNED if a.device.type == "cuda" else 0
    if not lacking:
        return a, b
    return nn.functional.pad(a, (0, 0, 0, lacking)), nn.functional.pad(b, (0, lacking))


class _FrozenProduct(torch.autograd.Function):
    """W x + b with a gradient for x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape = x.shape
        made = multiply(x.reshape(-1, x.shape[-1]), weight, bias)
        return made.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (weight,) = ctx.saved_tensors
        out = gradients[0].reshape(-1, weight.shape[0])
        return multiply(out, weight.t()).view(ctx.shape), None, None


class _FrozenConvolution(torch.autograd.Function):
    """A convolution by a frozen layer, with a gradient for its input alone, which is not kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: nn.Conv2d) -> Tensor:
        ctx.layer, ctx.shape = layer, x.shape
        return type(layer).forward(layer, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        layer, out = ctx.layer, gradients[0]
        back: Tensor = conv2d_input(  # type: ignore[no-untyped-call]
            ctx.shape,
            layer.weight,
            out,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
        return back, None


ADAPT: Any = _AdaptedProduct.apply
CONVOLVE: Any = _FrozenConvolution.apply
FREEZE: Any = _FrozenProduct.apply
