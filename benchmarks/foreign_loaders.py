"""Adapter files under ComfyUI's and kohya's own loading code, which is not part of couturier.

`python -m benchmarks.foreign_loaders --comfyui DIR --kohya DIR`: each DIR is a checkout of that
tool. For every family and method a file is written as `couturier export` writes it, read by the
tool's own functions, and the change of each weight they compute is compared with the trained one.
Bases are as deep as the published ones and thin, so that they have the published ones' names.
"""

import argparse
import logging
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from couturier.diffusion.adapters.check import compare_changes
from couturier.diffusion.adapters.names import list_adaptable, name_for_kohya
from couturier.diffusion.adapters.training import (
    AdapterPlan,
    add_adapters,
    list_parts,
    trained_changes,
    trained_factors,
)
from couturier.diffusion.adapters.writing import describe_adapter, make_full, write_for_kohya
from couturier.diffusion.denoiser import Denoiser
from couturier.diffusion.families import Family

CASES = (
    ("sd1", "lora", None),
    ("sd1", "lora", 2),
    ("sd2", "lora", 2),
    ("sdxl", "lora", 2),
    ("sd1", "loha", 2),
    ("sd1", "lokr", 2),
    ("sd1", "dora", 2),
)
_KOHYA_METHODS = ("lora",)  # the others are LyCORIS's, which kohya's own code leaves to it
Changes = dict[tuple[str, str], Tensor]


@dataclass(frozen=True)
class Case:
    """One adapter: what was trained, on what, and the file it became."""

    family: Family
    denoiser: Denoiser
    changes: Changes
    path: Path


def main() -> None:
    """Print one line a tool, family and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comfyui", type=Path)
    parser.add_argument("--kohya", type=Path)
    given = parser.parse_args()
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        print("| tool | family | method | modules read | trained | names not read | error |")
        print("|---|---|---|---|---|---|---|")
        for name, conv_rank in ((case[:2], case[2]) for case in CASES):
            case = make_case(*name, conv_rank=conv_rank, folder=Path(folder))
            for tool, read in _list_tools(given, name[1]):
                report(tool, name, conv_rank, case, read(case))


def report(
    tool: str,
    name: tuple[str, str],
    conv_rank: int | None,
    case: Case,
    read: tuple[Changes, int],
) -> None:
    """Print how what a tool read compares with what was trained."""
    found, n_strange = read
    error = max(compare_changes(found[key], case.changes[key]) for key in found)
    method = f"{name[1]}, convolutions" if conv_rank else name[1]
    print(
        f"| {tool} | {name[0]} | {method} | {len(found)} | {len(case.changes)} | {n_strange} | "
        f"{error:.1e} |",
        flush=True,
    )


def make_case(family: str, method: str, *, conv_rank: int | None, folder: Path) -> Case:
    """Put random adapters beside a thin base and write them as kohya's form, fp16."""
    torch.manual_seed(0)
    denoiser, described = make_denoiser(family)
    plan = AdapterPlan(method, 4, 2.0, "transformer", conv_rank, text_encoder=True)
    for group in add_adapters(denoiser, plan).values():
        for parameter in group:
            parameter += 0.05 * torch.randn_like(parameter)
    factors = trained_factors(denoiser)
    if method == "dora":
        factors = make_full(factors, list_parts(denoiser))
    path = folder / f"{family}-{method}-{conv_rank}.safetensors"
    said = describe_adapter(factors, described, predicts="epsilon")
    config = denoiser.unet.config
    write_for_kohya(
        path, factors, family=described, config=config, dtype=torch.float16, metadata=said
    )
    return Case(described, denoiser, trained_changes(denoiser), path)


def make_denoiser(family: str) -> tuple[Denoiser, Family]:
    """Make a base with the published one's blocks and layers, a tenth as wide."""
    if family == "sdxl":
        unet = UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(32, 64, 128),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=2048,  # written into kohya's own UNet
            attention_head_dim=[2, 4, 8],
            use_linear_projection=True,
            transformer_layers_per_block=[1, 2, 10],
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=112,
        )
        encoders = {
            "text_encoder": _make_encoder(CLIPTextModel, 32, 12),
            "text_encoder_2": _make_encoder(CLIPTextModelWithProjection, 64, 32),
        }
        described = Family("sdxl", 1024, 8, 2048, 64, tuple(encoders), zeros_for_empty=True)
    else:
        is_sd2 = family == "sd2"
        unet = UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(32, 64, 128, 128),
            cross_attention_dim=48,
            attention_head_dim=[2, 4, 8, 8] if is_sd2 else 8,
            use_linear_projection=is_sd2,
        )
        encoders = {"text_encoder": _make_encoder(CLIPTextModel, 48, 23 if is_sd2 else 12)}
        described = Family(family, 512, 8, 48, 0, tuple(encoders), zeros_for_empty=False)
    denoiser = Denoiser(unet, encoders, described)
    return denoiser.requires_grad_(False), described


def _make_encoder(kind: Any, width: int, n_layers: int) -> nn.Module:
    config = CLIPTextConfig(
        vocab_size=100,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=n_layers,
        num_attention_heads=2,
        projection_dim=width,
    )
    model: nn.Module = kind(config)
    return model


def _list_tools(
    given: argparse.Namespace, method: str
) -> Iterator[tuple[str, Callable[[Case], tuple[Changes, int]]]]:
    if given.comfyui:
        yield "ComfyUI", lambda case: read_with_comfyui(case, given.comfyui)
    if given.kohya and method in _KOHYA_METHODS:
        yield "kohya", lambda case: read_with_kohya(case, given.kohya)


def read_with_comfyui(case: Case, checkout: Path) -> tuple[Changes, int]:
    """Read a file with ComfyUI's key maps, loader and weight arithmetic."""
    _stand_in(checkout, "comfy.model_base")
    lora, utils = _load_comfyui()
    is_xl = case.family.name == "sdxl"
    unet_config = _DEPTHS_XL if is_xl else _DEPTHS
    names = {
        theirs: ours.removesuffix(".weight")
        for ours, theirs in utils.unet_to_diffusers(dict(unet_config)).items()
        if ours.endswith(".weight")
    }
    modules = list_adaptable(case.denoiser.unet)
    places = {f"diffusion_model.{theirs}": ("unet", ours) for theirs, ours in names.items()}
    weights = {at: modules[path].weight for at, (_, path) in places.items() if path in modules}
    for part, encoder in case.denoiser.text_encoders.items():
        wrap = {"sd1": "clip_l", "sd2": "clip_h", "sdxl": "clip_l"}[case.family.name]
        wrap = "clip_g" if part == "text_encoder_2" else wrap
        for path, module in list_adaptable(encoder).items():
            plain = path.removeprefix("text_model.")
            at = f"{wrap}.transformer.text_model.{plain}.weight"
            places[at], weights[at] = (part, plain), module.weight
    heard = _Listener()
    logging.getLogger().addHandler(heard)
    model = types.SimpleNamespace(
        state_dict=lambda: weights, model_config=types.SimpleNamespace(unet_config=unet_config)
    )
    keys = lora.model_lora_keys_clip(model, lora.model_lora_keys_unet(model, {}))
    patches = lora.load_lora(load_file(case.path), keys)
    logging.getLogger().removeHandler(heard)
    changes = {}
    for at, patch in patches.items():
        weight = weights[at].clone()
        moved = lora.calculate_weight([(1.0, patch, 1.0, None, None)], weight.clone(), at)
        changes[places[at]] = moved - weight
    return changes, len(heard.said)


def read_with_kohya(case: Case, checkout: Path) -> tuple[Changes, int]:
    """Read a file with kohya's network, merge it into a fresh base, and look what changed."""
    _stand_in(
        checkout,
        *("torchvision", "torchvision.transforms", "cv2", "einops", "imagesize", "toml"),
        *("voluptuous", "library.train_util"),
    )
    from library import sdxl_original_unet  # type: ignore[import-not-found]
    from networks import lora  # type: ignore[import-not-found]

    is_xl = case.family.name == "sdxl"
    fresh, _ = make_denoiser(case.family.name)
    unet: Any = fresh.unet
    if is_xl:
        sizes = {"MODEL_CHANNELS": 32, "TIME_EMBED_DIM": 128, "ADM_IN_CHANNELS": 112}
        for name, value in sizes.items():
            setattr(sdxl_original_unet, name, value)
        unet = sdxl_original_unet.SdxlUNet2DConditionModel()
    encoders = [
        one if hasattr(one, "text_model") else nn.ModuleDict({"text_model": one})
        for one in fresh.text_encoders.values()
    ]
    roots = {"lora_unet": unet}
    roots |= {f"lora_te{n + 1}" if is_xl else "lora_te": one for n, one in enumerate(encoders)}
    theirs = {
        f"{head}.{path}".replace(".", "_"): module
        for head, root in roots.items()
        for path, module in root.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }
    before = {name: module.weight.clone() for name, module in theirs.items()}
    asked = encoders if len(encoders) > 1 else encoders[0]
    network, tensors = lora.create_network_from_weights(
        1.0, str(case.path), None, asked, unet, for_inference=True
    )
    read = {one.lora_name for one in network.text_encoder_loras + network.unet_loras}
    network.merge_to(encoders, unet, tensors, torch.float32, "cpu")
    config = case.denoiser.unet.config
    named = {
        name_for_kohya(part, path, is_xl=is_xl, config=config): (part, path)
        for part, path in case.changes
    }
    changes = {named[name]: theirs[name].weight - before[name] for name in read}
    return changes, len({key.split(".")[0] for key in tensors} - read)


_DEPTHS = {
    "num_res_blocks": [2] * 4,
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1] * 6 + [0, 0],
    "transformer_depth_output": [1] * 9 + [0] * 3,
    "transformer_depth_middle": 1,
}
_DEPTHS_XL = {
    "num_res_blocks": [2] * 3,
    "channel_mult": [1, 2, 4],
    "transformer_depth": [0, 0, 2, 2, 10, 10],
    "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10],
    "transformer_depth_middle": 10,
}


class _Listener(logging.Handler):
    """Counts what a tool says of names that it did not read."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.said.append(record.getMessage())


class _Empty(types.ModuleType):
    """Stands for a module that a tool imports and loading an adapter does not need."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _stand_in(checkout: Path, *missing: str) -> None:
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    for name in missing:
        sys.modules.setdefault(name, _Empty(name))


def _load_comfyui() -> tuple[Any, Any]:
    torch.cuda.current_device = lambda: "cpu"  # asked at import, whatever the device
    import comfy  # type: ignore[import-not-found]

    comfy.model_base = sys.modules["comfy.model_base"]
    from comfy import lora, utils

    return lora, utils


if __name__ == "__main__":
    main()
