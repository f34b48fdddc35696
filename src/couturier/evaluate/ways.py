"""The same prompts and seeds drawn in several ways, side by side: what each step changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from couturier.evaluate.records import Measured, Score, Summary, Way
from couturier.evaluate.summary import pair_up
from couturier.generate.records import LOOKS_FILE, read_looks

_FAITHFUL = {"off": "", "guide": ", guided", "verify": ", faithful"}


@dataclass(frozen=True)
class Side:
    """A scored folder."""

    folder: Path
    scores: list[Score]
    measured: Measured


def compare_sides(sides: Sequence[Side]) -> Summary:
    """Sum up the last side, compared with the first and, where there are more, step by step."""
    last, first = sides[-1], sides[0]
    if len(sides) == 1:
        return Summary(last.measured)
    steps = [None, *(pair_up(here.scores, before.scores) for before, here in pairwise(sides))]
    return Summary(
        measured=last.measured,
        against=str(first.folder),
        other=first.measured,
        paired=pair_up(last.scores, first.scores),
        ways=tuple(
            Way(name_way(side.folder), str(side.folder), side.measured, step)
            for side, step in zip(sides, steps, strict=True)
        ),
    )


def name_way(folder: Path) -> str:
    """Name how a folder's looks were drawn, as their record says; else by the folder's name."""
    looks = read_looks(folder) if (folder / LOOKS_FILE).is_file() else iter(())
    first = next(looks, None)
    if first is None or "base" not in first.settings:
        return folder.resolve().name
    drawn = "LoRA" if first.settings.get("lora") else "base"
    return drawn + _FAITHFUL.get(str(first.settings.get("faithful", "off")), "")
