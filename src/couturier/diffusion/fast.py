"""Faster arithmetic for a frozen network with adapters: the same function, fewer passes.

Layer by layer: products go where they are fast (products.py), convolutions of many weights on few
cells become one product, because oneDNN reorders their weights at every call, which for 1280
channels on 8 x 8 cells takes four times as long as the products. Block by block: see fused.py.
"""

from collections.abc import Callable
from typing import Any

from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from couturier.diffusion.fused import fuse
from couturier.diffusion.products import ADAPT, CONVOLVE, FREEZE, QUICKENED

# Measured on one core: above so many weights and below so many cells, columns beat reordering.
_HEAVY_WEIGHTS = 1 << 21
_FEW_CELLS = 128


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
        count += forward is not None or fuse(module)
    return count


def quicken_adapters(network: nn.Module) -> int:
    """Give the plainly adapted layers alone faster arithmetic, in place; see `quicken`."""
    layers = [one for one in network.modules() if isinstance(one, LoraLinear) and _is_plain(one)]
    for layer in layers:
        layer.forward = _Adapted(layer)
    return len(layers)


def lowers_itself(network: nn.Module) -> bool:
    """Tell whether every adapter in `network` computes in its input's own number format.

    Then no autocast is needed, which on CUDA widens every norm to float32: twice the memory.
    """
    layers = [one for one in network.modules() if isinstance(one, BaseTunerLayer)]
    return all(isinstance(one.forward, _Adapted) for one in layers)


def _choose_forward(module: nn.Module) -> Callable[..., Tensor] | None:
    if isinstance(module, LoraLinear):
        return _Adapted(module) if _is_plain(module) else None
    weight = getattr(module, "weight", None)
    if weight is None or weight.requires_grad:
        return None
    if type(module) is nn.Conv2d and module.padding_mode == "zeros":
        return _choose_convolution(module)
    is_here = weight.device.type in QUICKENED
    return _Frozen(module) if type(module) is nn.Linear and is_here else None


def _choose_convolution(conv: nn.Conv2d) -> Callable[..., Tensor]:
    is_dense = conv.stride == (1, 1) and conv.dilation == (1, 1) and conv.groups == 1
    if is_dense and conv.weight.device.type in QUICKENED:
        if conv.kernel_size == (1, 1) and conv.padding == (0, 0):
            return _Pointwise(conv)
        is_heavy = conv.weight.numel() >= _HEAVY_WEIGHTS
        if is_heavy and conv.kernel_size == (3, 3) and conv.padding == (1, 1):
            return _Columns(conv)
    return _Forgetful(conv)


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
        made: Tensor = ADAPT(
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
        made: Tensor = FREEZE(x.to(layer.weight.dtype), layer.weight, layer.bias)
        return made


class _Pointwise:
    """Forward of a frozen 1 x 1 convolution: a linear layer over channels."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        rows = x.to(layer.weight.dtype).permute(0, 2, 3, 1)  # (batch, h, w, inputs)
        made: Tensor = FREEZE(rows, layer.weight.flatten(1), layer.bias)
        return made.permute(0, 3, 1, 2)


class _Forgetful:
    """Forward of a frozen convolution that does not keep its input: torch would, for nothing."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        made: Tensor = CONVOLVE(x.to(self._layer.weight.dtype), self._layer)
        return made


class _Columns:
    """Forward of a frozen 3 x 3 convolution with many weights, on few cells as one product."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        batch, _, height, width = x.shape
        if batch * height * width > _FEW_CELLS:
            made: Tensor = CONVOLVE(x.to(layer.weight.dtype), layer)
            return made
        columns = nn.functional.unfold(x.to(layer.weight.dtype), 3, padding=1)
        rows = columns.transpose(1, 2)  # (batch, h * w, inputs * 9)
        made = FREEZE(rows, layer.weight.flatten(1), layer.bias)
        return made.transpose(1, 2).reshape(batch, -1, height, width)
