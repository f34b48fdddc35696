"""Written files held against what was trained: read back, and their changes of weights compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from couturier.diffusion.adapters.factors import find_change
from couturier.diffusion.adapters.reading import find_module, read_adapter
from couturier.errors import AdapterError

TOLERANCE = 1e-3  # of a module's largest change, at half precision


class InexactError(AdapterError):
    """A written file holds something else than was trained, by more than `TOLERANCE`."""


@dataclass(frozen=True)
class RoundTrip:
    """How a file compares with what was trained.

    Attributes:
        n_modules: Compared.
        error: Largest difference of a weight's change, as a share of its module's largest change.
        worst: The module it is in.
    """

    n_modules: int
    error: float
    worst: str


@torch.no_grad()
def check_file(
    path: Path, models: Mapping[str, nn.Module], changes: Mapping[tuple[str, str], Tensor]
) -> RoundTrip:
    """Read a written file back and compare the changes it stands for with the trained ones.

    Args:
        path: An adapter file of any form.
        models: The base's, by part.
        changes: What was trained, by part and path.

    Raises:
        AdapterError: the file holds other modules than were trained, or a change in it differs
            by more than `TOLERANCE`.
    """
    adapter = read_adapter(path, models)
    found = {(one.part, one.module): one for one in adapter.factors}
    if set(found) != set(changes):
        odd = sorted(".".join(key) for key in set(found) ^ set(changes))
        raise AdapterError(
            f"{path}: holds {len(found)} modules, {len(changes)} were trained; {odd[0]} differs",
            fix="this is a fault of couturier: please report it with this message",
        )
    errors = {}
    for key, one in found.items():
        weight: Any = find_module(models, one).weight
        change = find_change(one, weight.cpu())  # where the file's matrices are
        errors[".".join(key)] = compare_changes(change, changes[key])
    worst = max(errors, key=lambda name: errors[name])
    if errors[worst] > TOLERANCE:
        raise InexactError(
            f"{path}: read back, {worst} differs from what was trained by {errors[worst]:.1e} of "
            f"its largest change, more than {TOLERANCE}",
            fix="write it in full precision: --precision fp32",
        )
    return RoundTrip(len(found), errors[worst], worst)


def compare_changes(written: Tensor, trained: Tensor) -> float:
    """Give the largest difference as a share of the largest trained change; 0 where both are 0."""
    largest = float(trained.abs().max())
    difference = float((written.float() - trained.float()).abs().max())
    if largest == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / largest
