"""Adapter files written for other tools, each with what that tool shows of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from couturier.diffusion.adapters.factors import (
    DORA,
    FULL,
    LORA,
    Factors,
    find_change,
)
from couturier.diffusion.adapters.kohya_form import write_kohya_names
from couturier.diffusion.adapters.peft_form import (
    DIFFUSERS_KEY,
    describe_for_diffusers,
    write_peft_names,
)
from couturier.diffusion.adapters.reading import find_module
from couturier.diffusion.adapters.storage import write_tensors
from couturier.diffusion.families import Family
from couturier.errors import AdapterError

# Where the hash that older versions of A1111's extension knew begins, and how far it reads.
_LEGACY_START, _LEGACY_BYTES = 0x100000, 0x10000


def write_for_diffusers(
    path: Path, factors: Sequence[Factors], *, dtype: torch.dtype, metadata: Mapping[str, str]
) -> Path:
    """Write a file that diffusers' `load_lora_weights` reads.

    Raises:
        AdapterError: the form has no name for one of the matrices; nothing is written.
    """
    for one in factors:
        if one.method == FULL or "mid" in one.tensors:
            raise AdapterError(
                f"{path}: {one.module} is a full difference or a Tucker product, for which "
                "diffusers has no name",
                fix="write --format kohya-full or --format merged instead",
            )
    tensors = {name: tensor.to(dtype) for name, tensor in write_peft_names(factors).items()}
    said = {DIFFUSERS_KEY: json.dumps(describe_for_diffusers(factors), sort_keys=True)}
    return write_tensors(path, tensors, {**metadata, **said})


def write_for_kohya(
    path: Path,
    factors: Sequence[Factors],
    *,
    family: Family,
    config: Mapping[str, Any],
    dtype: torch.dtype,
    metadata: Mapping[str, str],
) -> Path:
    """Write a file that A1111, ComfyUI, Forge and kohya's scripts read.

    Args:
        path: The file.
        factors: What to write.
        family: Of the base.
        config: Of the base's UNet.
        dtype: Number format of the file.
        metadata: What it shall say; hashes are added here.

    Raises:
        AdapterError: DoRA, which these tools scale along the other side; nothing is written.
    """
    if any(one.method == DORA for one in factors):
        raise AdapterError(
            f"{path}: a DoRA scales each output of a layer; the tools that read this form scale "
            "each input and would draw something else",
            fix="write --format kohya-full (exact, but large), diffusers or merged instead",
        )
    is_xl = family.name == "sdxl"
    tensors = write_kohya_names(factors, is_xl=is_xl, config=config, dtype=dtype)
    return write_tensors(path, tensors, {**metadata, **hash_for_webui(tensors, metadata)})


@torch.no_grad()
def make_full(factors: Sequence[Factors], models: Mapping[str, nn.Module]) -> list[Factors]:
    """Turn matrices of any method into the whole change of each weight."""
    full = []
    for one in factors:
        weight: Any = find_module(models, one).weight
        full.append(replace(one, method=FULL, tensors={"diff": find_change(one, weight)}))
    return full


def hash_for_webui(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> dict[str, str]:
    """Compute the two hashes by which A1111 and its extensions know a file.

    Both are taken over the file as it would be with the fields of training alone (`ss_...`), so
    that whoever adds a note later does not change them.
    """
    training = {key: value for key, value in metadata.items() if key.startswith("ss_")}
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()}, training)
    start = 8 + int.from_bytes(data[:8], "little")
    whole = hashlib.sha256(data[start:]).hexdigest()
    legacy = hashlib.sha256(data[_LEGACY_START : _LEGACY_START + _LEGACY_BYTES]).hexdigest()
    return {
        "sshs_model_hash": whole,
        "sshs_legacy_hash": legacy[:8],
        "modelspec.hash_sha256": f"0x{whole}",
    }


def describe_adapter(
    factors: Sequence[Factors], family: Family, *, predicts: str
) -> dict[str, str]:
    """Say in kohya's and Stability's words what the matrices are: rank, alpha, base's family.

    Args:
        factors: The matrices.
        family: Of the base.
        predicts: What the base predicts: "epsilon" or "v_prediction".
    """
    linear = [one for one in factors if _kernel(one) == 1] or list(factors)
    convolutions = [one for one in factors if _kernel(one) > 1]
    method = factors[0].method
    is_plain = method == LORA
    is_v = predicts == "v_prediction"
    versions = {"sd1": "sd_v1", "sd2": "sd_v2_v" if is_v else "sd_v2", "sdxl": "sdxl_base_v1-0"}
    architectures = {
        "sd1": "stable-diffusion-v1",
        "sd2": "stable-diffusion-v2-768-v" if is_v else "stable-diffusion-v2-512",
        "sdxl": "stable-diffusion-xl-v1-base",
    }
    arguments: dict[str, Any] = {} if is_plain else {"algo": method}
    if convolutions:
        arguments |= {"conv_dim": convolutions[0].rank, "conv_alpha": convolutions[0].alpha}
    return {
        "ss_network_module": "networks.lora" if is_plain else "lycoris.kohya",
        "ss_network_dim": str(max(one.rank for one in linear) or None),
        "ss_network_alpha": str(max(one.alpha for one in linear)),
        "ss_network_args": json.dumps({key: str(value) for key, value in arguments.items()}),
        "ss_base_model_version": versions[family.name],
        "ss_v2": str(family.name == "sd2"),
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": f"{architectures[family.name]}/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.prediction_type": "v" if is_v else "epsilon",
    }


def _kernel(factors: Factors) -> int:
    down = factors.tensors.get("down")
    return int(down.shape[-1]) if down is not None and down.ndim == 4 else 1
