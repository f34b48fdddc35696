"""Names of modules in other tools' files: kohya's flattened ones, and those of Stability's UNet."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

UNET, ENCODER, ENCODER_2 = "unet", "text_encoder", "text_encoder_2"
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_SINGLE = {
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
_MIDDLE = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}
_BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)(?:\.(.+))?")
_MIDDLE_BLOCK = re.compile(r"mid_block\.(\w+\.\d+)(?:\.(.+))?")


def list_adaptable(model: nn.Module) -> dict[str, nn.Module]:
    """List the modules an adapter can stand beside, by path: linear layers and convolutions.

    What adapters there are already is looked through.
    """
    return {
        _plain(path): module
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d) and not re.search(r"\.(lora|hada|lokr)_", path)
    }


def name_for_kohya(part: str, path: str, *, is_xl: bool, config: Mapping[str, Any]) -> str:
    """Give the name a module has in kohya's files, as A1111, ComfyUI and Forge look it up.

    Args:
        part: "unet", "text_encoder" or "text_encoder_2".
        path: The module's path.
        is_xl: Whether the base is SDXL: its UNet's modules go by Stability's names there.
        config: Of the UNet; names count its blocks.
    """
    if part == UNET:
        named = name_for_stability(path, config) if is_xl else path
        return "lora_unet_" + named.replace(".", "_")
    prefix = {ENCODER: "lora_te1_" if is_xl else "lora_te_", ENCODER_2: "lora_te2_"}[part]
    # transformers 5 left out the first step of the path; the files kept it.
    return prefix + "text_model_" + path.removeprefix("text_model.").replace(".", "_")


def list_kohya_names(
    part: str, paths: Iterable[str], *, config: Mapping[str, Any]
) -> dict[str, str]:
    """Map every name that kohya's and LyCORIS's files use for a module to its path."""
    if part == UNET:
        pairs = [(path, path) for path in paths]
        pairs += [(name_for_stability(path, config), path) for _, path in pairs]
        return {"lora_unet_" + name.replace(".", "_"): path for name, path in pairs}
    prefixes = ("lora_te2_",) if part == ENCODER_2 else ("lora_te_", "lora_te1_")
    return {
        f"{prefix}text_model_{path.removeprefix('text_model.').replace('.', '_')}": path
        for prefix in prefixes
        for path in paths
    }


def name_for_stability(path: str, config: Mapping[str, Any]) -> str:
    """Give the path a module has in Stability's own UNet.

    Its blocks are counted through: two or three resnets to a level, then the step to the next
    size. A part diffusers added since keeps its name.

    Args:
        path: The module's path in diffusers' UNet.
        config: Of the UNet.
    """
    if path in _SINGLE:
        return _SINGLE[path]
    if found := _MIDDLE_BLOCK.fullmatch(path):
        place, rest = found.groups()
        return f"middle_block.{_MIDDLE[place]}" + _rename_inside(place, rest)
    if found := _BLOCK.fullmatch(path):
        side, block, kind, number, rest = found.groups()
        per_block = config["layers_per_block"]
        return _place(side, int(block), kind, int(number), per_block, config) + (
            _rename_inside(kind, rest)
        )
    return path


def _place(
    side: str, block: int, kind: str, number: int, per_block: int, config: Mapping[str, Any]
) -> str:
    if side == "down":
        first = 1 + block * (per_block + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + per_block}.0"
        return f"input_blocks.{first + number}.{int(kind == 'attentions')}"
    first = block * (per_block + 1)
    if kind == "upsamplers":
        has_attention = "CrossAttn" in config["up_block_types"][block]
        return f"output_blocks.{first + per_block}.{1 + has_attention}"
    return f"output_blocks.{first + number}.{int(kind == 'attentions')}"


def _rename_inside(kind: str, rest: str | None) -> str:
    if rest is None:
        return ""
    if kind.startswith("resnets"):
        return "." + _RESNET.get(rest, rest)
    if kind == "downsamplers":
        return ".op" if rest == "conv" else f".{rest}"
    return f".{rest}"


def _plain(path: str) -> str:
    return path.removesuffix(".base_layer")
