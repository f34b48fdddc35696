"""peft's names, which diffusers' `load_lora_weights` reads: `unet.PATH.lora_A.weight` and so on."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from couturier.diffusion.adapters.factors import (
    DORA,
    LOHA,
    LOKR,
    LORA,
    Factors,
    tell_method,
)

DIFFUSERS_KEY = "lora_adapter_metadata"  # where diffusers looks for rank, alpha and modules
_PARTS = r"(unet|text_encoder_2|text_encoder)"
_OWN = re.compile(_PARTS + r"\.(.+)\.(lora_A|lora_B|lora_magnitude_vector)(?:\.weight)?")
# What diffusers' scripts wrote before peft.
_OLDER = re.compile(_PARTS + r"\.(.+?)(?:\.lora|_lora|\.lora_linear_layer)\.(down|up)\.weight")
_LYCORIS = re.compile(_PARTS + r"\.(.+)\.((?:hada|lokr)_\w+)")
_ALPHA = re.compile(_PARTS + r"\.(.+)\.alpha")
_TENSORS = {"lora_A": "down", "lora_B": "up", "lora_magnitude_vector": "magnitude"}


def is_peft_form(keys: Iterable[str]) -> bool:
    """Say whether names are of this form."""
    return any(_match(key) for key in keys)


def parse_peft(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> tuple[list[Factors], list[str]]:
    """Sort a file's matrices by module.

    Args:
        tensors: By the file's names.
        metadata: The file's own; where it names no alpha, alpha is the rank.

    Returns:
        The modules' matrices, and the names that mean nothing here.
    """
    found: dict[tuple[str, str], dict[str, Tensor]] = {}
    strangers = []
    for key, tensor in tensors.items():
        match = _match(key)
        if match is None:
            strangers.append(key)
        else:
            part, module, name = match
            found.setdefault((part, module), {})[name] = tensor
    said = _read_configs(metadata)
    whole = []
    for (part, module), named in found.items():
        if tell_method(named):
            whole.append(_build(part, module, named, said.get(part, {})))
        else:
            strangers += [f"{part}.{module}: only {', '.join(named)}"]
    return whole, strangers


def describe_for_diffusers(factors: Iterable[Factors]) -> dict[str, Any]:
    """Say what diffusers needs to know beside the matrices, in words that every peft understands.

    Without it diffusers takes alpha for the rank.
    """
    by_part: dict[str, list[Factors]] = {}
    for one in factors:
        by_part.setdefault(one.part, []).append(one)
    return {
        f"{part}.{key}": value
        for part, members in by_part.items()
        for key, value in describe_config(members).items()
    }


def describe_config(members: list[Factors]) -> dict[str, Any]:
    """Give the peft configuration of one part's matrices, all of one method."""
    rank = max((one.rank for one in members), key=[one.rank for one in members].count)
    # A whole lokr's scale is in its matrices by now: its alpha is its rank.
    all_alphas = [one.rank * one.scale for one in members]
    alpha = max(all_alphas, key=all_alphas.count)
    ranks = {f"^{one.module}": one.rank for one in members if one.rank != rank}
    alphas = {
        f"^{one.module}": own for one, own in zip(members, all_alphas, strict=True) if own != alpha
    }
    name = "alpha" if members[0].method in (LOHA, LOKR) else "lora_alpha"
    config = {"r": rank, name: alpha, "target_modules": sorted(one.module for one in members)}
    if ranks:
        config["rank_pattern"] = ranks
    if alphas:
        config["alpha_pattern"] = alphas
    if members[0].method == DORA:
        config["use_dora"] = True
    return config


def write_peft_names(factors: Iterable[Factors]) -> dict[str, Tensor]:
    """Name matrices as this form does.

    Raises:
        KeyError: a full difference, or a factor that peft has no name for.
    """
    names = {ours: f"{theirs}.weight" for theirs, ours in _TENSORS.items()}
    names["magnitude"] = "lora_magnitude_vector"
    written = {}
    for one in factors:
        for name, tensor in one.tensors.items():
            ending = name if one.method in (LOHA, LOKR) else names[name]
            if name == "magnitude":
                tensor = _flatten_magnitude(tensor)
            # transformers 5 left out the first step of the path; the files kept it.
            head = "" if one.part == "unet" else "text_model."
            written[f"{one.part}.{head}{one.module}.{ending}"] = tensor
    return written


def _flatten_magnitude(magnitude: Tensor) -> Tensor:
    # peft keeps (outputs,) for linear layers and (1, outputs, 1, 1) for convolutions.
    if magnitude.ndim == 2:
        return magnitude.flatten()
    return magnitude.transpose(0, 1)


def _match(key: str) -> tuple[str, str, str] | None:
    if found := _OWN.fullmatch(key):
        part, module, name = found.groups()
        return part, module.removeprefix("text_model."), _TENSORS[name]
    if found := _LYCORIS.fullmatch(key) or _OLDER.fullmatch(key):
        part, module, name = found.groups()
        return part, _modernise(module), name
    if found := _ALPHA.fullmatch(key):
        return found[1], _modernise(found[2]), "alpha"
    return None


def _modernise(module: str) -> str:
    """Bring a path that diffusers' older scripts wrote to what the modules are called now."""
    path = module.replace(".processor.", ".").removeprefix("text_model.")
    head, _, last = path.rpartition(".")
    if last == "to_out" and head:
        return f"{head}.to_out.0"
    if "self_attn" in head and last in ("to_q", "to_k", "to_v"):
        return f"{head}.{last[3]}_proj"
    return path


def _build(part: str, module: str, named: dict[str, Tensor], config: Mapping[str, Any]) -> Factors:
    own_alpha = named.pop("alpha", None)
    method = tell_method(named) or LORA
    if method == DORA and named["magnitude"].ndim != 2:
        # (outputs,) or (1, outputs, 1, 1): beside the weight it is (outputs, 1, ...).
        ones = [1] * (named["down"].ndim - 1)
        named["magnitude"] = named["magnitude"].reshape(-1, *ones)
    probe = Factors(part, module, method, named, 1.0)
    rank = _find_pattern(config.get("rank_pattern"), module, config.get("r"))
    alpha = _find_pattern(
        config.get("alpha_pattern"), module, config.get("lora_alpha", config.get("alpha"))
    )
    if own_alpha is not None:
        alpha = own_alpha.item()
    if method == LOKR and probe.scale == 1.0 and rank and alpha and "lokr_w1" in named:
        # peft scales a product of two whole matrices as well; here it goes into the first one.
        named = {**named, "lokr_w1": named["lokr_w1"] * (float(alpha) / float(rank))}
    return Factors(part, module, method, named, float(probe.rank if alpha is None else alpha))


def _find_pattern(pattern: Mapping[str, Any] | None, module: str, otherwise: Any) -> Any:
    """Look a module up as peft does: the first pattern that matches the end of its path."""
    for key, value in (pattern or {}).items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return otherwise


def _read_configs(metadata: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Read what the file says for diffusers, by part."""
    try:
        said = json.loads(metadata.get(DIFFUSERS_KEY, "{}"))
    except json.JSONDecodeError:
        return {}
    configs: dict[str, dict[str, Any]] = {}
    for key, value in said.items():
        part, _, name = key.partition(".")
        configs.setdefault(part, {})[name] = value
    return configs
