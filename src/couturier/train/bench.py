"""Everything the steps of a run work with, in one record."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from couturier.diffusion.loading import BaseParts
from couturier.diffusion.schedule import NoiseSchedule
from couturier.diffusion.word_loss import WordWatch
from couturier.runs import OnStep
from couturier.train.ahead import Ahead
from couturier.train.averages import Average
from couturier.train.batches import Deck
from couturier.train.processes import Crew
from couturier.train.settings import TrainSettings


@dataclass(frozen=True)
class Bench:
    """Everything the steps work with.

    Attributes:
        out: The run folder.
        settings: As resolved: every default filled in.
        parts: The base, its UNet with adapters.
        asked: What the steps ask: the denoiser of `parts`, or the same one compiled.
        schedule: The noise schedule to train with.
        ahead: Makes the batches.
        shown: Pictures to learn from.
        held_out: Pictures to measure on.
        prior: Class pictures to keep, or None.
        parameters: What is trained.
        optimizer: Of `parameters`.
        average: Their running mean, or None.
        watch: Of the attention to words, or None.
        crew: The processes that train together.
        metadata: What the adapter files say of themselves.
        tracker: Told every line of metrics.
        on_step: Told about every step.
    """

    out: Path
    settings: TrainSettings
    parts: BaseParts
    asked: Callable[..., Tensor]
    schedule: NoiseSchedule
    ahead: Ahead
    shown: Deck
    held_out: Deck
    prior: Deck | None
    parameters: list[nn.Parameter]
    optimizer: torch.optim.Optimizer
    average: Average | None
    watch: WordWatch | None
    crew: Crew
    metadata: dict[str, Any]
    tracker: Callable[[dict[str, Any]], None]
    on_step: OnStep
