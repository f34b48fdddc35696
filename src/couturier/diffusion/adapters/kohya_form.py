"""kohya's and LyCORIS's names, read by A1111, ComfyUI and Forge: `lora_unet_PATH.lora_up.weight`.

A file of this form names modules with underscores, so that a base is needed to read it: which
underscore was a dot follows from the modules it has.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from couturier.diffusion.adapters.factors import FULL, LORA, Factors, tell_method
from couturier.diffusion.adapters.names import name_for_kohya

_TENSORS = {
    "lora_down.weight": "down",
    "lora_up.weight": "up",
    "lora_mid.weight": "mid",
    "dora_scale": "magnitude",
    "diff": "diff",
}
_PREFIXES = ("lora_unet_", "lora_te_", "lora_te1_", "lora_te2_")
_PAIRS = (
    ("up", "down"),
    ("hada_w1_a", "hada_w1_b"),
    ("hada_w2_a", "hada_w2_b"),
    ("lokr_w1_a", "lokr_w1_b"),
    ("lokr_w2_a", "lokr_w2_b"),
)


def is_kohya_form(keys: Iterable[str]) -> bool:
    """Say whether names are of this form."""
    return any(key.startswith(_PREFIXES) for key in keys)


def parse_kohya(
    tensors: Mapping[str, Tensor], known: Mapping[str, tuple[str, str]]
) -> tuple[list[Factors], list[str]]:
    """Sort a file's matrices by module.

    Args:
        tensors: By the file's names.
        known: Part and path by the names kohya's files use, of all modules the base has.

    Returns:
        The modules' matrices, and the names that have no place in the base.
    """
    found: dict[str, dict[str, Tensor]] = {}
    strangers = []
    for key, tensor in tensors.items():
        module, _, ending = key.partition(".")
        name = _TENSORS.get(ending, ending)
        if module not in known or not _is_known(name):
            strangers.append(key)
        else:
            found.setdefault(module, {})[name] = tensor
    whole = []
    for module, named in found.items():
        if tell_method(named):
            whole.append(_build(*known[module], named))
        else:
            strangers += [f"{module}: only {', '.join(named)}"]
    return whole, strangers


def write_kohya_names(
    factors: Iterable[Factors], *, is_xl: bool, config: Mapping[str, Any], dtype: torch.dtype
) -> dict[str, Tensor]:
    """Name matrices as this form does, each pair balanced so that half precision holds it.

    Args:
        factors: What to write.
        is_xl: Whether the base is SDXL.
        config: Of the base's UNet.
        dtype: Number format of the file.
    """
    endings = {ours: theirs for theirs, ours in _TENSORS.items()}
    written = {}
    for one in factors:
        module = name_for_kohya(one.part, one.module, is_xl=is_xl, config=config)
        for name, tensor in _balance(one.tensors).items():
            written[f"{module}.{endings.get(name, name)}"] = tensor.to(dtype)
        if one.method != FULL:
            written[f"{module}.alpha"] = torch.tensor(one.alpha, dtype=dtype)
    return written


def _is_known(name: str) -> bool:
    return name in _TENSORS.values() or name == "alpha" or name.startswith(("hada_", "lokr_"))


def _build(part: str, path: str, named: dict[str, Tensor]) -> Factors:
    alpha = named.pop("alpha", None)
    one = Factors(part, path, tell_method(named) or LORA, named, 1.0)
    # Files without an alpha are as old as their tools' first version: there the scale is 1.
    return replace(one, alpha=float(one.rank if alpha is None else alpha))


def _balance(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Bring both matrices of a product to like sizes, by a power of two, which changes no digit.

    A young adapter's second matrix is so small that half precision would round it off.
    """
    balanced = dict(tensors)
    for left, right in _PAIRS:
        if left not in tensors or right not in tensors:
            continue
        sizes = [float(tensors[name].abs().max()) for name in (left, right)]
        if min(sizes) == 0:
            continue
        power = round(math.log2(sizes[1] / sizes[0]) / 2)
        balanced[left] = tensors[left] * 2.0**power
        balanced[right] = tensors[right] * 2.0**-power
    return balanced
