"""Adapters in drawing: attached beside a pipeline's modules, or merged into its weights."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from torch import nn

from couturier.diffusion.adapters.answers import follow_answers
from couturier.diffusion.adapters.factors import DORA, LORA, Factors, find_change
from couturier.diffusion.adapters.names import ENCODER, ENCODER_2, UNET
from couturier.diffusion.adapters.peft_form import describe_config
from couturier.diffusion.adapters.reading import find_module, read_adapter
from couturier.files import hash_file

_BESIDE = (LORA, DORA)


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter file says of itself.

    Attributes:
        path: The file.
        name: Under which it is active in the pipeline.
        sha256: Of the file.
        rank: Of its matrices; the largest where they differ.
        alpha: Its scaling numerator; equal to `rank` where the file does not say.
        n_modules: How many modules it changes.
        base: The base it was trained on, as named then; "" where the file does not say.
        base_hash: Hash of that base's weights; "" where the file does not say.
        dataset_hash: Hash of what it was trained on; "" where the file does not say.
        step: Training step it was saved at; None where the file does not say.
        metadata: Everything the file says.
    """

    path: Path
    name: str
    sha256: str
    rank: int
    alpha: float
    n_modules: int
    base: str = ""
    base_hash: str = ""
    dataset_hash: str = ""
    step: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def attach_adapter(pipeline: Any, weights: Path, scale: float) -> AdapterFacts:
    """Make a pipeline draw with an adapter, beside those it has already.

    LoRA and DoRA stand beside the weights, as diffusers itself loads them. LoHa, LoKr and full
    differences, which it cannot load, are added to the weights.

    Args:
        pipeline: Of the base the adapter was trained on.
        weights: A safetensors file, with peft's, diffusers', kohya's or LyCORIS's names.
        scale: Strength; 0 changes nothing, 1 is as trained.

    Returns:
        What the file says, and the name it is active under.

    Raises:
        AdapterError: the file is damaged, or one of its matrices has no place in this base.
    """
    models = list_models(pipeline)
    adapter = read_adapter(weights, models)
    n_before = len(getattr(pipeline, "couturier_adapters", ()))
    follow_answers(pipeline, weights, adapter.metadata, is_first=n_before == 0)
    name = f"adapter_{n_before}"
    for part, model in models.items():
        for method in _BESIDE:
            beside = [
                one for one in adapter.factors if one.part == part and _stands_beside(one, method)
            ]
            if beside:
                _put_beside(model, beside, name=f"{name}_{method}", scale=scale)
    merge_factors(
        models,
        [one for one in adapter.factors if not any(_stands_beside(one, m) for m in _BESIDE)],
        scale=scale,
    )
    pipeline.couturier_adapters = (*getattr(pipeline, "couturier_adapters", ()), name)
    said = adapter.metadata
    return AdapterFacts(
        path=weights,
        name=name,
        sha256=hash_file(weights),
        rank=max(one.rank for one in adapter.factors),
        alpha=max(one.alpha for one in adapter.factors),
        n_modules=len(adapter.factors),
        base=said.get("base", ""),
        base_hash=said.get("base_hash", ""),
        dataset_hash=said.get("dataset_hash", ""),
        step=int(said["step"]) if said.get("step", "").isdigit() else None,
        metadata=said,
    )


def list_models(pipeline: Any) -> dict[str, nn.Module]:
    """Name the models of a pipeline that adapters change, by part."""
    models = {part: getattr(pipeline, part, None) for part in (UNET, ENCODER, ENCODER_2)}
    return {part: model for part, model in models.items() if model is not None}


@torch.no_grad()
def merge_factors(
    models: Mapping[str, nn.Module], factors: Sequence[Factors], *, scale: float
) -> None:
    """Add an adapter's changes to the weights themselves, computed in float32.

    Args:
        models: The base's, by part.
        factors: Found to fit.
        scale: Strength; 1 is as trained.
    """
    for one in factors:
        weight: Any = find_module(models, one).weight
        change = scale * find_change(one, weight.cpu())
        weight.copy_((weight.cpu().float() + change).to(weight))


def _stands_beside(factors: Factors, method: str) -> bool:
    """Say whether peft has a layer for these matrices: plain LoRA, DoRA that scales outputs."""
    if factors.method != method or "mid" in factors.tensors:
        return False
    magnitude = factors.tensors.get("magnitude")
    return magnitude is None or magnitude.numel() == magnitude.shape[0]


def _put_beside(model: Any, factors: Sequence[Factors], *, name: str, scale: float) -> None:
    path_of = {
        f"text_model.{one.module}" if hasattr(model, "text_model") else one.module: one
        for one in factors
    }
    config = describe_config(list(factors))
    config["target_modules"] = sorted(path_of)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft draws at random what is filled in at once, and warns of a second adapter.
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")
        model.add_adapter(LoraConfig(**config), adapter_name=name)
    with torch.no_grad():
        for path, one in path_of.items():
            _fill(model.get_submodule(path), one, name=name)
    active = _list_active(model)
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            if name in layer.scaling:
                layer.scaling[name] *= scale
            layer.set_adapter(active)
    model.requires_grad_(False)


def _fill(layer: Any, factors: Factors, *, name: str) -> None:
    tensors = factors.tensors
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    down.copy_(tensors["down"].reshape(down.shape))
    up.copy_(tensors["up"].reshape(up.shape))
    if "magnitude" in tensors:
        magnitude = layer.lora_magnitude_vector[name].weight
        magnitude.copy_(tensors["magnitude"].reshape(magnitude.shape))


def _list_active(model: nn.Module) -> list[str]:
    layers = (layer for layer in model.modules() if isinstance(layer, LoraLayer))
    return list(dict.fromkeys(name for layer in layers for name in layer.lora_A))
