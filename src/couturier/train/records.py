"""What a training run leaves: settings, metrics, samples, and the adapter's final tensors."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from couturier.errors import AdapterError
from couturier.files import read_json_lines, replace_folder_whole, write_json
from couturier.runs import read_manifest

STAGE = "train"
WEIGHTS_FILE = "pytorch_lora_weights.safetensors"
FINAL_FOLDER = "final_tensors"
BEST_FOLDER = "best"
METRICS_FILE = "metrics.jsonl"
SETTINGS_FILE = "settings.toml"
CHOICE_FILE = "choice.json"


@dataclass(frozen=True)
class TrainedRun:
    """A finished or running `models/NAME` folder.

    Attributes:
        folder: The run folder.
        weights: Its final tensors; None while it is still running.
        manifest: What `manifest.json` says: status, base, data set, counts, seconds.
        metrics: One dictionary a logged step, in order.
        samples: Grids drawn during training, by step.
    """

    folder: Path
    weights: Path | None
    manifest: dict[str, Any]
    metrics: tuple[dict[str, Any], ...]
    samples: tuple[Path, ...]


def read_run(folder: Path) -> TrainedRun:
    """Read what a training run left on disk.

    Raises:
        AdapterError: the folder is no training run.
    """
    manifest = read_manifest(folder)
    if manifest.get("stage") != STAGE:
        raise AdapterError(
            f"{folder}: no training run (no manifest.json of `couturier train`)",
            fix="give the folder that `couturier train --out` wrote, such as models/NAME",
        )
    weights = folder / FINAL_FOLDER / WEIGHTS_FILE
    metrics = folder / METRICS_FILE
    rows = tuple(row for _, row in read_json_lines(metrics)) if metrics.is_file() else ()
    return TrainedRun(
        folder=folder,
        weights=weights if weights.is_file() else None,
        manifest=manifest,
        metrics=rows,
        samples=tuple(sorted((folder / "samples").glob("step-*.jpg"))),
    )


def adopt_checkpoint(run: Path, checkpoint: Path, *, why: str) -> Path:
    """Make a checkpoint's adapter the run's final tensors, and note in choice.json why.

    Training itself cannot see what its pictures show; who has looked at them decides by this.

    Args:
        run: The run folder.
        checkpoint: One of its checkpoints, such as checkpoints/step-000500.
        why: The reason, for people.

    Returns:
        The final tensors.
    """
    with replace_folder_whole(run / FINAL_FOLDER) as folder:
        shutil.copy(checkpoint / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    write_json(run / CHOICE_FILE, {"format": 1, "chosen": checkpoint.name, "why": why})
    return run / FINAL_FOLDER / WEIGHTS_FILE


def find_weights(adapter: Path) -> Path:
    """Find the safetensors file that `--lora PATH` means.

    Args:
        adapter: A run folder, its `final_tensors`, or a .safetensors file.

    Raises:
        AdapterError: nothing there can be loaded.
    """
    if adapter.is_file() and adapter.suffix == ".safetensors":
        return adapter
    for candidate in (adapter / FINAL_FOLDER / WEIGHTS_FILE, adapter / WEIGHTS_FILE):
        if candidate.is_file():
            return candidate
    raise AdapterError(
        f"{adapter}: no adapter there (looked for {FINAL_FOLDER}/{WEIGHTS_FILE})",
        fix="give a folder that `couturier train` finished, or a .safetensors file",
    )
