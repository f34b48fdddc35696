"""Adapters in training: put beside a denoiser's modules, saved and restored by their names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, PeftConfig
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from couturier.diffusion.adapters.factors import DORA, LOHA, LOKR, Changes, Factors
from couturier.diffusion.adapters.names import UNET
from couturier.diffusion.adapters.peft_form import (
    DIFFUSERS_KEY,
    parse_peft,
)
from couturier.diffusion.adapters.storage import read_tensors, write_tensors
from couturier.diffusion.denoiser import Denoiser
from couturier.errors import AdapterError

ADAPTER_FILE = "pytorch_lora_weights.safetensors"
NAME = "default"
_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
_REST = ("ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
# As LyCORIS and kohya choose them: resnets, and the steps between sizes.
_CONVOLUTIONS = ("conv1", "conv2", "downsamplers.0.conv", "upsamplers.0.conv")
_BESIDE_CONVOLUTIONS = ("conv_shortcut", "time_emb_proj")
_ENCODER_ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj")
_ENCODER_REST = ("fc1", "fc2")


@dataclass(frozen=True)
class AdapterPlan:
    """Which modules get an adapter, and of what form.

    Attributes:
        method: "lora", "dora", "loha" or "lokr".
        rank: Of the matrices, 1 or more.
        alpha: Scaling numerator: the adapter's share is alpha / rank.
        layers: "attention", or "transformer" for all layers of the transformer blocks.
        conv_rank: Of the convolutions' adapters; None for none.
        conv_alpha: Their scaling numerator.
        text_encoder: Whether the text encoders get adapters, too.
    """

    method: str = "lora"
    rank: int = 4
    alpha: float = 4.0
    layers: str = "attention"
    conv_rank: int | None = None
    conv_alpha: float | None = None
    text_encoder: bool = False

    def list_targets(self, part: str) -> list[str]:
        """List the ends of the paths of one part's modules that get an adapter."""
        is_wide = self.layers == "transformer"
        if part != UNET:
            return [*_ENCODER_ATTENTION, *(_ENCODER_REST if is_wide else ())]
        targets = [*_ATTENTION, *(_REST if is_wide else ())]
        if self.conv_rank:
            targets += [*_CONVOLUTIONS, *_BESIDE_CONVOLUTIONS]
        return targets


def list_parts(denoiser: Denoiser) -> dict[str, nn.Module]:
    """Name the models an adapter can be part of: the UNet and the text encoders."""
    return {UNET: denoiser.unet, **dict(denoiser.text_encoders.items())}


def add_adapters(
    denoiser: Denoiser, plan: AdapterPlan, *, seed: int = 0
) -> dict[str, list[nn.Parameter]]:
    """Put fresh adapters beside a frozen denoiser's modules; at first they change nothing.

    Args:
        denoiser: Gets them in place.
        plan: Which and where.
        seed: Of the matrices' random start.

    Returns:
        The parameters to train, by part; float32 whatever the base's own format.
    """
    trained = {}
    for part, model in list_parts(denoiser).items():
        if part != UNET and not plan.text_encoder:
            continue
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            add: Any = model.add_adapter
            add(_configure(plan, part), adapter_name=NAME)
        trained[part] = [weight for weight in model.parameters() if weight.requires_grad]
        for parameter in trained[part]:
            parameter.data = parameter.data.float()
    return trained


def adapter_tensors(denoiser: Denoiser) -> dict[str, Tensor]:
    """Give the adapters' matrices by the names of the file, on the CPU, float32."""
    tensors = {}
    for part, model in list_parts(denoiser).items():
        if not getattr(model, "peft_config", None):
            continue
        head = "" if part == UNET else "text_model."
        for name, tensor in get_peft_model_state_dict(model, adapter_name=NAME).items():
            full_name = f"{part}.{head}{name.removeprefix('text_model.')}"
            tensors[full_name] = tensor.detach().float().cpu().contiguous()
    return tensors


def trained_factors(denoiser: Denoiser) -> list[Factors]:
    """Give the adapters as matrices by module."""
    return parse_peft(adapter_tensors(denoiser), _say_alphas(denoiser))[0]


def trained_changes(denoiser: Denoiser) -> Changes:
    """Compute how each adapted weight is changed, by part and path, as peft itself computes it.

    This asks the layers that were trained, not the matrices that were saved: what a file says is
    held against it.
    """
    return Changes(
        {
            (part, path.removeprefix("text_model.")): partial(_change_of, layer)
            for part, model in list_parts(denoiser).items()
            for path, layer in model.named_modules()
            if isinstance(layer, BaseTunerLayer)
        }
    )


def restore_adapters(denoiser: Denoiser, weights: Path) -> None:
    """Put saved matrices back into the adapters that `add_adapters` made.

    Raises:
        AdapterError: the file is damaged or holds other matrices than these.
    """
    saved, _ = read_tensors(weights)
    expected = {name: tensor.shape for name, tensor in adapter_tensors(denoiser).items()}
    if {name: tensor.shape for name, tensor in saved.items()} != expected:
        raise AdapterError(
            f"{weights}: holds other matrices than this run trains",
            fix="resume with the rank and the base the run began with",
        )
    for part, model in list_parts(denoiser).items():
        head = "text_model." if hasattr(model, "text_model") else ""
        own = {
            head + name.removeprefix(f"{part}.").removeprefix("text_model."): tensor
            for name, tensor in saved.items()
            if name.startswith(f"{part}.")
        }
        if own:
            set_peft_model_state_dict(model, own, adapter_name=NAME)


def save_adapters(folder: Path, denoiser: Denoiser, metadata: Mapping[str, Any]) -> Path:
    """Write the adapters as diffusers' `load_lora_weights(folder)` reads them.

    Args:
        folder: Gets `pytorch_lora_weights.safetensors`, whole or not at all.
        denoiser: Holds the adapters.
        metadata: What the file shall say beside method, rank, alpha and target modules: base,
            base_hash, dataset_hash, step, couturier.

    Returns:
        The file.

    Raises:
        AdapterError: a matrix holds NaN or Inf; nothing is written.
    """
    config = denoiser.unet.peft_config[NAME]
    said = {
        "method": _name_method(config),
        "rank": config.r,
        "alpha": _alpha_of(config),
        "target_modules": ",".join(sorted(config.target_modules)),
        **metadata,
        **_say_alphas(denoiser),
    }
    texts = {key: str(value) for key, value in said.items()}
    return write_tensors(folder / ADAPTER_FILE, adapter_tensors(denoiser), texts)


def _say_alphas(denoiser: Denoiser) -> dict[str, str]:
    """Say in diffusers' words what the matrices do not: alpha, and what differs by module."""
    said = {}
    for part, model in list_parts(denoiser).items():
        config = getattr(model, "peft_config", {}).get(NAME)
        if config is None:
            continue
        is_lora = isinstance(config, LoraConfig)
        said[f"{part}.r"] = config.r
        said[f"{part}.lora_alpha" if is_lora else f"{part}.alpha"] = _alpha_of(config)
        said[f"{part}.target_modules"] = sorted(config.target_modules)
        for name in ("rank_pattern", "alpha_pattern"):
            if getattr(config, name):
                said[f"{part}.{name}"] = getattr(config, name)
        if is_lora and config.use_dora:
            said[f"{part}.use_dora"] = True
    return {DIFFUSERS_KEY: json.dumps(said, sort_keys=True)}


def _configure(plan: AdapterPlan, part: str) -> PeftConfig:
    common: dict[str, Any] = {"r": plan.rank, "target_modules": plan.list_targets(part)}
    if plan.conv_rank and part == UNET:
        alpha = plan.conv_alpha or float(plan.conv_rank)
        common["rank_pattern"] = dict.fromkeys(_CONVOLUTIONS, plan.conv_rank)
        common["alpha_pattern"] = dict.fromkeys(_CONVOLUTIONS, alpha)
    # peft declares alpha as a whole number but computes with what it is given.
    if plan.method == LOHA:
        return LoHaConfig(alpha=plan.alpha, **common)
    if plan.method == LOKR:
        return LoKrConfig(alpha=plan.alpha, decompose_both=False, **common)
    return LoraConfig(
        lora_alpha=plan.alpha,
        init_lora_weights="gaussian",
        use_dora=plan.method == DORA,
        **common,
    )


@torch.no_grad()
def _change_of(layer: Any) -> Tensor:
    base: Tensor = layer.get_base_layer().weight.detach().float().cpu()
    change: Tensor = layer.get_delta_weight(NAME).detach().float().cpu().reshape(base.shape)
    magnitudes = getattr(layer, "lora_magnitude_vector", {})
    if NAME not in magnitudes:
        return change
    moved = base + change
    beside = tuple(range(1, base.ndim))
    magnitude = magnitudes[NAME].weight.detach().float().cpu().reshape(-1, *[1] * len(beside))
    lengths = torch.linalg.vector_norm(moved, dim=beside, keepdim=True)
    return cast(Tensor, moved * (magnitude / lengths) - base)


def _alpha_of(config: Any) -> float:
    return float(getattr(config, "lora_alpha", None) or config.alpha)


def _name_method(config: Any) -> str:
    if isinstance(config, LoHaConfig):
        return LOHA
    if isinstance(config, LoKrConfig):
        return LOKR
    return DORA if config.use_dora else "lora"
