"""Adapters: low-rank matrices beside a UNet's attention, written so that they load everywhere.

Rank r and alpha: each adapted weight W becomes W + (alpha / r) B A, with A of shape (r, inputs)
and B of shape (outputs, r). Source: Hu et al. 2021, arXiv:2106.09685.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from couturier.errors import AdapterError
from couturier.files import hash_file, replace_whole

TARGET_MODULES = ("to_q", "to_k", "to_v", "to_out.0")
ADAPTER_FILE = "pytorch_lora_weights.safetensors"
_ADAPTER_NAME = "default"
_DIFFUSERS_KEY = "lora_adapter_metadata"  # where diffusers looks for rank and alpha
_SHOWN = 5


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter file says of itself.

    Attributes:
        path: The file.
        name: Under which it is active in the pipeline; "" while it is not.
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


def add_lora(
    unet: UNet2DConditionModel,
    *,
    rank: int,
    alpha: float,
    targets: Sequence[str] = TARGET_MODULES,
    seed: int = 0,
) -> list[nn.Parameter]:
    """Put fresh adapters beside a frozen UNet's attention; at first they change nothing.

    Args:
        unet: The base's UNet; gets the adapters in place.
        rank: Of the matrices, 1 or more.
        alpha: Scaling numerator: the adapters' share is alpha / rank.
        targets: Module names that get one each.
        seed: Of A's Gaussian start; B starts at zero.

    Returns:
        The parameters to train, float32 whatever the UNet's own format.
    """
    config = LoraConfig(
        r=rank,
        # peft declares whole numbers but computes with what it is given.
        lora_alpha=alpha,
        init_lora_weights="gaussian",
        target_modules=list(targets),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet.add_adapter(config, adapter_name=_ADAPTER_NAME)
    parameters = [parameter for parameter in unet.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.data = parameter.data.float()
    return parameters


def adapter_tensors(unet: UNet2DConditionModel) -> dict[str, Tensor]:
    """Give the adapters' matrices by peft's names, on the CPU, float32."""
    tensors = get_peft_model_state_dict(unet, adapter_name=_ADAPTER_NAME)
    return {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}


def restore_lora(unet: UNet2DConditionModel, weights: Path) -> None:
    """Put saved matrices back into the adapters that `add_lora` made.

    Raises:
        AdapterError: the file is damaged or holds other matrices than these.
    """
    saved, _ = read_adapter(weights)
    tensors = {name.removeprefix("unet."): tensor for name, tensor in saved.items()}
    expected = {name: tensor.shape for name, tensor in adapter_tensors(unet).items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise AdapterError(
            f"{weights}: holds other matrices than this run trains",
            fix="resume with the rank and the base the run began with",
        )
    set_peft_model_state_dict(unet, tensors, adapter_name=_ADAPTER_NAME)


def save_lora(folder: Path, unet: UNet2DConditionModel, metadata: Mapping[str, Any]) -> Path:
    """Write the adapters as diffusers' `load_lora_weights(folder)` reads them.

    Args:
        folder: Gets `pytorch_lora_weights.safetensors`, whole or not at all.
        unet: Holds the adapters.
        metadata: What the file shall say beside rank, alpha and target modules: base,
            base_hash, dataset_hash, step, couturier.

    Returns:
        The file.

    Raises:
        AdapterError: a matrix holds NaN or Inf; nothing is written.
    """
    tensors = {f"unet.{name}": tensor for name, tensor in adapter_tensors(unet).items()}
    _require_finite(folder / ADAPTER_FILE, tensors)
    config = unet.peft_config[_ADAPTER_NAME]
    targets = sorted(config.target_modules)
    # Without this entry plain diffusers takes alpha = rank. It holds what every peft understands.
    for_diffusers = {
        "unet.r": config.r,
        "unet.lora_alpha": config.lora_alpha,
        "unet.target_modules": targets,
    }
    said = {
        "rank": config.r,
        "alpha": config.lora_alpha,
        "target_modules": ",".join(targets),
        **metadata,
    }
    texts = {key: str(value) for key, value in said.items()}
    texts |= {"format": "pt", _DIFFUSERS_KEY: json.dumps(for_diffusers, sort_keys=True)}
    path = folder / ADAPTER_FILE
    with replace_whole(path) as temporary:
        save_file(tensors, temporary, metadata=texts)
        _sort_header(temporary)
    return path


def read_adapter(weights: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read an adapter file's matrices and metadata.

    Raises:
        AdapterError: it is missing, truncated, no safetensors, empty, or holds NaN or Inf.
    """
    try:
        with safe_open(weights, framework="pt", device="cpu") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError) as fault:
        raise AdapterError(
            f"{weights}: no readable safetensors file ({fault})",
            fix="the file is missing or damaged: copy it anew, or train again",
        ) from fault
    if not tensors:
        raise AdapterError(f"{weights}: holds no weights", fix="copy it anew, or train again")
    _require_finite(weights, tensors)
    return tensors, metadata


def attach_lora(pipeline: StableDiffusionPipeline, weights: Path, scale: float) -> AdapterFacts:
    """Make a pipeline draw with an adapter, beside those it has already.

    Args:
        pipeline: Of the base the adapter was trained on.
        weights: A safetensors file, with diffusers', peft's or kohya's names.
        scale: Strength; 0 changes nothing, 1 is as trained.

    Returns:
        What the file says, and the name it is active under.

    Raises:
        AdapterError: the file is damaged, or one of its matrices has no place in this base.
    """
    _, metadata = read_adapter(weights)
    tensors, alphas = _read_as_diffusers(weights)
    _require_fit(pipeline, weights, tensors)
    scales = _active_scales(pipeline.unet)
    name = f"adapter_{len(scales)}"
    config = json.loads(metadata[_DIFFUSERS_KEY]) if _DIFFUSERS_KEY in metadata else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # we know
        pipeline.load_lora_into_unet(
            tensors,
            network_alphas=alphas,
            unet=pipeline.unet,
            adapter_name=name,
            metadata=config,
            _pipeline=pipeline,
        )
    scales[name] = scale
    pipeline.unet.set_adapters(list(scales), list(scales.values()))
    layers = [m for m in pipeline.unet.modules() if isinstance(m, LoraLayer) and name in m.r]
    return AdapterFacts(
        path=weights,
        name=name,
        sha256=hash_file(weights),
        rank=max(layer.r[name] for layer in layers),
        alpha=float(max(layer.lora_alpha[name] for layer in layers)),
        n_modules=len(layers),
        base=metadata.get("base", ""),
        base_hash=metadata.get("base_hash", ""),
        dataset_hash=metadata.get("dataset_hash", ""),
        step=int(metadata["step"]) if metadata.get("step", "").isdigit() else None,
        metadata=metadata,
    )


def _sort_header(path: Path) -> None:
    """Put a safetensors header in order, which its library leaves to chance.

    So the same training gives the same file, byte for byte. The layout is the length of the
    header (8 bytes, little end first), the header as JSON, then the matrices.
    """
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # the matrices stay aligned
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])


def _read_as_diffusers(weights: Path) -> tuple[dict[str, Tensor], dict[str, float] | None]:
    """Read a file with diffusers' names whatever names it has."""
    try:
        tensors, alphas, _ = StableDiffusionPipeline.lora_state_dict(
            weights.parent,
            weight_name=weights.name,
            use_safetensors=True,
            local_files_only=True,
            return_lora_metadata=True,
        )
    except (ValueError, KeyError, RuntimeError, AttributeError) as fault:
        raise AdapterError(
            f"{weights}: no LoRA file couturier knows ({fault})",
            fix="give a LoRA for Stable Diffusion 1.x or 2.x with diffusers' or kohya's names",
        ) from fault
    return tensors, alphas or None


def _require_fit(
    pipeline: StableDiffusionPipeline, weights: Path, tensors: Mapping[str, Tensor]
) -> None:
    named = convert_unet_state_dict_to_peft(dict(tensors))
    strangers = [key for key, tensor in named.items() if not _fits(pipeline.unet, key, tensor)]
    if strangers:
        listed = ", ".join(strangers[:_SHOWN])
        more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
        raise AdapterError(
            f"{weights}: {len(strangers)} of {len(tensors)} matrices have no place in this base: "
            f"{listed}{more}",
            fix="give the base this adapter was trained on with --base, or another adapter",
        )


def _fits(unet: UNet2DConditionModel, key: str, tensor: Tensor) -> bool:
    """Say whether a matrix belongs to a module of the UNet and has that module's width."""
    for ending, side in _SIDES.items():
        if key.startswith("unet.") and key.endswith(ending):
            module = _find_module(unet, key.removeprefix("unet.").removesuffix(ending))
            weight = getattr(getattr(module, "base_layer", module), "weight", None)
            if weight is None or tensor.ndim != weight.ndim:
                return False
            return bool(tensor.shape[side] == weight.shape[side])
    return False


# A's columns are the module's inputs (dimension 1), B's rows its outputs (dimension 0).
_SIDES = {".lora_A.weight": 1, ".lora_B.weight": 0}


def _find_module(unet: nn.Module, name: str) -> nn.Module | None:
    try:
        return unet.get_submodule(name)
    except AttributeError:
        return None


def _active_scales(unet: nn.Module) -> dict[str, float]:
    """Read the adapters a UNet has and their strengths."""
    scales: dict[str, float] = {}
    for module in unet.modules():
        if isinstance(module, LoraLayer):
            for name, scaling in module.scaling.items():
                scales.setdefault(name, scaling * module.r[name] / module.lora_alpha[name])
    return scales


def _require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise AdapterError(
                f"{path}: {name} holds NaN or Inf",
                fix="the training went astray: lower train.learning_rate or use fp32, train again",
            )
