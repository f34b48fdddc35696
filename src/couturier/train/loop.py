"""The run's course: step after step; metrics, samples and checkpoints between; stopping cleanly."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import torch

from couturier.train.bench import Bench
from couturier.train.checkpoints import Progress, Trained, save_checkpoint
from couturier.train.looking import log, look
from couturier.train.stepping import take_step


def run_steps(bench: Bench, progress: Progress) -> Progress:
    """Train from where `progress` is to the last step.

    Ctrl-C saves a checkpoint after the running step, then stops; a second one stops at once.

    Raises:
        TrainingError: a loss or a gradient is no number; names the batch's pictures.
        KeyboardInterrupt: Ctrl-C, after the checkpoint was saved.
    """
    scaler = _open_scaler(bench, progress)
    if progress.step == 0:
        look(bench, progress)
    stops = False
    with _stop_between_steps() as is_stopped:
        while progress.step < bench.settings.max_steps and not stops:
            begun = time.perf_counter()
            stops = take_step(bench, progress, scaler=scaler, is_stopped=is_stopped())
            seconds = time.perf_counter() - begun
            progress.seconds += seconds
            _note_step(_hurried(bench, is_stopped), progress, seconds=seconds)
            stops = stops or (bench.crew.size == 1 and is_stopped())
            if stops or _is_due(progress.step, bench.settings.checkpoint_every, bench):
                progress.scaler = scaler.state_dict() if scaler else {}
                _save(bench, progress)
    if stops:
        raise KeyboardInterrupt(f"stopped at step {progress.step}, which is saved")
    return progress


def _open_scaler(bench: Bench, progress: Progress) -> Any:
    """Open a gradient scaler where gradients are fp16; else None."""
    placement = bench.parts.placement
    if placement.weights_dtype is not torch.float16 or placement.device != "cuda":
        return None
    scaler = torch.amp.GradScaler(placement.device)
    if progress.scaler:
        scaler.load_state_dict(progress.scaler)
    return scaler


def _hurried(bench: Bench, is_stopped: Callable[[], bool]) -> Bench:
    """Give a bench whose notes break off what is noted, once Ctrl-C was pressed."""

    def tell(done: int, total: int, note: str) -> None:
        bench.on_step(done, total, note)
        if is_stopped():
            raise _BreakOffError

    return replace(bench, on_step=tell)


class _BreakOffError(Exception):
    """Ends the drawing of samples, which takes minutes on a slow machine."""


def _note_step(bench: Bench, progress: Progress, *, seconds: float) -> None:
    settings = bench.settings
    speed = settings.batch_size * settings.gradient_accumulation / seconds
    note = f"loss {progress.window[-1]:.4f}  {speed:.1f} pictures/s"
    with suppress(_BreakOffError):
        bench.on_step(progress.step, settings.max_steps, note)
    if _is_due(progress.step, settings.validation_every, bench):
        with suppress(_BreakOffError):
            look(bench, progress)
    elif _is_due(progress.step, settings.log_every, bench):
        log(bench, progress, held_out_loss=None)


def _save(bench: Bench, progress: Progress) -> None:
    if bench.crew.leads:
        save_checkpoint(
            bench.out,
            Trained(bench.parts.denoiser, bench.optimizer, bench.average),
            progress=progress,
            metadata={**bench.metadata, "step": progress.step},
            n_kept=bench.settings.checkpoints_kept,
        )
    bench.crew.wait()


def _is_due(step: int, every: int, bench: Bench) -> bool:
    return step % every == 0 or step == bench.settings.max_steps


@contextmanager
def _stop_between_steps() -> Iterator[Callable[[], bool]]:
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
