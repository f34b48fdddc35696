"""The steps themselves: forward, backward, clip, step; logging, samples and checkpoints between."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from couturier.diffusion.device import Placement
from couturier.diffusion.loading import BaseParts
from couturier.diffusion.loss import denoising_losses
from couturier.diffusion.schedule import NoiseSchedule
from couturier.errors import TrainingError
from couturier.files import append_json_line
from couturier.runs import OnStep
from couturier.train.batches import Deck, build_batch, pick
from couturier.train.checkpoints import Progress, save_checkpoint
from couturier.train.heldout import measure_held_out
from couturier.train.records import METRICS_FILE
from couturier.train.samples import draw_samples
from couturier.train.settings import TrainSettings


@dataclass(frozen=True)
class Bench:
    """Everything the steps work with.

    Attributes:
        out: The run folder.
        settings: As resolved: every default filled in.
        parts: The base, its UNet with adapters.
        schedule: The base's noise schedule.
        shown: Pictures to learn from.
        held_out: Pictures to measure on.
        parameters: What is trained.
        optimizer: Of `parameters`.
        metadata: What the adapter files say of themselves.
        on_step: Told about every step.
    """

    out: Path
    settings: TrainSettings
    parts: BaseParts
    schedule: NoiseSchedule
    shown: Deck
    held_out: Deck
    parameters: list[nn.Parameter]
    optimizer: torch.optim.Optimizer
    metadata: dict[str, Any]
    on_step: OnStep


def build_optimizer(
    parameters: list[nn.Parameter], settings: TrainSettings
) -> torch.optim.Optimizer:
    """Build AdamW with the run's settings; the learning rate is set anew at every step."""
    return torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Give the learning rate of the step after `step` steps are done."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    share = (step - settings.warmup_steps) / max(1, settings.max_steps - settings.warmup_steps)
    shapes = {
        "constant": 1.0,
        "linear": 1.0 - share,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * share)),
    }
    return settings.learning_rate * shapes[settings.lr_scheduler]


def run_steps(bench: Bench, progress: Progress) -> Progress:
    """Train from where `progress` is to the last step.

    Ctrl-C saves a checkpoint after the running step, then stops; a second one stops at once.

    Raises:
        TrainingError: a loss or a gradient is no number; names the batch's pictures.
        KeyboardInterrupt: Ctrl-C, after the checkpoint was saved.
    """
    accelerator = _open_accelerator(bench.parts.placement)
    denoiser, optimizer = accelerator.prepare(bench.parts.denoiser, bench.optimizer)
    if accelerator.scaler is not None and progress.scaler:
        accelerator.scaler.load_state_dict(progress.scaler)
    if progress.step == 0:
        _look(bench, progress)
    with _stop_between_steps() as is_stopped:
        while progress.step < bench.settings.max_steps and not is_stopped():
            begun = time.perf_counter()
            _take_step(
                bench, progress, accelerator=accelerator, denoiser=denoiser, optimizer=optimizer
            )
            seconds = time.perf_counter() - begun
            progress.seconds += seconds
            _note_step(_hurried(bench, is_stopped), progress, seconds=seconds)
            if is_stopped() or _is_due(progress.step, bench.settings.checkpoint_every, bench):
                progress.scaler = accelerator.scaler.state_dict() if accelerator.scaler else {}
                _save(bench, progress)
        if is_stopped():
            raise KeyboardInterrupt(f"stopped at step {progress.step}, which is saved")
    accelerator.free_memory()
    return progress


def _hurried(bench: Bench, is_stopped: Callable[[], bool]) -> Bench:
    """Give a bench whose notes break off what is noted, once Ctrl-C was pressed."""

    def tell(done: int, total: int, note: str) -> None:
        bench.on_step(done, total, note)
        if is_stopped():
            raise _BreakOffError

    return replace(bench, on_step=tell)


class _BreakOffError(Exception):
    """Ends the drawing of samples, which takes minutes on a slow machine."""


def _take_step(
    bench: Bench, progress: Progress, *, accelerator: Accelerator, denoiser: Any, optimizer: Any
) -> None:
    """Show one step's pictures, in as many batches as accumulate, and step once."""
    settings = bench.settings
    optimizer.zero_grad()
    total = 0.0
    for part in range(settings.gradient_accumulation):
        serials = _serials(settings, progress.step, part)
        losses = denoising_losses(
            denoiser,
            build_batch(
                bench.shown,
                serials,
                seed=settings.seed,
                schedule=bench.schedule,
                dropout=settings.caption_dropout,
            ),
            schedule=bench.schedule,
            placement=bench.parts.placement,
            min_snr_gamma=settings.min_snr_gamma,
        )
        _refuse(bench, progress.step, _pick_strange(serials, losses), "loss")
        loss = losses.mean() / settings.gradient_accumulation
        accelerator.backward(loss)
        total += loss.item()
    length = accelerator.clip_grad_norm_(bench.parameters, settings.max_grad_norm)
    if accelerator.scaler is None:  # a gradient scaler skips such steps by itself
        shown = [] if torch.isfinite(length) else _serials(settings, progress.step)
        _refuse(bench, progress.step, shown, "gradient")
    for group in optimizer.param_groups:
        group["lr"] = learning_rate_at(progress.step, settings)
    optimizer.step()
    progress.step += 1
    progress.window.append(total)


def _serials(settings: TrainSettings, step: int, part: int | None = None) -> range:
    """Number the pictures of a step, or of one of the batches that add up to it."""
    size = settings.batch_size
    first = step * settings.gradient_accumulation * size
    if part is None:
        return range(first, first + settings.gradient_accumulation * size)
    return range(first + part * size, first + (part + 1) * size)


def _pick_strange(serials: range, losses: Tensor) -> list[int]:
    """Give the serial numbers of pictures whose loss is NaN or Inf."""
    finite = torch.isfinite(losses).tolist()
    return [serial for serial, is_finite in zip(serials, finite, strict=True) if not is_finite]


def _refuse(bench: Bench, step: int, strange: Sequence[int], what: str) -> None:
    """Stop at pictures that gave no number, before anything of this step is saved."""
    if not strange:
        return
    examples = bench.shown.examples
    names = [examples[pick(bench.settings.seed, n, len(examples))].name for n in strange]
    raise TrainingError(
        f"step {step + 1}: the {what} is no number (NaN or Inf) on "
        f"{', '.join(dict.fromkeys(names))}",
        fix="look at these pictures; else lower train.learning_rate or set "
        "train.mixed_precision=fp32; nothing was saved after the last checkpoint",
    )


def _note_step(bench: Bench, progress: Progress, *, seconds: float) -> None:
    settings = bench.settings
    pictures = settings.batch_size * settings.gradient_accumulation
    speed = pictures / seconds
    note = f"loss {progress.window[-1]:.4f}  {speed:.1f} pictures/s"
    with suppress(_BreakOffError):
        bench.on_step(progress.step, settings.max_steps, note)
    if _is_due(progress.step, settings.validation_every, bench):
        _look(bench, progress)
    elif _is_due(progress.step, settings.log_every, bench):
        _log(bench, progress, held_out_loss=None)


def _look(bench: Bench, progress: Progress) -> None:
    """Measure the held-out loss and draw the samples, with the adapters as they are now."""
    held_out_loss = measure_held_out(
        bench.parts.denoiser,
        bench.held_out,
        seed=bench.settings.seed,
        schedule=bench.schedule,
        placement=bench.parts.placement,
    )
    if held_out_loss is not None and not math.isfinite(held_out_loss):
        raise TrainingError(
            f"step {progress.step}: the held-out loss is no number (NaN or Inf)",
            fix="lower train.learning_rate, or set train.mixed_precision=fp32; at step 0 the base "
            "itself is damaged: fetch it anew",
        )
    _log(bench, progress, held_out_loss=held_out_loss)
    with suppress(_BreakOffError):
        draw_samples(
            bench.out,
            bench.parts,
            step=progress.step,
            settings=bench.settings,
            on_step=bench.on_step,
        )


def _log(bench: Bench, progress: Progress, *, held_out_loss: float | None) -> None:
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
    window.clear()


def _save(bench: Bench, progress: Progress) -> None:
    save_checkpoint(
        bench.out,
        bench.parts.denoiser,
        bench.optimizer,
        progress=progress,
        metadata={**bench.metadata, "step": progress.step},
    )


def _is_due(step: int, every: int, bench: Bench) -> bool:
    return step % every == 0 or step == bench.settings.max_steps


def _open_accelerator(placement: Placement) -> Accelerator:
    """Open accelerate on the placement's device; autocast stays with the placement.

    Mixed precision is named to it only under fp16, for the gradient scaler.
    """
    # A second run in one process (the studio, the tests) may want another device or precision.
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(
        cpu=placement.device == "cpu",
        mixed_precision="fp16" if placement.weights_dtype is torch.float16 else "no",
    )


@contextmanager
def _stop_between_steps() -> Iterator[Any]:
    """Turn the first Ctrl-C into a question asked between steps; the second one stops at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set  # only the main thread may listen for Ctrl-C
        return

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    former = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, former)
