"""The measured comment of the results table: what was asked, what is seen, in plain words."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from couturier.garments.colours import find_colour
from couturier.vision.patterns import PatternReceipt
from couturier.vision.records import MISSING, RIGHT, UNSURE, WRONG, GarmentReceipt

_WORDS = {RIGHT: "right", WRONG: "wrong", UNSURE: "cannot tell"}


def write_comment(receipt: Sequence[GarmentReceipt], safety: dict[str, Any]) -> str:
    """Tell a receipt in sentences, as in "Crop top: asked green, seen green (...) - right."

    Args:
        receipt: Of one picture.
        safety: The look's safety verdict; a block is told first with its reasons.
    """
    return " ".join([*_tell_block(safety), *map(_tell, receipt), *_tell_whole(receipt)])


def list_notes(receipt: Sequence[GarmentReceipt], safety: dict[str, Any]) -> list[str]:
    """List what a comment says beyond each garment's own sentence, for a page that shows those."""
    return [*_tell_block(safety), *_tell_whole(receipt)]


def tell_copy(copy: dict[str, Any]) -> list[str]:
    """Tell that a picture lies on a training picture, as `Score.extra["copy"]` holds it."""
    if not copy["copied"]:
        return []
    turned = ", turned left to right" if copy["mirrored"] else ""
    agreed = f"lines and shade agree to {copy['score']:.2f}"
    return [f"Looks copied from {copy['of']}{turned} ({agreed})."]


def tell_pattern(one: PatternReceipt) -> str:
    """Tell a pattern's receipt, as in "Skirt: asked striped, seen patterned - right."."""
    seen = f"seen {one.seen}" if one.seen else "plain or patterned"
    return (
        f"{one.kind[:1].upper()}{one.kind[1:]}: asked {one.asked}, {seen} - {_WORDS[one.verdict]}."
    )


def judge_faithful(receipt: Sequence[GarmentReceipt]) -> bool | None:
    """Say whether every garment is there in its colour; one plain miss decides over "unsure"."""
    verdicts = {entry.verdict for entry in receipt}
    if verdicts & {WRONG, MISSING}:
        return False
    return None if UNSURE in verdicts or not verdicts else True


def _tell_block(safety: dict[str, Any]) -> list[str]:
    if safety.get("verdict") != "block":
        return []
    reasons = ", ".join(str(reason) for reason in safety.get("reasons", ())) or "no reason given"
    return [f"Withheld by the safety checker ({reasons}); measured on the original kept aside."]


def _tell(entry: GarmentReceipt) -> str:
    name = entry.kind[:1].upper() + entry.kind[1:]
    asked = f"asked {entry.asked}" if entry.asked else "no colour asked"
    if entry.verdict == MISSING:
        return f"{name}: {asked}, not found in the picture."
    if entry.seen is None:
        return f"{name}: {asked}, cannot tell where it is."
    delta = "" if entry.delta_e is None else f", ΔE {entry.delta_e:.1f}"
    word = "there" if entry.asked is None and entry.verdict == RIGHT else _WORDS[entry.verdict]
    return f"{name}: {asked}, seen {entry.seen} ({entry.seen_hex}{delta}) - {word}."


def _tell_whole(receipt: Sequence[GarmentReceipt]) -> list[str]:
    if not receipt:
        return ["The prompt names no garment, so there is nothing to check."]
    wrong = [entry for entry in receipt if entry.verdict == WRONG]
    return [
        f"The colours of the {one.kind} and the {other.kind} are interchanged."
        for one, other in combinations(wrong, 2)
        if _base(one.asked) != _base(other.asked)
        and _base(one.asked) == _base(other.seen)
        and _base(one.seen) == _base(other.asked)
    ]


def _base(colour: str | None) -> str | None:
    known = find_colour(colour) if colour else None
    return known.base if known else None
