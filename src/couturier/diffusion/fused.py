"""Whole frozen blocks as one step of autograd each: less is kept, and fewer passes are made.

Block by block, autograd keeps six tensors of a resnet and four of a feed-forward layer; what is
frozen needs two of each, since nothing but the gradient of the input is asked for, and a norm or
an activation is computed again in less time than it takes to fetch. Norms want their channels in
separate planes: in bfloat16, channels last take torch 0.9 instead of 0.05 ms (64 channels of 16 x
16, batch 8). Attention in bfloat16 goes
through float32 and back: torch's backward pass takes four times as long in bfloat16 on a
processor (Sapphire Rapids: 13 against 3 ms).
"""

from typing import Any

import torch
from diffusers.models.activations import GEGLU
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from couturier.diffusion.heads import join_heads, split_heads
from couturier.diffusion.products import QUICKENED, multiply

_ATEN: Any = torch.ops.aten


def fuse(module: Any) -> bool:
    """Let one frozen block of a UNet or an autoencoder compute in one step; says whether it does.

    Blocks of other makes, on other devices than a processor, keep their own way, and so do those in
    float32: there it gains nothing, and norms in planes let two processes of half a batch end 2e-5
    from one of the whole batch, where 4.3e-6 is what the layers alone give.
    """
    kind, weights = type(module), list(module.parameters())
    if any(weight.device.type not in QUICKENED for weight in weights):
        return False
    if any(weight.dtype is torch.float32 for weight in weights if not weight.requires_grad):
        return False
    if kind is ResnetBlock2D and _is_plain_resnet(module):
        module.forward = _Resnet(module)
        return True
    if kind is FeedForward and _is_gated(module):
        module.forward = _Gated(module)
        return True
    if kind is nn.GroupNorm and _is_frozen(module):
        module.forward = _Planes(module)
        return True
    if kind is Attention and _is_plain_attention(module):
        module.set_processor(_PlainAttention())
        return True
    return False


def _is_plain_resnet(block: Any) -> bool:
    return (
        block.upsample is None
        and block.downsample is None
        and block.time_embedding_norm == "default"
        and not block.skip_time_act
        and isinstance(block.nonlinearity, nn.SiLU)
        and block.output_scale_factor == 1
        and block.dropout.p == 0
    )


def _is_gated(block: Any) -> bool:
    return isinstance(block.net[0], GEGLU) and all(
        one.p == 0 for one in block.net if isinstance(one, nn.Dropout)
    )


def _is_plain_attention(attention: Any) -> bool:
    strange = (
        attention.spatial_norm,
        attention.group_norm,
        attention.norm_q,
        attention.norm_k,
        attention.norm_cross,
        attention.residual_connection,
    )
    return (
        isinstance(attention.processor, AttnProcessor2_0)
        and not any(strange)
        and attention.rescale_output_factor == 1
        and attention.to_out[1].p == 0
    )


def _is_frozen(*layers: nn.Module | None) -> bool:
    """Tell whether layers are torch's own and frozen: an adapter may have come since."""
    return all(
        type(one) in (nn.Linear, nn.Conv2d, nn.GroupNorm)
        and one.weight is not None
        and not one.weight.requires_grad
        for one in layers
        if one is not None
    )


class _Resnet:
    """Forward of a resnet: norm, SiLU, convolution, twice, and the way around them."""

    def __init__(self, block: ResnetBlock2D) -> None:
        self._block = block

    def __call__(self, x: Tensor, temb: Tensor | None = None, *more: Any, **named: Any) -> Tensor:
        block: Any = self._block
        layers = (block.norm1, block.conv1, block.norm2, block.conv2, block.conv_shortcut)
        is_learning = temb is not None and temb.requires_grad
        if is_learning or not _is_frozen(*layers, block.time_emb_proj):
            plain: Tensor = type(block).forward(block, x, temb, *more, **named)
            return plain
        shift = None
        if temb is not None and block.time_emb_proj is not None:
            shift = block.time_emb_proj(nn.functional.silu(temb))[:, :, None, None]
        made: Tensor = _RESNET(x.to(block.conv1.weight.dtype), shift, layers)
        return made


class _ResnetStep(torch.autograd.Function):
    """A frozen resnet with a gradient for its input alone; keeps the two norms' inputs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shift: Tensor | None, layers: tuple[Any, ...]) -> Tensor:
        norm1, conv1, norm2, conv2, shortcut = layers
        x = x.contiguous()
        normed, *moments1 = _normalize(x, norm1)
        inner = conv1(nn.functional.silu(normed, inplace=True)).contiguous()
        if shift is not None:
            inner.add_(shift)
        normed, *moments2 = _normalize(inner, norm2)
        out = conv2(nn.functional.silu(normed, inplace=True))
        ctx.save_for_backward(x, inner, *moments1, *moments2)
        ctx.layers = layers
        whole: Tensor = out.add_(x if shortcut is None else shortcut(x))
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        x, inner, *moments = ctx.saved_tensors
        norm1, conv1, norm2, conv2, shortcut = ctx.layers
        out = gradients[0].contiguous()
        back = _return_through(out, inner, norm2, moments[2:], conv2)
        back = _return_through(back, x, norm1, moments[:2], conv1)
        around = out if shortcut is None else _return_convolution(out, x, shortcut)
        return back.add_(around), None, None


def _normalize(x: Tensor, norm: nn.GroupNorm) -> tuple[Tensor, Tensor, Tensor]:
    batch, channels, *cells = x.shape
    made: tuple[Tensor, Tensor, Tensor] = torch.native_group_norm(
        x, norm.weight, norm.bias, batch, channels, cells[0] * cells[1], norm.num_groups, norm.eps
    )
    return made


def _return_through(
    out: Tensor, x: Tensor, norm: nn.GroupNorm, moments: list[Tensor], conv: nn.Conv2d
) -> Tensor:
    """Go back through convolution, SiLU and norm, to the gradient of `x`."""
    batch, channels, *cells = x.shape
    normed = _normalize(x, norm)[0]
    back = _ATEN.silu_backward(_return_convolution(out, normed, conv), normed)
    made: Tensor = _ATEN.native_group_norm_backward(
        back.contiguous(),
        x,
        *moments,
        norm.weight,
        batch,
        channels,
        cells[0] * cells[1],
        norm.num_groups,
        [True, False, False],
    )[0]
    return made


def _return_convolution(out: Tensor, x: Tensor, conv: nn.Conv2d) -> Tensor:
    """Give the gradient of a convolution's input; of `x` only the shape is used."""
    if conv.kernel_size == (1, 1):
        rows = out.permute(0, 2, 3, 1)  # (batch, h, w, outputs)
        back = multiply(rows.reshape(-1, rows.shape[-1]), conv.weight.flatten(1).t())
        return back.view(*rows.shape[:-1], -1).permute(0, 3, 1, 2)
    made: Tensor = _ATEN.convolution_backward(
        out,
        x,
        conv.weight,
        None,
        conv.stride,
        conv.padding,
        conv.dilation,
        False,
        [0, 0],
        conv.groups,
        [True, False, False],
    )[0]
    return made


class _Gated:
    """Forward of a feed-forward layer with a gate: V (a * gelu(g)), a and g both of x."""

    def __init__(self, block: FeedForward) -> None:
        self._block = block

    def __call__(self, x: Tensor, *more: Any, **named: Any) -> Tensor:
        block: Any = self._block
        inside, outside = block.net[0].proj, block.net[2]
        if not _is_frozen(inside, outside) or inside.bias is None:
            made: Tensor = type(block).forward(block, x, *more, **named)
            return made
        rows = x.to(inside.weight.dtype).reshape(-1, x.shape[-1])  # (n, width)
        made = _GATED(rows, inside.weight, inside.bias, outside.weight, outside.bias)
        return made.view(*x.shape[:-1], -1)


class _GatedStep(torch.autograd.Function):
    """A frozen feed-forward layer with a gradient for its input alone; keeps a and g."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, outer: Tensor, last: Tensor | None
    ) -> Tensor:
        half = len(bias) // 2
        a = multiply(rows, weight[:half], bias[:half])  # (n, inner)
        gate = multiply(rows, weight[half:], bias[half:])
        ctx.save_for_backward(a, gate, weight, outer)
        return multiply(nn.functional.gelu(gate).mul_(a), outer, last)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        a, gate, weight, outer = ctx.saved_tensors
        half = len(weight) // 2
        back = multiply(gradients[0], outer.t())  # (n, inner)
        for_a = nn.functional.gelu(gate).mul_(back)
        for_gate = _ATEN.gelu_backward(back.mul_(a), gate)
        rows = multiply(for_a, weight[:half].t()).addmm_(for_gate, weight[half:])
        return rows, None, None, None, None


_RESNET: Any = _ResnetStep.apply
_GATED: Any = _GatedStep.apply


class _Planes:
    """Forward of a frozen group norm, its channels in separate planes first."""

    def __init__(self, layer: nn.GroupNorm) -> None:
        self._layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        return type(self._layer).forward(self._layer, x.contiguous())


class _PlainAttention:
    """Attention as diffusers does it, without steps that change nothing; bfloat16 by float32."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        *more: Any,
        **named: Any,
    ) -> Tensor:
        if attention_mask is not None or hidden_states.ndim != 3:
            plain: Tensor = AttnProcessor2_0()(
                attn, hidden_states, encoder_hidden_states, attention_mask, *more, **named
            )
            return plain
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        mixed = join_heads(_mix(*split_heads(attn, hidden_states, source)))
        made: Tensor = attn.to_out[0](mixed)
        return made


def _mix(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    is_trained = query.requires_grad or key.requires_grad or value.requires_grad
    if query.dtype is not torch.bfloat16 or not is_trained:
        return nn.functional.scaled_dot_product_attention(query, key, value)
    with torch.autocast("cpu", enabled=False):  # it would lower them again
        mixed = nn.functional.scaled_dot_product_attention(
            query.float(), key.float(), value.float()
        )
    return mixed.to(query.dtype)
