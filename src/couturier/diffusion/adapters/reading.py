"""Adapter files read whole or refused: every name must have its place in the base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from couturier.diffusion.adapters.factors import Factors, find_change
from couturier.diffusion.adapters.kohya_form import is_kohya_form, parse_kohya
from couturier.diffusion.adapters.names import list_adaptable, list_kohya_names
from couturier.diffusion.adapters.peft_form import parse_peft
from couturier.diffusion.adapters.storage import read_tensors
from couturier.errors import AdapterError

_SHOWN = 5


@dataclass(frozen=True)
class ReadAdapter:
    """An adapter file, read and found to fit.

    Attributes:
        path: The file.
        factors: Its matrices, one entry a module.
        metadata: What it says of itself.
        form: "peft" or "kohya".
    """

    path: Path
    factors: tuple[Factors, ...]
    metadata: Mapping[str, str]
    form: str


def read_adapter(path: Path, models: Mapping[str, nn.Module]) -> ReadAdapter:
    """Read a file of any form and fit it to a base.

    Args:
        path: A safetensors file with peft's, diffusers', kohya's or LyCORIS's names.
        models: The base's UNet and text encoders, by part.

    Raises:
        AdapterError: the file is damaged, holds no adapter, or a name or a size in it has no
            place in this base: all of them are counted, the first ones named.
    """
    tensors, metadata = read_tensors(path)
    modules = {part: list_adaptable(model) for part, model in models.items()}
    if is_kohya_form(tensors):
        form, (factors, strangers) = "kohya", parse_kohya(tensors, _known_names(models, modules))
    else:
        form, (factors, strangers) = "peft", parse_peft(tensors, metadata)
    strangers += [fault for one in factors if (fault := _find_misfit(one, modules))]
    if strangers:
        _refuse(path, tensors, strangers)
    return ReadAdapter(path, tuple(factors), metadata, form)


def find_module(models: Mapping[str, nn.Module], factors: Factors) -> nn.Module:
    """Find the module that matrices belong to, adapters it has looked through."""
    return list_adaptable(models[factors.part])[_real_path(models[factors.part], factors.module)]


def _known_names(
    models: Mapping[str, nn.Module], modules: Mapping[str, Mapping[str, nn.Module]]
) -> dict[str, tuple[str, str]]:
    config: Any = models["unet"].config
    return {
        name: (part, path.removeprefix("text_model."))
        for part, paths in modules.items()
        for name, path in list_kohya_names(part, paths, config=config).items()
    }


def _find_misfit(factors: Factors, modules: Mapping[str, Mapping[str, nn.Module]]) -> str | None:
    """Say in what a module's matrices do not fit; None where they do."""
    name = f"{factors.part}.{factors.module}"
    paths = modules.get(factors.part, {})
    module = paths.get(factors.module) or paths.get(f"text_model.{factors.module}")
    if module is None:
        return name
    weight: Any = module.weight
    shapes = {name: tensor.to("meta") for name, tensor in factors.tensors.items()}
    try:  # without numbers: shapes alone tell
        find_change(replace(factors, tensors=shapes), weight.detach().to("meta"))
    except (RuntimeError, IndexError, ValueError):
        outputs, inputs = weight.shape[:2]
        return f"{name} (here {inputs} inputs, {outputs} outputs; {_describe_size(factors)})"
    return None


def _describe_size(factors: Factors) -> str:
    tensors: Mapping[str, Tensor] = factors.tensors
    if "down" in tensors:
        return f"there {tensors['down'].shape[1]} and {tensors['up'].shape[0]}"
    if "hada_w1_a" in tensors:
        return f"there {tensors['hada_w1_b'].shape[-1]} and {tensors['hada_w1_a'].shape[0]}"
    return "there another size"


def _real_path(model: nn.Module, path: str) -> str:
    return f"text_model.{path}" if hasattr(model, "text_model") else path


def _refuse(path: Path, tensors: Mapping[str, Tensor], strangers: Sequence[str]) -> None:
    listed = ", ".join(strangers[:_SHOWN])
    more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
    raise AdapterError(
        f"{path}: {len(strangers)} names of {len(tensors)} matrices have no place in this base: "
        f"{listed}{more}",
        fix="give the base this adapter was trained on with --base, or another adapter",
    )
