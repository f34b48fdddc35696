"""Looking up from training: held-out loss, samples, metrics, and the best adapter so far."""

import math
from pathlib import Path
from typing import Any

from couturier.diffusion.adapters.training import save_adapters
from couturier.errors import TrainingError
from couturier.files import append_json_line, read_json, replace_folder_whole, write_json
from couturier.train.averages import show_average
from couturier.train.bench import Bench
from couturier.train.checkpoints import Progress, name_trained
from couturier.train.heldout import measure_held_out
from couturier.train.rates import learning_rate_at
from couturier.train.records import BEST_FOLDER, METRICS_FILE
from couturier.train.samples import draw_samples

_BEST_FILE = "best.json"
# By how much the held-out loss must have risen from its lowest to be called over-training.
_RISEN = 1.01


def look(bench: Bench, progress: Progress) -> None:
    """Measure the held-out loss and draw the samples, with the weights that would be saved now."""
    if not bench.crew.leads:
        return
    with show_average(name_trained(bench.parts.denoiser), bench.average, bench.optimizer):
        held_out_loss = measure_held_out(
            bench.parts.denoiser,
            bench.held_out,
            seed=bench.settings.seed,
            schedule=bench.schedule,
            placement=bench.parts.placement,
        )
        _require_number(progress.step, held_out_loss)
        log(bench, progress, held_out_loss=held_out_loss)
        if held_out_loss is not None and progress.step:
            _keep_best(bench, progress.step, held_out_loss)
        draw_samples(
            bench.out,
            bench.parts,
            step=progress.step,
            settings=bench.settings,
            on_step=bench.on_step,
        )


def log(bench: Bench, progress: Progress, *, held_out_loss: float | None) -> None:
    """Write one line of metrics.jsonl, to the tracker too, and begin the next mean."""
    if not bench.crew.leads:
        return
    window = progress.window
    settings = bench.settings
    pictures = progress.step * settings.batch_size * settings.gradient_accumulation
    row = {
        "step": progress.step,
        "loss": sum(window) / len(window) if window else None,
        "held_out_loss": held_out_loss,
        "learning_rate": learning_rate_at(max(0, progress.step - 1), settings),
        "pictures_per_second": round(pictures / progress.seconds, 2) if progress.seconds else None,
    }
    append_json_line(bench.out / METRICS_FILE, row)
    bench.tracker(row)
    window.clear()


def read_best(out: Path) -> dict[str, Any] | None:
    """Tell step and held-out loss of the adapter in best/; None where there is none."""
    path = out / BEST_FOLDER / _BEST_FILE
    return dict(read_json(path)) if path.is_file() else None


def judge_ending(out: Path, last_loss: float | None) -> str:
    """Say in a sentence whether the run learnt by heart; "" where it did not or nobody knows.

    Args:
        out: The run folder.
        last_loss: The held-out loss at the last step.
    """
    best = read_best(out)
    if best is None or last_loss is None or last_loss <= _RISEN * best["held_out_loss"]:
        return ""
    return (
        f"over-training: the held-out loss was lowest at step {best['step']} "
        f"({best['held_out_loss']:.4f}) and is {last_loss:.4f} now; since then pictures are learnt "
        f"by heart. The adapter of that step is in {(out / BEST_FOLDER).as_posix()}"
    )


def _require_number(step: int, held_out_loss: float | None) -> None:
    if held_out_loss is not None and not math.isfinite(held_out_loss):
        raise TrainingError(
            f"step {step}: the held-out loss is no number (NaN or Inf)",
            fix="lower train.learning_rate, or set train.mixed_precision=fp32; at step 0 the base "
            "itself is damaged: fetch it anew",
        )


def _keep_best(bench: Bench, step: int, held_out_loss: float) -> None:
    best = read_best(bench.out)
    if best is not None and best["held_out_loss"] <= held_out_loss:
        return
    metadata = {**bench.metadata, "step": step}
    with replace_folder_whole(bench.out / BEST_FOLDER) as folder:
        save_adapters(folder, bench.parts.denoiser, metadata)
        write_json(folder / _BEST_FILE, {"format": 1, "step": step, "held_out_loss": held_out_loss})
