"""Families of bases: Stable Diffusion 1.x, 2.x and XL, told apart by their configuration alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from couturier.errors import BaseModelError, StorageError
from couturier.files import read_json

_PIPELINES = {
    "StableDiffusionPipeline": ("text_encoder",),
    "StableDiffusionXLPipeline": ("text_encoder", "text_encoder_2"),
}


@dataclass(frozen=True)
class Family:
    """What couturier must know of a base before it loads weights.

    Attributes:
        name: "sd1", "sd2" or "sdxl".
        native_px: Side of the square pictures it was trained on.
        vae_scale: Pixels a latent cell stands for, along one side.
        text_width: Width of the text states its UNet attends to.
        pooled_width: Width of the sentence's one vector, which SDXL takes besides; else 0.
        encoders: Folders of its text encoders, in the order in which their states are joined.
        zeros_for_empty: Whether the sentence "" is all zeros instead of what the encoders say.
    """

    name: str
    native_px: int
    vae_scale: int
    text_width: int
    pooled_width: int
    encoders: tuple[str, ...]
    zeros_for_empty: bool


def read_family(folder: Path) -> Family:
    """Tell a base's family from its configuration files alone, in milliseconds.

    Raises:
        BaseModelError: it is no Stable Diffusion 1.x, 2.x or XL; names what it is.
    """
    index = _read_config(folder, "model_index.json")
    named = index.get("_class_name", "nothing")
    if named not in _PIPELINES:
        raise BaseModelError(
            f"{folder}: a {named}, expected a {' or '.join(_PIPELINES)}",
            fix="give a Stable Diffusion 1.x, 2.x or XL base, such as "
            "CompVis/stable-diffusion-v1-4",
        )
    encoders = _PIPELINES[named]
    unet = _read_config(folder, "unet/config.json")
    vae = _read_config(folder, "vae/config.json")
    vae_scale = 2 ** (len(vae["block_out_channels"]) - 1)
    is_xl = len(encoders) > 1
    last_encoder = _read_config(folder, f"{encoders[-1]}/config.json")
    return Family(
        name="sdxl" if is_xl else _name_older(unet),
        native_px=int(unet["sample_size"]) * vae_scale,
        vae_scale=vae_scale,
        text_width=int(unet["cross_attention_dim"]),
        pooled_width=int(last_encoder["projection_dim"]) if is_xl else 0,
        encoders=encoders,
        zeros_for_empty=is_xl and bool(index.get("force_zeros_for_empty_prompt", True)),
    )


def _name_older(unet: dict[str, Any]) -> str:
    # The published 2.x configurations have linear projections, the 1.x ones convolutions.
    return "sd2" if unet.get("use_linear_projection") else "sd1"


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    try:
        return dict(read_json(folder / name))
    except (StorageError, TypeError, ValueError) as fault:
        raise BaseModelError(
            f"{folder / name}: missing or no JSON",
            fix="the base is incomplete: fetch or copy it anew",
        ) from fault
