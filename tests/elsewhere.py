"""A device that is not there: its tensors are real, but refuse to meet those of the processor.

Continuous integration has no GPU, and what a GPU breaks is nearly always this: one tensor was left
on the processor. So tensors on a pretended device hold ordinary ones, compute with them, and raise
what torch raises wherever both kinds meet. torch lets nobody name a device it was not built for;
"meta" it always has, and no kernels of its own stand behind it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _pop_mode_temporarily,
)
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

from couturier.diffusion import loading

NAME = "meta"
_ATEN: Any = torch.ops.aten
# These take tensors of both kinds on a real device, too.
_MAY_MIX = (_ATEN.copy_.default, _ATEN.index.Tensor, _ATEN.index_put_.default)


class _Elsewhere(torch.Tensor):
    """A tensor that says it is on the pretended device."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "_Elsewhere":
        made: _Elsewhere = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=NAME,
            requires_grad=inner.requires_grad,
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        others = [one for one in tensors if not isinstance(one, _Elsewhere) and one.dim()]
        if others and func not in _MAY_MIX:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, "
                f"{NAME} and cpu! ({func})"
            )
        goal = torch.device(kwargs.get("device") or NAME).type
        if "device" in kwargs:
            kwargs["device"] = torch.device("cpu")
        out = func(*_unwrap(args), **_unwrap(kwargs))
        if goal != NAME:
            return out
        if func is _ATEN.copy_.default and not isinstance(args[0], _Elsewhere):
            return args[0]
        return return_and_correct_aliasing(
            func, args, kwargs, tree_map_only(torch.Tensor, _Elsewhere, out)
        )


class _Pretending(TorchFunctionMode):
    """Makes tensors of the pretended device wherever code asks for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.scaled_dot_product_attention:
            return _attend(*args, **kwargs)  # torch makes a mask inside, where nobody can see it
        if func is torch.Tensor.tolist and isinstance(args[0], _Elsewhere):
            return args[0].inner.tolist()
        if func is torch.Tensor.to and len(args) > 1 and isinstance(args[1], torch.Tensor):
            args = (args[0], args[1].device, args[1].dtype)
        is_asked = any(_is_named(one) for one in tree_leaves((args, kwargs)))
        if not is_asked or func in (torch.device, torch._C._nn._parse_to):
            return func(*args, **kwargs)
        if func is torch.Tensor.to and isinstance(args[0], _Elsewhere):
            given = (*args[1:], *kwargs.values())
            dtypes = [one for one in given if isinstance(one, torch.dtype)]
            return args[0].to(dtypes[0]) if dtypes else args[0]
        made = func(*map(_replace, args), **{key: _replace(one) for key, one in kwargs.items()})
        if not isinstance(made, torch.Tensor) or isinstance(made, _Elsewhere):
            return made
        moved = _Elsewhere(made.detach())
        is_parameter = isinstance(made, torch.nn.Parameter)
        return torch.nn.Parameter(moved, made.requires_grad) if is_parameter else moved


@contextmanager
def pretended_device() -> Iterator[str]:
    """Give the name of a device that code inside can put its tensors on."""
    load = loading._load

    def load_outside(folder: Any, call: Any) -> Any:
        if not _get_current_function_mode_stack():
            return load(folder, call)
        with _pop_mode_temporarily():  # diffusers itself loads by way of "meta"
            return load(folder, call)

    loading._load = load_outside
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with _Pretending():
            yield NAME
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)
        loading._load = load


def _unwrap(values: Any) -> Any:
    return tree_map_only(_Elsewhere, lambda one: one.inner, values)


def _is_named(value: Any) -> bool:
    return isinstance(value, torch.device | str) and str(value).split(":")[0] == NAME


def _replace(value: Any) -> Any:
    return torch.device("cpu") if _is_named(value) else value


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    **_: Any,
) -> torch.Tensor:
    logits = query @ key.transpose(-1, -2) * (scale or query.shape[-1] ** -0.5)
    if is_causal:
        later = torch.ones(logits.shape[-2:], dtype=torch.bool).triu(1)
        is_far = isinstance(logits, _Elsewhere)
        logits = logits.masked_fill(_Elsewhere(later) if is_far else later, -torch.inf)
    if attn_mask is not None:
        hidden = attn_mask.logical_not() if attn_mask.dtype is torch.bool else None
        logits = logits + attn_mask if hidden is None else logits.masked_fill(hidden, -torch.inf)
    return logits.softmax(-1) @ value
