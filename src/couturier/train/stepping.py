"""One optimizer step: forward, backward, gradients of all processes added, clipped, stepped."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from couturier.diffusion.loss import NoisedBatch, denoising_losses
from couturier.diffusion.word_loss import word_losses
from couturier.errors import TrainingError
from couturier.train.batches import Noising, pick
from couturier.train.bench import Bench
from couturier.train.checkpoints import Progress
from couturier.train.rates import learning_rate_at


def take_step(bench: Bench, progress: Progress, *, scaler: Any, is_stopped: bool) -> bool:
    """Show one step's pictures, in as many batches as accumulate, and step once.

    Args:
        bench: All it works with.
        progress: Counted on by one step.
        scaler: Of gradients under fp16, or None.
        is_stopped: Whether this process was asked to stop.

    Returns:
        Whether any process was asked to stop.

    Raises:
        TrainingError: a loss or a gradient is no number; names the batch's pictures.
    """
    bench.optimizer.zero_grad()
    total = torch.zeros((), device=bench.crew.device)
    strange: list[str] = []
    n_parts = bench.settings.gradient_accumulation
    for part in range(n_parts):
        number = progress.step * n_parts + part
        losses = _measure(bench, number)
        loss = losses.sum() / _count(bench)
        (scaler.scale(loss) if scaler else loss).backward()
        _announce(bench, number + 1)
        strange += _name_strange(bench, number, losses)  # a GPU is waited for here, not before
        total += loss.detach()
    stops = _exchange(bench, progress.step, total=total, strange=strange, is_stopped=is_stopped)
    _descend(bench, progress, scaler)
    progress.step += 1
    progress.window.append(total.item())
    if bench.average:
        bench.average.update(progress.step)
    return stops


def _measure(bench: Bench, number: int) -> Tensor:
    """Measure the loss of one batch, and of as many class pictures; (batch,)."""
    serials = _own(bench, number)
    losses = _denoise(bench, bench.ahead.take(bench.shown, serials, _noising(bench)))
    if bench.prior is not None:
        kept = bench.ahead.take(bench.prior, serials, _noising_of_prior(bench))
        losses = losses + bench.settings.prior_weight * _denoise(bench, kept)
    return losses


def _announce(bench: Bench, number: int) -> None:
    """Let the next batch be made, where there is one."""
    settings = bench.settings
    if number < settings.max_steps * settings.gradient_accumulation:
        serials = _own(bench, number)
        bench.ahead.announce(bench.shown, serials, _noising(bench))
        if bench.prior is not None:
            bench.ahead.announce(bench.prior, serials, _noising_of_prior(bench))


def _noising(bench: Bench) -> Noising:
    settings = bench.settings
    return Noising(
        seed=settings.seed,
        schedule=bench.schedule,
        dropout=settings.caption_dropout,
        offset=settings.offset_noise,
        background_weight=settings.background_weight,
        words=settings.attention_weight > 0,
    )


def _noising_of_prior(bench: Bench) -> Noising:
    settings = bench.settings
    return Noising(
        seed=settings.seed, schedule=bench.schedule, offset=settings.offset_noise, name="prior "
    )


def _denoise(bench: Bench, batch: NoisedBatch) -> Tensor:
    if bench.watch is None or batch.words is None:
        return _compare(bench, batch)
    with bench.watch as watch:
        losses = _compare(bench, batch)
    return losses + bench.settings.attention_weight * word_losses(watch.kept, batch.words)


def _compare(bench: Bench, batch: NoisedBatch) -> Tensor:
    return denoising_losses(
        bench.asked,
        batch,
        schedule=bench.schedule,
        placement=bench.parts.placement,
        min_snr_gamma=bench.settings.min_snr_gamma,
    )


def _exchange(
    bench: Bench, step: int, *, total: Tensor, strange: list[str], is_stopped: bool
) -> bool:
    """Add up what the processes have: gradients, the loss, who is in trouble, who should stop."""
    crew = bench.crew
    told = torch.tensor([float(len(strange)), float(is_stopped)], device=crew.device)
    if crew.size > 1:
        for parameter in bench.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [one.grad for one in bench.parameters if one.grad is not None]
        crew.add_up([*gradients, total, told])
    if told[0] > 0:
        _refuse(step, crew.collect(strange), "loss")
    return bool(told[1] > 0)


def _descend(bench: Bench, progress: Progress, scaler: Any) -> None:
    if scaler:
        scaler.unscale_(bench.optimizer)
    length = torch.nn.utils.clip_grad_norm_(bench.parameters, bench.settings.max_grad_norm)
    if scaler is None and not torch.isfinite(length):  # a gradient scaler skips such steps itself
        shown = range(progress.step * _count(bench), (progress.step + 1) * _count(bench))
        _refuse(progress.step, _name(bench, shown), "gradient")
    for group in bench.optimizer.param_groups:
        group["lr"] = learning_rate_at(progress.step, bench.settings)
    if scaler:
        scaler.step(bench.optimizer)
        scaler.update()
    else:
        bench.optimizer.step()


def _count(bench: Bench) -> int:
    return bench.settings.batch_size * bench.settings.gradient_accumulation


def _own(bench: Bench, number: int) -> list[int]:
    """Number this process's pictures of a batch, batches counted from the run's first."""
    size = bench.settings.batch_size
    return list(bench.crew.share(range(number * size, (number + 1) * size)))


def _name_strange(bench: Bench, number: int, losses: Tensor) -> list[str]:
    """Name the pictures whose loss is NaN or Inf."""
    serials, finite = _own(bench, number), torch.isfinite(losses).tolist()
    return _name(bench, [n for n, is_finite in zip(serials, finite, strict=True) if not is_finite])


def _name(bench: Bench, serials: Sequence[int]) -> list[str]:
    shown = bench.shown
    return [shown.examples[pick(shown, n, seed=bench.settings.seed)].name for n in serials]


def _refuse(step: int, names: Sequence[str], what: str) -> None:
    """Stop at pictures that gave no number, before anything of this step is saved."""
    raise TrainingError(
        f"step {step + 1}: the {what} is no number (NaN or Inf) on "
        f"{', '.join(dict.fromkeys(names))}",
        fix="look at these pictures; else lower train.learning_rate or set "
        "train.mixed_precision=fp32; nothing was saved after the last checkpoint",
    )
