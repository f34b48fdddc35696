"""The learning rate of each step: a function of the step's number alone."""

import math

from couturier.train.settings import TrainSettings


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Give the learning rate of the step after `step` steps are done."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    share = (step - settings.warmup_steps) / max(1, settings.max_steps - settings.warmup_steps)
    cycle = share * settings.lr_cycles % 1.0
    shapes = {
        "constant": 1.0,
        "linear": 1.0 - share,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * share)),
        "cosine-restarts": 0.5 * (1.0 + math.cos(math.pi * cycle)),
        "polynomial": (1.0 - share) ** 2,
    }
    return settings.learning_rate * shapes[settings.lr_scheduler]
