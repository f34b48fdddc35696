"""What the vision tower says of a folder of looks: nearness to the catalogue, and diversity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from couturier.evaluate.catalogue import Catalogue
from couturier.evaluate.distances import (
    Coverage,
    Floats,
    measure_cmmd,
    measure_coverage,
    measure_fid,
    measure_kid,
)
from couturier.evaluate.records import Mean, Score
from couturier.evaluate.statistics import measure_mean
from couturier.evaluate.vectors import Vector
from couturier.seeds import derive_seed

# Precision and recall follow the number of pictures: a handful of looks reaches as far as its few
# neighbours are apart, and calls all of a catalogue reached. Below this they are not told.
FEWEST_COVERAGE = 50
MOST_LOOKS = 2000  # of each side in a distance; more narrow no interval and cost their square


def measure_vectors(
    scores: Sequence[Score], vectors: Mapping[str, Vector], catalogue: Catalogue | None
) -> dict[str, Any]:
    """Measure what can be measured of vectors: fields of `records.Measured` by name."""
    known = [score for score in scores if score.extra.get("key") in vectors]
    if not known:
        return {}
    found: dict[str, Any] = {"diversity": measure_diversity(_by_prompt(known, vectors))}
    if catalogue is None or catalogue.vectors is None:
        return found
    looks = _draw(np.stack([vectors[score.extra["key"]] for score in known]), MOST_LOOKS)
    theirs = _draw(catalogue.vectors, MOST_LOOKS)
    coverage = _measure_coverage(looks, theirs)
    return found | {
        "kid": measure_kid(looks, theirs),
        "cmmd": measure_cmmd(looks, theirs),
        "fid": measure_fid(looks, theirs),
        "precision": coverage.precision if coverage else None,
        "recall": coverage.recall if coverage else None,
        "own_product": _measure_own_product(_by_prompt(known, vectors), catalogue),
    }


def measure_diversity(prompts: Mapping[str, Floats]) -> Mean | None:
    """Measure how far pictures of one prompt are apart, 0 (all the same) to 2; None without pairs.

    Args:
        prompts: Unit vectors of every prompt's pictures; shape (pictures, features) each.
    """
    means = []
    for side in prompts.values():
        n = len(side)
        if n > 1:
            total = (side @ side.T).sum() - np.trace(side @ side.T)
            means.append(float(1 - total / (n * (n - 1))))
    return measure_mean(means)


def _measure_own_product(prompts: Mapping[str, Floats], catalogue: Catalogue) -> Mean | None:
    """Measure how much nearer a held-out caption's pictures are to that very product.

    A positive mean says that the pictures show the product described and not just any of the
    catalogue; by product, so that one with many pictures does not count more.
    """
    photographs = catalogue.held_out_vectors
    if photographs is None or len({item.image_id for item in catalogue.held_out}) < 2:
        return None
    ids = np.array([item.image_id for item in catalogue.held_out])
    captions = {item.text: item.image_id for item in catalogue.held_out}
    nearer = []
    for prompt, looks in prompts.items():
        if prompt in captions:
            closeness = looks @ photographs.T  # (looks, photographs)
            own = ids == captions[prompt]
            nearer.append(float(closeness[:, own].mean() - closeness[:, ~own].mean()))
    return measure_mean(nearer)


def _by_prompt(scores: Sequence[Score], vectors: Mapping[str, Vector]) -> dict[str, Floats]:
    groups: dict[str, list[Vector]] = {}
    for score in scores:
        if score.extra.get("prompt"):
            groups.setdefault(score.extra["prompt"], []).append(vectors[score.extra["key"]])
    return {prompt: np.stack(group).astype(np.float64) for prompt, group in groups.items()}


def _measure_coverage(looks: Floats, theirs: Floats) -> Coverage | None:
    """Measure precision and recall on as many pictures of either side; None for too few."""
    count = min(len(looks), len(theirs))
    if count < FEWEST_COVERAGE:
        return None
    return measure_coverage(_draw(looks, count), _draw(theirs, count))


def _draw(side: NDArray[np.floating[Any]], most: int) -> Floats:
    if len(side) > most:
        draw = np.random.default_rng(derive_seed("distance", len(side), most))
        side = side[np.sort(draw.choice(len(side), size=most, replace=False))]
    return np.asarray(side, np.float64)
