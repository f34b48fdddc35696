"""Bases loaded: part by part for training, as diffusers' own pipeline for drawing."""

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
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.utils import SAFETENSORS_WEIGHTS_NAME
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from couturier.diffusion.bases import resolve_base
from couturier.diffusion.denoiser import Denoiser
from couturier.diffusion.device import Placement
from couturier.diffusion.families import Family, read_family
from couturier.diffusion.hashes import hash_base
from couturier.diffusion.weights import read_weights
from couturier.errors import BaseModelError

T = TypeVar("T")
_UNET = "unet"  # the folder of its files


@dataclass(frozen=True)
class BaseParts:
    """A loaded base, part by part; every weight frozen.

    Attributes:
        base: The name it was asked for by.
        folder: Where its files are.
        family: What it is.
        placement: Where its parts are, and in which number format; the autoencoder is always
            float32, because the SD 1.x one overflows in half precision.
        tokenizers: One a text encoder, in the family's order.
        denoiser: Its UNet and its text encoders, as one module: what can be trained.
        vae: Its autoencoder.
        scheduler: Its noise schedule, as it was trained.
    """

    base: str
    folder: Path
    family: Family
    placement: Placement
    tokenizers: tuple[CLIPTokenizer, ...]
    denoiser: Denoiser
    vae: AutoencoderKL
    scheduler: DDPMScheduler

    @property
    def unet(self) -> UNet2DConditionModel:
        """Give its UNet, with the adapters it has."""
        return self.denoiser.unet

    @cached_property
    def base_hash(self) -> str:
        """Give the hash of its weights, 64 hex digits."""
        return hash_base(self.folder)


def load_pipeline(base: str, placement: Placement, *, safety: bool) -> Any:
    """Load a base as diffusers' own pipeline, onto the device.

    Args:
        base: As `resolve_base` takes it.
        placement: Device and number format.
        safety: Whether to load the safety checker; a base may have none (SDXL never has), and
            then `pipeline.safety_checker` is None all the same.

    Raises:
        BaseModelError: the base is missing, of another family, or its files are damaged.
    """
    folder = resolve_base(base)
    family = read_family(folder)
    silence_libraries()
    options: dict[str, Any] = {
        "dtype": placement.weights_dtype,
        "use_safetensors": True,
        "local_files_only": True,
    }
    if family.name == "sdxl":
        # The invisible watermark needs a library of its own; ours is in the metadata.
        options |= {"add_watermarker": False}
    elif not safety:
        options |= {"safety_checker": None, "requires_safety_checker": False}
    kind = StableDiffusionXLPipeline if family.name == "sdxl" else StableDiffusionPipeline
    pipeline: Any = _load(folder, lambda: kind.from_pretrained(folder, **options))
    if family.name == "sdxl":
        pipeline.safety_checker = None  # what draws asks every pipeline for it
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(placement.device)


def load_parts(base: str, placement: Placement, *, with_unet: bool = True) -> BaseParts:
    """Load a base part by part, frozen, onto the device.

    Args:
        base: As `resolve_base` takes it.
        placement: Device and number format.
        with_unet: Whether to load the UNet's weights now; else `load_unet` does later, so that
            what encodes and what denoises need not be held at once.

    Raises:
        BaseModelError: the base is missing, of another family, or its files are damaged.
    """
    folder = resolve_base(base)
    family = read_family(folder)
    silence_libraries()
    loaded = _load(folder, lambda: _load_models(folder, family, placement))
    for model in (loaded["denoiser"].text_encoders, loaded["vae"]):
        model.to(placement.device)
    for model in (loaded["denoiser"], loaded["vae"]):
        model.requires_grad_(False).eval()
    parts = BaseParts(base=base, folder=folder, family=family, placement=placement, **loaded)
    if with_unet:
        load_unet(parts)
    return parts


def load_unet(parts: BaseParts) -> None:
    """Load the UNet's weights, frozen, onto the device; nothing where they are there.

    Raises:
        BaseModelError: its files are missing or damaged.
    """
    if all(weight.device.type != "meta" for weight in parts.unet.parameters()):
        return
    unet = _load(parts.folder, lambda: _load_unet(parts.folder / _UNET, parts.placement))
    parts.denoiser.unet = unet.requires_grad_(False).eval().to(parts.placement.device)


def assemble_pipeline(parts: BaseParts) -> Any:
    """Make a pipeline that draws with `parts` as they are now, adapters included; no checker."""
    silence_libraries()
    encoders = parts.denoiser.text_encoders
    common: dict[str, Any] = {
        "vae": parts.vae,
        "text_encoder": encoders["text_encoder"],
        "tokenizer": parts.tokenizers[0],
        "unet": parts.unet,
        # The base's own schedule; what draws with this pipeline chooses the sampler.
        "scheduler": DDIMScheduler.from_config(parts.scheduler.config, clip_sample=False),
        "feature_extractor": None,
    }
    if parts.family.name == "sdxl":
        pipeline = StableDiffusionXLPipeline(
            **common,
            text_encoder_2=encoders["text_encoder_2"],
            tokenizer_2=parts.tokenizers[1],
            force_zeros_for_empty_prompt=parts.family.zeros_for_empty,
            add_watermarker=False,
        )
        pipeline.safety_checker = None  # as above
    else:
        pipeline = StableDiffusionPipeline(
            **common, safety_checker=None, requires_safety_checker=False
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def silence_libraries() -> None:
    """Keep the model libraries from writing notes and bars of their own."""
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _load_models(folder: Path, family: Family, placement: Placement) -> dict[str, Any]:
    common: dict[str, Any] = {"local_files_only": True}
    weights = {**common, "use_safetensors": True}
    lowered = {**weights, "dtype": placement.weights_dtype}
    classes = (CLIPTextModel, CLIPTextModelWithProjection)
    encoders = {
        name: kind.from_pretrained(folder / name, **lowered)
        for name, kind in zip(family.encoders, classes, strict=False)
    }
    with torch.device("meta"):
        unet = _make_unet(folder / _UNET)
    return {
        "tokenizers": tuple(
            CLIPTokenizer.from_pretrained(
                folder / name.replace("text_encoder", "tokenizer"), **common
            )
            for name in family.encoders
        ),
        "denoiser": Denoiser(unet, encoders, family),
        "vae": AutoencoderKL.from_pretrained(folder / "vae", dtype=torch.float32, **weights),
        "scheduler": DDPMScheduler.from_pretrained(folder / "scheduler", **common),
    }


def _make_unet(folder: Path) -> UNet2DConditionModel:
    unet: UNet2DConditionModel = UNet2DConditionModel.from_config(
        UNet2DConditionModel.load_config(folder, local_files_only=True)
    )
    return unet


def _load_unet(folder: Path, placement: Placement) -> UNet2DConditionModel:
    """Load a UNet in stretches; one whose weights are in several files, as diffusers does."""
    dtype, file = placement.weights_dtype, folder / SAFETENSORS_WEIGHTS_NAME
    if not file.is_file():
        several: UNet2DConditionModel = UNet2DConditionModel.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True
        )
        return several
    with torch.device("meta"):
        unet = _make_unet(folder)
    read_weights(unet, file, dtype=dtype)
    return unet


def _load(folder: Path, load: Callable[[], T]) -> T:
    try:
        return load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as fault:
        reason = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
        raise BaseModelError(
            f"{folder}: cannot be loaded ({reason})",
            fix="its files are missing or damaged: fetch or copy the base anew (safetensors only)",
        ) from fault
