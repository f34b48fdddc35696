"""The ways the looks were drawn, as columns of the page: pictures and measures side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from couturier.errors import CouturierError
from couturier.evaluate.records import Measured, Summary
from couturier.report.cards import Card, build_cards, find_twin

MAX_KEPT = 9
ALONE, BEFORE, AFTER = "Image", "Before", "After"


@dataclass(frozen=True)
class Column:
    """One way the prompts were drawn.

    Attributes:
        name: As in "Before" or "LoRA, faithful".
        cards: Its pictures.
    """

    name: str
    cards: Sequence[Card]


def list_columns(cards: Sequence[Card], summary: Summary, against: Path | None) -> list[Column]:
    """List the columns of pictures, the looks' own last.

    Args:
        cards: The looks' own.
        summary: Says what they were compared with; folders that are gone by now are left out.
        against: Looks to stand beside instead.

    Raises:
        LooksError: `against` was never scored.
    """
    if against is not None:
        return [Column(BEFORE, build_cards(against)), Column(AFTER, cards)]
    beside = [
        Column(name, found)
        for name, way in zip(_name(summary), summary.ways[:-1], strict=False)
        if (found := _read(Path(way.folder)))
    ]
    return [*beside, Column(_name(summary)[-1] if beside else ALONE, cards)]


def list_kept(summary: Summary) -> list[tuple[Card, Card]]:
    """List the base's own sentences as drawn before and after, side by side."""
    if len(summary.kept) != 2:
        return []
    before, after = (_read(Path(way.folder)) for way in summary.kept)
    twins = [(find_twin(card, before), card) for card in after]
    return [(twin, card) for twin, card in twins if twin is not None][:MAX_KEPT]


def list_measured(summary: Summary) -> list[tuple[str, Measured]]:
    """List (name, what was measured) of each way, the looks' own last."""
    if not summary.ways:
        return [("These looks", summary.measured)]
    return list(zip(_name(summary), (way.measured for way in summary.ways), strict=True))


def _name(summary: Summary) -> list[str]:
    """Name the ways: "Before" and "After", or where there are more by how they were drawn."""
    if len(summary.ways) <= 2:
        return [BEFORE, AFTER]
    names = [way.name for way in summary.ways]
    if len(set(names)) < len(names):
        names = [Path(way.folder).name for way in summary.ways]
    return [name[:1].upper() + name[1:] for name in names]


def _read(folder: Path) -> list[Card]:
    """Read looks only remembered, which may be gone by now."""
    try:
        return build_cards(folder)
    except CouturierError:
        return []
