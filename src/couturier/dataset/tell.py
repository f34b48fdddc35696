"""Tells what was found in the pictures: each one's own faults, twins, doubtful colour words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from couturier.catalogue.faults import make_fault
from couturier.catalogue.records import Fault, Product
from couturier.dataset.colour_words import doubt_colour
from couturier.dataset.fingerprints import Twin, find_twins
from couturier.dataset.pictures import Outcome
from couturier.dataset.plan import Draft


@dataclass(frozen=True)
class Opened:
    """One picture of a catalogue after it was opened.

    Attributes:
        draft: Whose it is.
        path: The shop's file.
        outcome: What was found in it.
        twin: The earlier picture it looks like, by its place; None where it has none.
    """

    draft: Draft
    path: Path
    outcome: Outcome
    twin: Twin | None


def pair_twins(work: Sequence[tuple[Draft, Path]], outcomes: Sequence[Outcome]) -> list[Opened]:
    """Put pictures, their outcomes and their twins together.

    Args:
        work: Each picture with its draft.
        outcomes: One a picture.
    """
    twins = find_twins(["" if one.left_out else one.fingerprint for one in outcomes])
    triples = zip(work, outcomes, twins, strict=True)
    return [Opened(draft, path, outcome, twin) for (draft, path), outcome, twin in triples]


def tell_pictures(opened: Sequence[Opened], images: Path) -> list[Fault]:
    """Tell what is wrong with pictures, alone, beside each other, and beside their rows.

    Args:
        opened: From `pair_twins`.
        images: The folder their names are told from.
    """
    faults: list[Fault] = []
    first_with: dict[str, int] = {}
    for place, one in enumerate(opened):
        notes = list(one.outcome.notes)
        if not one.outcome.left_out:
            first = first_with.setdefault(one.outcome.source_sha256, place)
            notes += _tell_twin(opened, place, first, images)
        faults += [_make(one, kind, reason, images) for kind, reason in notes]
    return faults + _tell_colours(opened, images)


def _tell_twin(
    opened: Sequence[Opened], place: int, first: int, images: Path
) -> list[tuple[str, str]]:
    """Tell a picture that is there already; a product in another colour is no fault."""
    one = opened[place]
    if opened[first].path != one.path:
        return [("same picture", f"the same as {_name(opened[first].path, images)}")]
    if first != place or one.twin is None or not one.twin.same_colour:
        return []
    other = _name(opened[one.twin.first].path, images)
    return [("near picture", f"looks the same as {other}, {one.twin.bits} of 256 bits apart")]


def name_twins(opened: Sequence[Opened], images: Path) -> dict[str, str]:
    """Name for each file the earlier one of the same look and colour; both from `images`."""
    return {
        _name(one.path, images): _name(opened[one.twin.first].path, images)
        for one in opened
        if one.twin and one.twin.same_colour and opened[one.twin.first].path != one.path
    }


def _tell_colours(opened: Sequence[Opened], images: Path) -> list[Fault]:
    of_product: dict[int, list[Opened]] = defaultdict(list)
    for one in opened:
        of_product[one.draft.product.record].append(one)
    faults = []
    for own in of_product.values():
        judged = [one for one in own if one.outcome.palette and not one.outcome.left_out]
        palettes = [one.outcome.palette for one in judged if one.outcome.palette]
        reason = doubt_colour(own[0].draft.garments, palettes)
        if reason:
            faults.append(_make(judged[0], "colour word", reason, images))
    return faults


def _make(one: Opened, kind: str, reason: str, images: Path) -> Fault:
    product: Product = one.draft.product
    file = _name(one.path, images)
    reason = f"{file}: {reason}"
    return make_fault(kind, reason, image_id=product.image_id, file=file, record=product.record)


def _name(path: Path, images: Path) -> str:
    return path.relative_to(images).as_posix()
