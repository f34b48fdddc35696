"""Rates and means with their 95 % intervals, and the test of paired pictures."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest, bootstrap

from couturier.evaluate.records import Mean, Paired, Rate
from couturier.seeds import derive_seed

CONFIDENCE = 0.95
_RESAMPLES = 2000


def measure_rate(right: int, n: int) -> Rate:
    """Give a rate with its Wilson interval; nothing counted leaves everything open, 0 to 1."""
    if n == 0:
        return Rate(right=0, n=0, low=0.0, high=1.0)
    interval = binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(right=right, n=n, low=float(interval.low), high=float(interval.high))


def measure_mean(values: Sequence[float]) -> Mean | None:
    """Give a mean with its percentile bootstrap interval, drawn from a fixed seed.

    Returns:
        None where there are no values; an interval of None for a single one.
    """
    if not values:
        return None
    mean = float(np.mean(values))
    if len(values) < 2:
        return Mean(value=mean, n=len(values), low=None, high=None)
    interval = bootstrap(
        (np.asarray(values, dtype=float),),
        np.mean,
        n_resamples=_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(derive_seed("bootstrap", len(values))),
    ).confidence_interval
    return Mean(value=mean, n=len(values), low=float(interval.low), high=float(interval.high))


def compare_pairs(
    pairs: Sequence[tuple[bool, bool]],
    *,
    text_image: Sequence[float] = (),
    likeness: Sequence[float] = (),
) -> Paired:
    """Compare two sides on the same prompts and seeds by the exact McNemar test.

    Args:
        pairs: A picture pair each: right on this side, right on the other.
        text_image: Differences of the text-image cosine, this minus other.
        likeness: Differences of the likeness, this minus other.

    Source:
        McNemar 1947; exact form: of the pairs that disagree, either side is right in half.
    """
    only_this = sum(here and not there for here, there in pairs)
    only_other = sum(there and not here for here, there in pairs)
    disagree = only_this + only_other
    return Paired(
        n=len(pairs),
        both=sum(here and there for here, there in pairs),
        only_this=only_this,
        only_other=only_other,
        p_value=float(binomtest(only_this, disagree, 0.5).pvalue) if disagree else 1.0,
        text_image=measure_mean(text_image),
        likeness=measure_mean(likeness),
    )
