"""Faster arithmetic for a frozen network with adapters: the same function, fewer passes.

Three things cost a training step on a processor more than they must. torch hands matrix products
in float32 to MKL, which on AMD runs at half of what oneDNN does (95 against 215 GFLOP/s a core,
Zen 5). oneDNN reorders a convolution's weights at every call, which for 1280 channels on 8 x 8
cells takes four times as long as the products. And peft computes W x + s B (A x) as five passes
over the activation, of which autograd keeps most. r: rank. s: alpha / r.
"""

from collections.abc import Callable
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import Tensor, nn

# Measured on one core: above so many weights and below so many cells, columns beat reordering.
_HEAVY_WEIGHTS = 1 << 21
_FEW_CELLS = 128
_MKLDNN: Any = torch.backends.mkldnn


def quicken(network: nn.Module) -> int:
    """Give the frozen and plainly adapted layers of `network` faster arithmetic, in place.

    Layers of other kinds (DoRA, adapters on convolutions, dropout, several adapters at once) keep
    peft's own way; what they wrap is quickened all the same.

    Returns:
        How many layers were changed.
    """
    count = 0
    for module in network.modules():
        forward = _choose_forward(module)
        if forward is not None:
            module.forward = forward
            count += 1
    return count


def multiply(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give rows (n, inputs) times weight (outputs, inputs), transposed, plus bias; (n, outputs)."""
    if _has_onednn(rows):
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


def _choose_forward(module: nn.Module) -> Callable[..., Tensor] | None:
    if isinstance(module, LoraLinear):
        return _Adapted(module) if _is_plain(module) else None
    weight = getattr(module, "weight", None)
    if weight is None or weight.requires_grad or weight.device.type != "cpu":
        return None  # elsewhere the library's own kernels are the fast ones
    if type(module) is nn.Linear:
        return _Frozen(module)
    if type(module) is nn.Conv2d and _is_dense(module):
        if module.kernel_size == (1, 1) and module.padding == (0, 0):
            return _Pointwise(module)
        if module.kernel_size == (3, 3) and module.padding == (1, 1):
            return _Columns(module) if weight.numel() >= _HEAVY_WEIGHTS else None
    return None


def _is_dense(conv: nn.Conv2d) -> bool:
    simple = conv.stride == (1, 1) and conv.dilation == (1, 1) and conv.padding_mode == "zeros"
    return simple and conv.groups == 1


def _is_plain(layer: Any) -> bool:
    names = layer.active_adapters
    if len(names) != 1 or type(layer.base_layer) is not nn.Linear or layer.lora_variant:
        return False
    (name,) = names
    return (
        isinstance(layer.lora_dropout[name], nn.Identity)
        and layer.lora_A[name].bias is None
        and layer.lora_B[name].bias is None
    )


class _AdaptedProduct(torch.autograd.Function):
    """W x + b + s B (A x), with gradients for x, A and B alone."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])  # (n, inputs)
        a, b = a.to(rows.dtype), b.to(rows.dtype)
        inner = multiply(rows, a)  # (n, r)
        out = multiply(rows, weight, bias).addmm_(inner, b.t(), alpha=scale)  # (n, outputs)
        ctx.save_for_backward(rows, inner, weight, a, b)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        rows, inner, weight, a, b = ctx.saved_tensors
        out = gradients[0].reshape(-1, weight.shape[0])
        back = multiply(out, b.t()).mul_(ctx.scale)  # (n, r)
        for_x = None
        if ctx.needs_input_grad[0]:
            for_x = multiply(out, weight.t()).addmm_(back, a).view(ctx.shape)
        for_b = (out.t() @ inner).mul_(ctx.scale)
        return for_x, None, None, (back.t() @ rows).float(), for_b.float(), None


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


_ADAPT: Any = _AdaptedProduct.apply
_FREEZE: Any = _FrozenProduct.apply


class _Adapted:
    """Forward of a plain LoRA layer; holds the layer, so that its own parameters are trained."""

    def __init__(self, layer: Any) -> None:
        (self._name,) = layer.active_adapters
        self._layer = layer

    def __call__(self, x: Tensor, *arguments: Any, **named: Any) -> Tensor:
        layer, name = self._layer, self._name
        if layer.disable_adapters or layer.merged or layer.active_adapters != [name]:
            plain: Tensor = type(layer).forward(layer, x, *arguments, **named)
            return plain
        base = layer.base_layer
        made: Tensor = _ADAPT(
            x.to(base.weight.dtype),
            base.weight,
            base.bias,
            layer.lora_A[name].weight,
            layer.lora_B[name].weight,
            layer.scaling[name],
        )
        return made


class _Frozen:
    """Forward of a frozen linear layer."""

    def __init__(self, layer: nn.Linear) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        made: Tensor = _FREEZE(x.to(layer.weight.dtype), layer.weight, layer.bias)
        return made


class _Pointwise:
    """Forward of a frozen 1 x 1 convolution: a linear layer over channels."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        rows = x.to(layer.weight.dtype).permute(0, 2, 3, 1)  # (batch, h, w, inputs)
        made: Tensor = _FREEZE(rows, layer.weight.flatten(1), layer.bias)
        return made.permute(0, 3, 1, 2)


class _Columns:
    """Forward of a frozen 3 x 3 convolution with many weights, on few cells as one product."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        batch, _, height, width = x.shape
        if batch * height * width > _FEW_CELLS:
            return type(layer).forward(layer, x)
        columns = nn.functional.unfold(x.to(layer.weight.dtype), 3, padding=1)
        rows = columns.transpose(1, 2)  # (batch, h * w, inputs * 9)
        made: Tensor = _FREEZE(rows, layer.weight.flatten(1), layer.bias)
        return made.transpose(1, 2).reshape(batch, -1, height, width)
