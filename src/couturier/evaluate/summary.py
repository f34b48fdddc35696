"""Scores become the verdict in figures: rates with intervals, and pairs against another folder."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from couturier.evaluate.catalogue import Catalogue
from couturier.evaluate.closeness import measure_vectors
from couturier.evaluate.records import Measured, Paired, Rate, Score
from couturier.evaluate.statistics import compare_pairs, measure_mean, measure_rate
from couturier.evaluate.vectors import Vector
from couturier.vision.records import MISSING, RIGHT, UNSURE, WRONG


def measure_scores(
    scores: Sequence[Score],
    *,
    vectors: Mapping[str, Vector] | None = None,
    catalogue: Catalogue | None = None,
) -> Measured:
    """Count what was measured over one folder of looks.

    Args:
        scores: One a picture.
        vectors: The tower's, by the score's key; none where no tower judges.
        catalogue: What the looks are measured against.
    """
    verdicts = [entry["verdict"] for score in scores for entry in score.receipt]
    judged = [score for score in scores if score.faithful is not None]
    counts = sorted({len(score.receipt) for score in judged})
    return Measured(
        n_looks=len(scores),
        n_unsure=sum(score.faithful is None and bool(score.receipt) for score in scores),
        n_plain=sum(not score.receipt and "fault" not in score.extra for score in scores),
        n_blocked=sum(bool(score.extra.get("blocked")) for score in scores),
        n_faults=sum("fault" in score.extra for score in scores),
        looks=_rate_of(judged),
        garments=measure_rate(
            verdicts.count(RIGHT), sum(verdicts.count(v) for v in (RIGHT, WRONG, MISSING))
        ),
        found=measure_rate(
            sum(entry["seen"] is not None for score in scores for entry in score.receipt),
            len(verdicts) - _never_looked_for(scores),
        ),
        coloured=_measure_coloured(scores),
        patterns=_measure_patterns(scores),
        by_count={str(n): _rate_of(s for s in judged if len(s.receipt) == n) for n in counts},
        text_image=measure_mean(_known(score.text_image for score in scores)),
        likeness=measure_mean(_known(score.extra.get("likeness") for score in scores)),
        safety=dict(Counter(str(s.extra["safety"]) for s in scores if s.extra.get("safety"))),
        **_measure_copies(scores),
        **measure_vectors(scores, vectors or {}, catalogue),
    )


def _measure_coloured(scores: Sequence[Score]) -> Rate:
    """Count colours apart from kinds: of garments that are there and asked for in one."""
    entries = (entry for score in scores for entry in score.receipt)
    verdicts = [entry["verdict"] for entry in entries if entry["asked"] and entry["seen"]]
    right = verdicts.count(RIGHT)
    return measure_rate(right, right + verdicts.count(WRONG))


def _measure_patterns(scores: Sequence[Score]) -> Rate | None:
    verdicts = [entry["verdict"] for s in scores for entry in s.extra.get("patterns", ())]
    if not verdicts:
        return None
    return measure_rate(verdicts.count(RIGHT), len(verdicts) - verdicts.count(UNSURE))


def _measure_copies(scores: Sequence[Score]) -> dict[str, Any]:
    found = [score.extra["copy"] for score in scores if score.extra.get("copy")]
    if not found:
        return {}
    copied = sum(copy["copied"] for copy in found)
    return {
        "copies": measure_rate(copied, len(found)),
        "closest": max(copy["score"] for copy in found),
    }


def pair_up(scores: Iterable[Score], others: Iterable[Score]) -> Paired | None:
    """Compare pictures of the same prompt and seed; None where the folders share none."""
    there = {_draw(score): score for score in others if _draw(score) is not None}
    pairs = [(s, there[_draw(s)]) for s in scores if _draw(s) in there]
    if not pairs:
        return None
    judged = [
        (here.faithful, other.faithful)
        for here, other in pairs
        if here.faithful is not None and other.faithful is not None
    ]
    compared = compare_pairs(
        judged,
        text_image=_differences((h.text_image, o.text_image) for h, o in pairs),
        likeness=_differences((h.extra.get("likeness"), o.extra.get("likeness")) for h, o in pairs),
    )
    read = [
        (here.extra["pixels"], other.extra["pixels"])
        for here, other in pairs
        if "pixels" in here.extra and "pixels" in other.extra
    ]
    same = sum(here == other for here, other in read)
    return replace(compared, n_drawn=len(read), unchanged=same)


def _differences(values: Iterable[tuple[float | None, float | None]]) -> list[float]:
    return [here - there for here, there in values if here is not None and there is not None]


def _rate_of(scores: Iterable[Score]) -> Rate:
    flags = [bool(score.faithful) for score in scores]
    return measure_rate(sum(flags), len(flags))


def _never_looked_for(scores: Iterable[Score]) -> int:
    entries = (entry for score in scores for entry in score.receipt)
    return sum(entry["verdict"] == UNSURE and entry["seen"] is None for entry in entries)


def _known(values: Iterable[Any]) -> list[float]:
    return [float(value) for value in values if value is not None]


def _draw(score: Score) -> tuple[str, int] | None:
    prompt, seed = score.extra.get("prompt"), score.extra.get("seed")
    return (str(prompt), int(seed)) if prompt is not None and seed is not None else None
