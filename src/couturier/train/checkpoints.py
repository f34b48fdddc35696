"""Checkpoints: all that going on needs, whole or not at all; damaged ones are passed by."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from couturier.diffusion.adapters.training import ADAPTER_FILE, restore_adapters, save_adapters
from couturier.diffusion.denoiser import Denoiser
from couturier.errors import AdapterError, StorageError
from couturier.files import hash_file, read_json, replace_folder_whole, write_json

FOLDER = "checkpoints"
KEPT = 3
_STATE_FILE = "state.json"
_OPTIMIZER_FILE = "optimizer.safetensors"
_FORMAT = 1


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


def save_checkpoint(
    out: Path,
    denoiser: Denoiser,
    optimizer: torch.optim.Optimizer,
    *,
    progress: Progress,
    metadata: dict[str, Any],
) -> Path:
    """Write `checkpoints/step-000500/`, and remove all but the newest three.

    Args:
        out: The run folder.
        denoiser: Holds the adapters.
        optimizer: Of exactly the adapters' parameters.
        progress: How far the run is.
        metadata: What the adapter file says of itself.
    """
    path = out / FOLDER / f"step-{progress.step:06d}"
    with replace_folder_whole(path) as folder:
        save_adapters(folder, denoiser, metadata)
        save_file(_flatten(optimizer, denoiser), folder / _OPTIMIZER_FILE)
        files = {name: hash_file(folder / name) for name in (ADAPTER_FILE, _OPTIMIZER_FILE)}
        state = {
            "format": _FORMAT,
            "step": progress.step,
            "window": progress.window,
            "seconds": progress.seconds,
            "scaler": progress.scaler,
            "sha256": files,
        }
        write_json(folder / _STATE_FILE, state)
    for old in list_checkpoints(out)[KEPT:]:
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


def load_checkpoint(path: Path, denoiser: Denoiser, optimizer: torch.optim.Optimizer) -> Progress:
    """Put a checkpoint back into the adapters and the optimizer.

    Raises:
        AdapterError: it holds other matrices than these.
    """
    restore_adapters(denoiser, path / ADAPTER_FILE)
    _unflatten(load_file(path / _OPTIMIZER_FILE), optimizer, denoiser)
    state = read_json(path / _STATE_FILE)
    return Progress(state["step"], state["window"], state["seconds"], state["scaler"])


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


def _trained_names(denoiser: Denoiser) -> list[str]:
    """Name the trained parameters in the order the optimizer was given them."""
    return [name for name, parameter in denoiser.named_parameters() if parameter.requires_grad]


def _flatten(optimizer: torch.optim.Optimizer, denoiser: Denoiser) -> dict[str, torch.Tensor]:
    states = optimizer.state_dict()["state"]
    names = _trained_names(denoiser)
    return {
        f"{key}.{names[number]}": tensor.detach().cpu().contiguous()
        for number, state in states.items()
        for key, tensor in state.items()
    }


def _unflatten(
    tensors: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    denoiser: Denoiser,
) -> None:
    numbers = {name: number for number, name in enumerate(_trained_names(denoiser))}
    states: dict[int, dict[str, torch.Tensor]] = {}
    for full_name, tensor in tensors.items():
        key, _, name = full_name.partition(".")
        states.setdefault(numbers[name], {})[key] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": states, "param_groups": groups})
