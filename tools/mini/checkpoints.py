"""Training state that survives a kill: whole files only, safetensors and JSON, no pickle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


class Averaged:
    """Keep an exponential moving average of a module's parameters, in float32."""

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.values = {k: v.detach().float().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, *, step: int) -> None:
        """Move towards the module; early steps move faster so that the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in module.state_dict().items():
            self.values[key].lerp_(value.detach().float(), 1 - decay)


def save_state(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    averaged: Averaged,
    step: int,
    extra: dict[str, float] | None = None,
) -> None:
    """Write weights, average, optimizer moments and step as one file, beside and then renamed."""
    tensors: dict[str, Tensor] = {}
    for key, value in module.state_dict().items():
        tensors[f"model/{key}"] = value.detach().clone().contiguous()
        tensors[f"average/{key}"] = averaged.values[key].clone().contiguous()
    for index, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            tensors[f"optimizer/{index}/{name}"] = torch.as_tensor(value).clone().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    save_file(tensors, beside, metadata={"step": str(step), "extra": json.dumps(extra or {})})
    beside.replace(path)


def restore_state(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    averaged: Averaged | None = None,
) -> int:
    """Put a saved state back and return its step; 0, and nothing touched, when there is none."""
    if not path.exists():
        return 0
    model: dict[str, Tensor] = {}
    average: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    with safe_open(path, framework="pt") as file:
        step = int(file.metadata()["step"])
        for key in file.keys():  # noqa: SIM118  (safe_open is no mapping)
            part, name = key.split("/", 1)
            if part == "model":
                model[name] = file.get_tensor(key)
            elif part == "average":
                average[name] = file.get_tensor(key)
            else:
                index, moment = name.split("/")
                moments.setdefault(int(index), {})[moment] = file.get_tensor(key)
    module.load_state_dict(model)
    if averaged is not None:
        averaged.values = average
    if optimizer is not None:
        state = optimizer.state_dict()
        state["state"] = moments
        optimizer.load_state_dict(state)
    return step


def load_average(path: Path, module: nn.Module) -> int:
    """Load a state's averaged weights into a module, and return the state's step."""
    average = Averaged(module, decay=0.0)
    step = restore_state(path, module, averaged=average)
    if step:
        module.load_state_dict(average.values)
    return step


def read_average(path: Path) -> dict[str, Tensor]:
    """Read a state's averaged weights by name, without a module to put them into."""
    with safe_open(path, framework="pt") as file:
        return {
            key.removeprefix("average/"): file.get_tensor(key)
            for key in file.keys()  # noqa: SIM118  (safe_open is no mapping)
            if key.startswith("average/")
        }


def rate_at(step: int, *, steps: int, peak: float, warmup: int = 100, decay: float = 0.25) -> float:
    """Give the learning rate: a short rise, a plateau, a linear fall over the last share `decay`.

    A plateau needs no fixed end, so a run can be prolonged by resuming it with more steps.
    """
    fall = steps * decay
    left = max(steps - step, 0) / max(fall, 1.0)
    return peak * min(1.0, (step + 1) / warmup, max(left, 0.01))


class Descent:
    """Steps of one optimizer that a kill does not lose: down, averaged, told, saved."""

    def __init__(
        self,
        path: Path,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        decay: float,
        peak: float,
        steps: int,
        on_step: Callable[[int, int, str], None],
    ) -> None:
        self._path, self._module, self._optimizer = path, module, optimizer
        self._averaged = Averaged(module, decay=decay)
        self._peak, self._steps, self._on_step = peak, steps, on_step
        self.step = restore_state(path, module, optimizer, averaged=self._averaged)
        self._saved_s = self._told_s = time.monotonic()

    def take(self, loss: Tensor, told: str) -> None:
        """Go one step down the loss; tell every 20 seconds, save every 120 and at the end."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self.step, steps=self._steps, peak=self._peak)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        self._optimizer.step()
        self._averaged.update(self._module, step=self.step)
        self.step += 1
        if time.monotonic() - self._told_s > 20:
            self._on_step(self.step, self._steps, told)
            self._told_s = time.monotonic()
        if time.monotonic() - self._saved_s > 120 or self.step == self._steps:
            save_state(
                self._path, self._module, self._optimizer, averaged=self._averaged, step=self.step
            )
            self._saved_s = time.monotonic()
