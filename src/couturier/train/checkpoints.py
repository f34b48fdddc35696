"""Checkpoints: all that going on needs, whole or not at all; damaged ones are passed by."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from couturier.diffusion.adapters.training import ADAPTER_FILE, restore_adapters, save_adapters
from couturier.diffusion.denoiser import Denoiser
from couturier.errors import AdapterError, StorageError
from couturier.files import hash_file, read_json, replace_folder_whole, write_json
from couturier.train.averages import Average

FOLDER = "checkpoints"
_STATE_FILE = "state.json"
_OPTIMIZER_FILE = "optimizer.safetensors"
_AVERAGE_FILE = "average.safetensors"
_FORMAT = 2


@dataclass
class Progress:
    """How far a run is; the loop counts it on.

    Attributes:
        step: Optimizer steps done.
        window: Losses since the last line of metrics.jsonl.
        seconds: Training time so far, over all sittings.
        scaler: State of the gradient scaler under fp16; {} without one.
    """

    step: int
    window: list[float]
    seconds: float
    scaler: dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """What a checkpoint puts away and brings back.

    Attributes:
        denoiser: Holds the adapters.
        optimizer: Of exactly the adapters' parameters.
        average: Their running mean, or None.
    """

    denoiser: Denoiser
    optimizer: torch.optim.Optimizer
    average: Average | None = None


def save_checkpoint(
    out: Path, trained: Trained, *, progress: Progress, metadata: dict[str, Any], n_kept: int = 3
) -> Path:
    """Write `checkpoints/step-000500/`, and remove all but the newest.

    Args:
        out: The run folder.
        trained: What to put away.
        progress: How far the run is.
        metadata: What the adapter file says of itself.
        n_kept: How many of the newest stay.
    """
    path = out / FOLDER / f"step-{progress.step:06d}"
    tensors, plain = _flatten(trained)
    with replace_folder_whole(path) as folder:
        save_adapters(folder, trained.denoiser, metadata)
        save_file(tensors, folder / _OPTIMIZER_FILE)
        names = [ADAPTER_FILE, _OPTIMIZER_FILE]
        if trained.average:
            save_file(
                {name: tensor.cpu() for name, tensor in trained.average.tensors.items()},
                folder / _AVERAGE_FILE,
            )
            names.append(_AVERAGE_FILE)
        state = {
            "format": _FORMAT,
            "step": progress.step,
            "window": progress.window,
            "seconds": progress.seconds,
            "scaler": progress.scaler,
            "optimizer": plain,
            "sha256": {name: hash_file(folder / name) for name in names},
        }
        write_json(folder / _STATE_FILE, state)
    for old in list_checkpoints(out)[n_kept:]:
        shutil.rmtree(old)
    return path


def list_checkpoints(out: Path) -> list[Path]:
    """List a run's checkpoint folders, newest first."""
    found = (out / FOLDER).glob("step-*")
    return sorted((p for p in found if re.fullmatch(r"step-\d{6,}", p.name)), key=_step_of)[::-1]


def find_whole_checkpoint(out: Path) -> tuple[Path | None, list[Path]]:
    """Find the newest checkpoint whose files are as written, and the damaged newer ones."""
    damaged: list[Path] = []
    for path in list_checkpoints(out):
        if _is_whole(path):
            return path, damaged
        damaged.append(path)
    return None, damaged


def load_checkpoint(path: Path, trained: Trained) -> Progress:
    """Put a checkpoint back into the adapters, the optimizer and the running mean.

    Raises:
        AdapterError: it holds other matrices than these.
    """
    restore_adapters(trained.denoiser, path / ADAPTER_FILE)
    state = read_json(path / _STATE_FILE)
    _unflatten(load_file(path / _OPTIMIZER_FILE), state["optimizer"], trained)
    if trained.average and (path / _AVERAGE_FILE).is_file():
        trained.average.restore(load_file(path / _AVERAGE_FILE))
    return Progress(state["step"], state["window"], state["seconds"], state["scaler"])


def name_trained(denoiser: Denoiser) -> dict[str, torch.nn.Parameter]:
    """Name the trained parameters, in the order in which the optimizer is given them."""
    return {name: one for name, one in denoiser.named_parameters() if one.requires_grad}


def _is_whole(path: Path) -> bool:
    try:
        state = read_json(path / _STATE_FILE)
        return bool(
            state["format"] == _FORMAT
            and all(hash_file(path / name) == digest for name, digest in state["sha256"].items())
        )
    except (StorageError, AdapterError, KeyError, TypeError, AttributeError):
        return False


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _flatten(trained: Trained) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Part an optimizer's state into tensors by name and the plain values beside them.

    Some optimizers keep what they find out in their groups (Prodigy its distance, schedule-free
    its weights), some keep numbers among the tensors.
    """
    names = list(name_trained(trained.denoiser))
    state, defaults = trained.optimizer.state_dict(), trained.optimizer.defaults
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for number, values in state["state"].items():
        for key, value in _walk(values):
            _put(f"{key}.{names[number]}", value, tensors=tensors, plain=plain)
    for number, group in enumerate(state["param_groups"]):
        for key, value in group.items():
            # What it began with it begins with again; Prodigy's holds inf, which is no JSON.
            is_default = (
                key in defaults and not isinstance(value, Tensor) and value == defaults[key]
            )
            if key != "params" and not is_default:
                _put(f"{key}.group {number}", value, tensors=tensors, plain=plain)
    return tensors, plain


def _walk(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):  # bitsandbytes wraps what it packed
            yield from _walk(value)
        else:
            yield key, value


def _put(name: str, value: Any, *, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().contiguous().clone()
    else:
        plain[name] = value


def _unflatten(tensors: dict[str, Tensor], plain: dict[str, Any], trained: Trained) -> None:
    numbers = {name: number for number, name in enumerate(name_trained(trained.denoiser))}
    fresh = trained.optimizer.state_dict()
    states: dict[int, dict[str, Any]] = {}
    groups = [dict(group) for group in fresh["param_groups"]]
    for full_name, value in {**tensors, **plain}.items():
        key, _, name = full_name.partition(".")
        if name.startswith("group "):
            group = groups[int(name.removeprefix("group "))]
            group[key] = tuple(value) if isinstance(group.get(key), tuple) else value
        else:
            states.setdefault(numbers[name], {})[key] = value
    trained.optimizer.load_state_dict({"state": states, "param_groups": groups})
