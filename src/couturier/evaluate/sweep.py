"""Which strength, which checkpoint: variants of one adapter side by side, and the choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from couturier.evaluate.records import Rate, Score, Sweep, Variant, read_scores, read_summary
from couturier.evaluate.statistics import compare_pairs
from couturier.evaluate.summary import pair_up
from couturier.evaluate.verdict import SIGNIFICANT, copies_surely

BASE = "base"


@dataclass(frozen=True)
class Drawn:
    """One variant as drawn and scored.

    Attributes:
        name: As in "strength 0.75".
        group: "base", "strength", "checkpoint" or "faithful".
        value: Strength or step; 0 for the base.
        folder: Its looks, scored.
        kept: Its pictures of the base's own sentences, scored; None where none were drawn.
    """

    name: str
    group: str
    value: float
    folder: Path
    kept: Path | None = None


def sum_up_sweep(drawn: Sequence[Drawn], *, n_prompts: int, n_seeds: int) -> Sweep:
    """Put scored variants side by side and choose one.

    Raises:
        LooksError: a folder was not scored.
    """
    variants = [_measure(one) for one in drawn]
    scores = {one.name: list(read_scores(one.folder)) for one in drawn}
    sure = {one.name: copies_surely(read_summary(one.folder).measured) for one in drawn}
    best, why = choose(variants, scores, sure)
    tested = [
        replace(variant, p_value=_test(scores[variant.name], scores[best])) for variant in variants
    ]
    return Sweep(tuple(tested), best=best, why=why, n_prompts=n_prompts, n_seeds=n_seeds)


def choose(
    variants: Sequence[Variant], scores: dict[str, list[Score]], copies: dict[str, bool]
) -> tuple[str, str]:
    """Choose a variant of the adapter; give its name and the reason.

    What copies is out. Of the rest, all that are not provably less faithful than the most
    faithful one are equals, and the one most like the catalogue is chosen among them; on a tie
    the weaker or earlier, which has changed the base least.
    """
    adapted = [variant for variant in variants if variant.group != BASE]
    sound = [variant for variant in adapted if not copies[variant.name]]
    if not sound:
        return adapted[-1].name, (
            "Every variant copies training photographs: train on more pictures or for fewer steps."
        )
    top = max(sound, key=lambda variant: _share(variant.looks))
    equal = [
        variant
        for variant in sound
        if variant is top or _test(scores[variant.name], scores[top.name]) >= SIGNIFICANT
    ]
    chosen = max(equal, key=lambda variant: (_likeness(variant), -variant.value))
    return chosen.name, _explain(chosen, top, n_equal=len(equal), n_out=len(adapted) - len(sound))


def _explain(chosen: Variant, top: Variant, *, n_equal: int, n_out: int) -> str:
    out = f" {n_out} that copy training photographs are out." if n_out else ""
    if n_equal == 1:
        return (
            f"It shows what was asked in {_tell(chosen.looks)}, provably more often than any "
            f"other.{out}"
        )
    reason = (
        "it is the one most like the catalogue"
        if chosen.likeness
        else "it is the weakest, which changes the base least"
    )
    most = "" if chosen is top else f" (the most is {_tell(top.looks)}, by {top.name})"
    return (
        f"It shows what was asked in {_tell(chosen.looks)}{most}; of {n_equal} variants between "
        f"which these pictures cannot tell, {reason}.{out}"
    )


def _measure(one: Drawn) -> Variant:
    measured = read_summary(one.folder).measured
    kept = read_summary(one.kept).measured.looks if one.kept else None
    return Variant(
        name=one.name,
        group=one.group,
        value=one.value,
        folder=str(one.folder),
        looks=measured.looks,
        garments=measured.garments,
        likeness=measured.likeness,
        copies=measured.copies,
        kept=kept,
    )


def _test(scores: Sequence[Score], others: Sequence[Score]) -> float:
    paired = pair_up(scores, others)
    return (paired or compare_pairs([])).p_value


def _share(rate: Rate) -> float:
    return rate.right / rate.n if rate.n else 0.0


def _likeness(variant: Variant) -> float:
    return round(variant.likeness.value, 3) if variant.likeness else 0.0


def _tell(rate: Rate) -> str:
    return f"{rate.right} of {rate.n} pictures"
