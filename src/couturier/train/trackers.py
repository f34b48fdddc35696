"""Trackers: metrics told to TensorBoard, Weights & Biases or MLflow besides metrics.jsonl."""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate.tracking import MLflowTracker, TensorBoardTracker, WandBTracker

from couturier.errors import MissingExtraError

Tell = Callable[[dict[str, Any]], None]


def require_tracker(name: str) -> None:
    """Check that the tracker's library is installed, before any weights load.

    Raises:
        MissingExtraError: it is not; the fix names the command that installs it.
    """
    if name != "none" and importlib.util.find_spec(name) is None:
        raise MissingExtraError(
            f"train.tracker = {name}: {name} is not installed",
            fix=f"pip install 'couturier[{name}]', or use train.tracker=none",
        )


@contextmanager
def open_tracker(name: str, out: Path, settings: Mapping[str, Any]) -> Iterator[Tell]:
    """Open a tracker for a run; yields what tells it a line of metrics.

    Args:
        name: "none", "tensorboard" (writes out/tracker), "wandb" or "mlflow".
        out: The run folder.
        settings: Of the run, told once.
    """
    if name == "none":
        yield _tell_nobody
        return
    tracker = _open(name, out)
    # Their tables of settings take words and numbers only.
    tracker.store_init_configuration({k: v for k, v in settings.items() if v is not None})

    def tell(row: dict[str, Any]) -> None:
        values = {key: value for key, value in row.items() if key != "step" and value is not None}
        tracker.log(values, step=row["step"])

    try:
        yield tell
    finally:
        tracker.finish()


def _open(name: str, out: Path) -> Any:
    run = out.resolve().name
    opened: Any
    if name == "tensorboard":
        opened = TensorBoardTracker(run, logging_dir=out / "tracker")
    elif name == "wandb":
        opened = WandBTracker("couturier", name=run, dir=str(out))
    else:
        opened = MLflowTracker(experiment_name="couturier", run_name=run)
    opened.start()
    return opened


def _tell_nobody(_row: dict[str, Any]) -> None:
    return
