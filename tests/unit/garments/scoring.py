"""Counts how well found garments agree with hand-written ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from couturier.garments.records import Garment

Truth = dict[str, Any]
FIELDS = ("material", "pattern", "neckline", "sleeve", "length")


@dataclass
class Counts:
    """Right, wrongly found and missed values of one field, and the rows they are in."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def count_row(counts: dict[str, Counts], row: str, true: Sequence[Truth], found: Sequence[Garment]):
    """Count one row: garments are right when kind and colour are; fields where kinds meet."""
    left = list(found)
    pairs: list[tuple[Truth, Garment]] = []
    for truth in true:
        fits = [one for one in left if one.kind in _values(truth, "kind")]
        fits.sort(key=lambda one: one.colour not in _values(truth, "colour"))
        if fits:
            left.remove(fits[0])
            pairs.append((truth, fits[0]))
    named = counts.setdefault("colour+kind", Counts())
    both = sum(one.colour in _values(truth, "colour") for truth, one in pairs)
    named.right += both
    named.wrong += len(found) - both
    named.missed += len(true) - both
    if both < max(len(found), len(true)):
        named.faults.append(f"{row}: {[one.phrase() for one in found]} for {list(true)}")
    for name in FIELDS:
        _count_field(counts.setdefault(name, Counts()), name, row, pairs)
        counts[name].missed += sum(
            _values(truth, name)[0] is not None
            for truth in true
            if not any(truth is paired for paired, _ in pairs)
        )
        counts[name].wrong += sum(getattr(one, name) is not None for one in left)


def _count_field(counts: Counts, name: str, row: str, pairs: list[tuple[Truth, Garment]]) -> None:
    for truth, one in pairs:
        said, values = getattr(one, name), _values(truth, name)
        if said in values:
            counts.right += said is not None
            continue
        counts.wrong += said is not None
        counts.missed += None not in values
        counts.faults.append(f"{row}: {name} of {one.kind} is {said!r}, not {values}")


def _values(truth: Truth, name: str) -> list[str | None]:
    value = truth.get(name)
    return value if isinstance(value, list) else [value]
