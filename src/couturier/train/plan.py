"""The plan of a run: time, peak memory and disk it will take, told before any weights load."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from couturier.dataset.records import HELD_OUT
from couturier.diffusion.adapters.training import AdapterPlan
from couturier.files import read_json
from couturier.runs import OnStep
from couturier.train.cost import Speed, Work, count_encoding, count_step, measure_speed
from couturier.train.heldout import MAX_PICTURES
from couturier.train.order import Order, check_order
from couturier.train.settings import TrainSettings

_SAMPLED_TOKENS = 77
_ROOM = 0.9  # of what is free; the rest is for what nobody counts
_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
_STATES = {"adamw": 2, "adamw-8bit": 0.5, "prodigy": 4, "adafactor": 0.1, "adamw-schedule-free": 2}


@dataclass(frozen=True)
class Plan:
    """What a run will take.

    Attributes:
        step_s: One optimizer step.
        steps_s: All of them.
        encoding_s: Pictures into latents.
        looking_s: Held-out losses and samples.
        total_s: All of it, without loading.
        memory_mb: At its peak; of the device where there is one.
        free_mb: What there is of it.
        disk_mb: Of the run folder at its end.
        free_disk_mb: What there is of it.
        warnings: What will not fit, each with the setting that would.
    """

    step_s: float
    steps_s: float
    encoding_s: float
    looking_s: float
    total_s: float
    memory_mb: float
    free_mb: float
    disk_mb: float
    free_disk_mb: float
    warnings: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """Give it as lines for people."""
        return [
            f"time    {_say_time(self.total_s)}: steps {_say_time(self.steps_s)} "
            f"({self.step_s:.2f} s each), encoding {_say_time(self.encoding_s)}, "
            f"samples and held-out loss {_say_time(self.looking_s)}; if nothing else runs",
            f"memory  {self.memory_mb:,.0f} MB at its peak, {self.free_mb:,.0f} MB are free",
            f"disk    {self.disk_mb:,.0f} MB, {self.free_disk_mb:,.0f} MB are free",
        ]


def plan_run(
    dataset_dir: Path, *, out: Path, settings: TrainSettings, on_step: OnStep | None = None
) -> Plan:
    """Estimate what a run will take, from its settings, the base's configuration and the machine.

    The UNet's operations are counted on tensors without contents; the machine's speed at each kind
    of them is measured for a second. Nothing is written.

    Raises:
        CouturierError: what `train_adapter` would refuse.
    """
    order = check_order(dataset_dir, out=out, settings=settings, on_step=on_step or _tell_nobody)
    speed = measure_speed(order.folder, order.placement.device, order.placement.precision)
    plan = _estimate(order, order.settings, speed, warnings=())
    return _estimate(order, order.settings, speed, warnings=_warn(order, plan, speed))


def _estimate(
    order: Order, settings: TrainSettings, speed: Speed, *, warnings: tuple[str, ...]
) -> Plan:
    side_px = settings.resolution_px or order.family.native_px
    work, n_frozen, n_trained = _count(order, settings, settings.batch_size)
    encoding, n_vae = count_encoding(order.folder, side_px=side_px)
    times = 2 if settings.prior_weight else 1
    step_s = settings.gradient_accumulation * times * speed.time(work)
    n_shown, n_held_out = _count_pictures(order, settings)
    encoding_s = (n_shown + n_held_out) * speed.time(encoding)
    looking_s = _time_looks(settings, n_held_out, speed.time(work) / settings.batch_size)
    looking_s += (
        times
        * (settings.prior_weight > 0)
        * settings.prior_pictures
        * 25
        * 2
        * (speed.time(work) / settings.batch_size / 3)
    )
    memory_mb = _count_memory(
        order, settings, work, encoding, n_frozen=n_frozen, n_trained=n_trained, n_vae=n_vae
    )
    disk_mb = _count_disk(settings, order, n_shown + n_held_out, n_trained, side_px)
    return Plan(
        step_s=step_s,
        steps_s=settings.max_steps * step_s,
        encoding_s=encoding_s,
        looking_s=looking_s,
        total_s=settings.max_steps * step_s + encoding_s + looking_s,
        memory_mb=memory_mb,
        free_mb=_find_free_mb(order.placement.device),
        disk_mb=disk_mb,
        free_disk_mb=shutil.disk_usage(_find_existing(order.out)).free / 1e6,
        warnings=warnings,
    )


def _count(order: Order, settings: TrainSettings, batch_size: int) -> tuple[Work, int, int]:
    side = (settings.resolution_px or order.family.native_px) // order.family.vae_scale
    plan = AdapterPlan(
        rank=settings.rank,
        layers=settings.layers,
        conv_rank=settings.conv_rank,
    )
    return count_step(
        order.folder,
        plan,
        batch_size=batch_size,
        cells=(side, side),
        n_tokens=settings.caption_tokens // 75 * _SAMPLED_TOKENS,
        checkpointing=settings.gradient_checkpointing,
        precision=order.placement.precision,
        device=order.placement.device,
    )


def _count_pictures(order: Order, settings: TrainSettings) -> tuple[int, int]:
    n_held_out = sum(item.split == HELD_OUT for item in order.items)
    n_serials = settings.max_steps * settings.batch_size * settings.gradient_accumulation
    return min(len(order.items) - n_held_out, n_serials), min(n_held_out, MAX_PICTURES)


def _time_looks(settings: TrainSettings, n_held_out: int, picture_s: float) -> float:
    """Time the looks: a forward pass is a third of a step, a sample's step two of them."""
    n_looks = settings.max_steps // settings.validation_every + 2
    passes = n_held_out + 2 * settings.validation_pictures * settings.validation_steps
    return n_looks * passes * picture_s / 3


def _count_memory(
    order: Order,
    settings: TrainSettings,
    work: Work,
    encoding: Work,
    *,
    n_frozen: int,
    n_trained: int,
    n_vae: int,
) -> float:
    """Give the peak in MB: of encoding or of the steps, whichever is more."""
    size = _BYTES[order.placement.precision]
    n_text = sum(_count_file_weights(order.folder / name) for name in order.family.encoders)
    other = n_vae * 4 + n_text * size
    # Weights, gradient, and what the optimizer keeps of each.
    trained = n_trained * 4 * (2 + _STATES[settings.optimizer] + bool(settings.ema_decay))
    kept = other if settings.validation_pictures else n_text * size * settings.text_encoder
    steps = n_frozen * size + kept + trained + work.kept_bytes + 3 * work.largest_bytes
    filling = n_frozen * size * settings.draws_prior + other + 4 * encoding.largest_bytes
    here = 0 if order.placement.device == "cuda" else psutil.Process().memory_info().rss
    return (here + max(steps, filling)) / 1e6


def _count_file_weights(folder: Path) -> int:
    """Count a text encoder's weights from its files, which are float32 as a rule."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) // 4


def _count_disk(
    settings: TrainSettings, order: Order, n_pictures: int, n_trained: int, side_px: int
) -> float:
    vae = read_json(order.folder / "vae/config.json")
    cells = (side_px // order.family.vae_scale) ** 2
    latents = n_pictures * 2 * vae["latent_channels"] * cells * 4
    n_tokens = settings.caption_tokens // 75 * _SAMPLED_TOKENS
    texts = n_pictures * n_tokens * order.family.text_width * _BYTES[order.placement.precision]
    adapter = n_trained * 4
    checkpoint = adapter * (1 + _STATES[settings.optimizer] + bool(settings.ema_decay))
    n_kept = min(settings.checkpoints_kept, -(-settings.max_steps // settings.checkpoint_every))
    n_looks = settings.max_steps // settings.validation_every + 2
    samples = n_looks * settings.validation_pictures * side_px * side_px * 0.4
    prior = (settings.prior_weight > 0) * settings.prior_pictures * side_px * side_px * 2.0
    return float(latents + texts + 2 * adapter + n_kept * checkpoint + samples + prior) / 1e6


def _warn(order: Order, plan: Plan, speed: Speed) -> tuple[str, ...]:
    warnings = []
    if plan.memory_mb > _ROOM * plan.free_mb:
        warnings.append(
            f"{plan.memory_mb:,.0f} MB will not fit into {plan.free_mb:,.0f} MB: "
            f"{_find_remedy(order, speed)}"
        )
    if plan.disk_mb > plan.free_disk_mb:
        warnings.append(
            f"{plan.disk_mb:,.0f} MB will not fit on the disk: give an --out folder on another one"
        )
    return tuple(warnings)


def _find_remedy(order: Order, speed: Speed) -> str:
    """Find the least change that fits: smaller batches, gradient checkpointing, fewer pixels."""
    for change in _list_remedies(order.settings):
        changed = order.settings.model_copy(update=change)
        plan = _estimate(order, changed, speed, warnings=())
        if plan.memory_mb <= _ROOM * plan.free_mb:
            sets = " ".join(f"--set train.{name}={_say(value)}" for name, value in change.items())
            return f"{sets} would ({plan.memory_mb:,.0f} MB, {_say_time(plan.total_s)})"
    return "no setting would; use a smaller base or a machine with more memory"


def _list_remedies(settings: TrainSettings) -> list[dict[str, Any]]:
    size = settings.batch_size
    halves: list[dict[str, Any]] = []
    while size % 2 == 0:
        size //= 2
        more = settings.gradient_accumulation * settings.batch_size // size
        halves.append({"batch_size": size, "gradient_accumulation": more})
    last = halves[-1] if halves else {}
    again = {**last, "gradient_checkpointing": True}
    half_px = (settings.resolution_px or 512) // 2 // 64 * 64 or 64
    return [*halves, {"gradient_checkpointing": True}, again, {**again, "resolution_px": half_px}]


def _say(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _say_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _find_free_mb(device: str) -> float:
    if device == "cuda":
        return float(torch.cuda.mem_get_info()[0]) / 1e6
    own = psutil.Process().memory_info().rss
    return float(psutil.virtual_memory().available + own) / 1e6


def _find_existing(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def _tell_nobody(_done: int, _total: int, _note: str) -> None:
    return
