"""Bases: found by name or path, checked for their family, loaded by one code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import diffusers
import torch
import transformers
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from couturier.diffusion.device import Placement
from couturier.diffusion.hashes import hash_base
from couturier.errors import BaseModelError, StorageError
from couturier.files import read_json
from couturier.mini.locate import find_mini

MINI = "mini"
PIPELINE_CLASS = "StableDiffusionPipeline"
_SDXL_CLASSES = ("StableDiffusionXLPipeline",)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CONNECT_WAIT_S = 5.0
_HUB_FILES = [
    "model_index.json",
    "*/*.json",
    "*/merges.txt",
    "*/model.safetensors",
    "*/diffusion_pytorch_model.safetensors",
    "*/*-of-*.safetensors",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Family:
    """What couturier must know of a base before it loads weights.

    Attributes:
        name: "sd1" or "sd2".
        native_px: Side of the square pictures it was trained on.
        vae_scale: Pixels a latent cell stands for, along one side.
        text_width: Width of its text embeddings.
    """

    name: str
    native_px: int
    vae_scale: int
    text_width: int


@dataclass(frozen=True)
class BaseParts:
    """A loaded base, part by part; every weight frozen.

    Attributes:
        base: The name it was asked for by.
        folder: Where its files are.
        placement: Where its parts are, and in which number format; the autoencoder is always
            float32, because the SD 1.x one overflows in half precision.
    """

    base: str
    folder: Path
    family: Family
    placement: Placement
    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    scheduler: DDPMScheduler

    @cached_property
    def base_hash(self) -> str:
        """Give the hash of its weights, 64 hex digits."""
        return hash_base(self.folder)


def resolve_base(base: str) -> Path:
    """Find the folder a base's name means.

    Args:
        base: "mini", a folder in diffusers' format, or a hub id such as
            "CompVis/stable-diffusion-v1-4": taken from the local cache, else downloaded.

    Raises:
        BaseModelError: there is none, or no way to get it; told within seconds.
    """
    if base == MINI:
        return find_mini()
    folder = Path(base).expanduser()
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise BaseModelError(
                f"{folder}: no base model there (no model_index.json)",
                fix="give the folder that holds model_index.json, unet/, vae/ and text_encoder/",
            )
        return folder
    if not _HUB_ID.fullmatch(base):
        raise BaseModelError(
            f"{base}: no such base model",
            fix="give 'mini', a folder in diffusers' format, or a hub id such as OWNER/NAME",
        )
    return _fetch_from_hub(base)


def read_family(folder: Path) -> Family:
    """Tell a base's family from its configuration files alone, in milliseconds.

    Raises:
        BaseModelError: it is no Stable Diffusion 1.x or 2.x; names what it is.
    """
    named = _read_config(folder, "model_index.json").get("_class_name", "nothing")
    if named in _SDXL_CLASSES:
        raise BaseModelError(
            f"{folder}: a {named}, which this version of couturier cannot handle yet",
            fix="give a base of these families, such as CompVis/stable-diffusion-v1-4",
        )
    if named != PIPELINE_CLASS:
        raise BaseModelError(
            f"{folder}: a {named}, expected a {PIPELINE_CLASS}",
            fix="give a Stable Diffusion 1.x or 2.x base, such as CompVis/stable-diffusion-v1-4",
        )
    unet = _read_config(folder, "unet/config.json")
    vae = _read_config(folder, "vae/config.json")
    vae_scale = 2 ** (len(vae["block_out_channels"]) - 1)
    text_width = int(unet["cross_attention_dim"])
    return Family(
        # The published 2.x configurations have linear projections, the 1.x ones convolutions.
        name="sd2" if unet.get("use_linear_projection") else "sd1",
        native_px=int(unet["sample_size"]) * vae_scale,
        vae_scale=vae_scale,
        text_width=text_width,
    )


def load_pipeline(base: str, placement: Placement, *, safety: bool) -> StableDiffusionPipeline:
    """Load a base as diffusers' own pipeline, onto the device.

    Args:
        base: As `resolve_base` takes it.
        placement: Device and number format.
        safety: Whether to load the safety checker; a base may have none, and then
            `pipeline.safety_checker` is None all the same.

    Raises:
        BaseModelError: the base is missing, of another family, or its files are damaged.
    """
    folder = resolve_base(base)
    read_family(folder)
    silence_libraries()
    unsafe = {} if safety else {"safety_checker": None, "requires_safety_checker": False}
    pipeline = _load(
        folder,
        lambda: StableDiffusionPipeline.from_pretrained(
            folder,
            dtype=placement.weights_dtype,
            use_safetensors=True,
            local_files_only=True,
            **unsafe,
        ),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(placement.device)


def load_parts(base: str, placement: Placement) -> BaseParts:
    """Load a base part by part, frozen, onto the device.

    Raises:
        BaseModelError: the base is missing, of another family, or its files are damaged.
    """
    folder = resolve_base(base)
    family = read_family(folder)
    silence_libraries()
    loaded = _load(folder, lambda: _load_models(folder, placement))
    for model in loaded.values():
        if isinstance(model, nn.Module):
            model.requires_grad_(False).eval().to(placement.device)
    return BaseParts(base=base, folder=folder, family=family, placement=placement, **loaded)


def assemble_pipeline(parts: BaseParts) -> StableDiffusionPipeline:
    """Make a pipeline that draws with `parts` as they are now, adapters included; no checker."""
    silence_libraries()
    pipeline = StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        # The base's own schedule; what draws with this pipeline chooses the sampler.
        scheduler=DDIMScheduler.from_config(parts.scheduler.config, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Turn captions into token ids, cut and padded to the tokenizer's length; (n, 77)."""
    ids: Tensor = tokenizer(
        captions,
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    ).input_ids
    return ids


@torch.no_grad()
def encode_text(parts: BaseParts, token_ids: Tensor) -> Tensor:
    """Turn token ids (n, 77) into what the UNet attends to; (n, 77, text_width)."""
    states: Tensor = parts.text_encoder(token_ids.to(parts.placement.device))[0]
    return states


@torch.no_grad()
def encode_pictures(parts: BaseParts, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Turn pictures into the Gaussian their latents are drawn from.

    Args:
        parts: The base.
        pixels: sRGB from -1 to 1; (n, 3, height, width).

    Returns:
        Mean and standard deviation, scaled as the UNet expects latents, float32;
        each (n, 4, height / vae_scale, width / vae_scale).
    """
    gaussian = parts.vae.encode(pixels.to(parts.placement.device, torch.float32)).latent_dist
    scale = parts.vae.config.scaling_factor
    return gaussian.mean * scale, gaussian.std * scale


def silence_libraries() -> None:
    """Keep the model libraries from writing notes and bars of their own."""
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _load_models(folder: Path, placement: Placement) -> dict[str, Any]:
    common: dict[str, Any] = {"local_files_only": True}
    weights = {**common, "use_safetensors": True}
    dtype = placement.weights_dtype
    return {
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", **common),
        "text_encoder": CLIPTextModel.from_pretrained(
            folder / "text_encoder", dtype=dtype, **weights
        ),
        "vae": AutoencoderKL.from_pretrained(folder / "vae", dtype=torch.float32, **weights),
        "unet": UNet2DConditionModel.from_pretrained(folder / "unet", dtype=dtype, **weights),
        "scheduler": DDPMScheduler.from_pretrained(folder / "scheduler", **common),
    }


def _load(folder: Path, load: Callable[[], T]) -> T:
    try:
        return load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as fault:
        reason = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
        raise BaseModelError(
            f"{folder}: cannot be loaded ({reason})",
            fix="its files are missing or damaged: fetch or copy the base anew (safetensors only)",
        ) from fault


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    try:
        return dict(read_json(folder / name))
    except (StorageError, TypeError, ValueError) as fault:
        raise BaseModelError(
            f"{folder / name}: missing or no JSON",
            fix="the base is incomplete: fetch or copy it anew",
        ) from fault


def _fetch_from_hub(base: str) -> Path:
    try:
        return _require_whole(snapshot_download(base, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, BaseModelError):
        pass  # not here, or only a part of it: ask the hub
    try:
        return _require_whole(
            snapshot_download(base, allow_patterns=_HUB_FILES, etag_timeout=_CONNECT_WAIT_S)
        )
    except GatedRepoError as fault:
        raise BaseModelError(
            f"{base}: its owner asks for a licence to be accepted first",
            fix=f"accept it on the hub's page of {base}, run `hf auth login`, then try again",
        ) from fault
    except (RepositoryNotFoundError, HFValidationError) as fault:
        raise BaseModelError(
            f"{base}: no such base model on the hub, nor a folder here",
            fix="check the spelling, or give 'mini' or a folder in diffusers' format",
        ) from fault
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as fault:
        raise BaseModelError(
            f"{base}: not on this machine, and the hub cannot be reached",
            fix="connect to the network once, copy the base here and give its folder, or use "
            "--base mini",
        ) from fault


def _require_whole(snapshot: str) -> Path:
    folder = Path(snapshot)
    parts = ("unet", "vae", "text_encoder")
    if not all(any((folder / part).glob("*.safetensors")) for part in parts):
        raise BaseModelError(
            f"{folder}: holds no safetensors weights of {', '.join(parts)}",
            fix="choose a base that is published as safetensors in diffusers' folder format",
        )
    return folder
