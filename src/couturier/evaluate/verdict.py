"""The verdict in plain sentences with its figures, first the one that matters most."""

from collections.abc import Iterator

from couturier.evaluate.records import Mean, Measured, Paired, Rate, Summary

SIGNIFICANT = 0.05
# Below these, a mean shift is either too few pictures or nothing an eye would see.
FEWEST_PAIRS = 8
SEEN_SHIFT = 0.01


def write_verdict(summary: Summary) -> tuple[str, ...]:
    """Tell a summary in two to six sentences; the first is the headline, without figures."""
    return (
        _tell_headline(summary),
        *_tell_rate(summary),
        *_tell_likeness(summary),
        *_tell_left_out(summary.measured),
    )


def _tell_headline(summary: Summary) -> str:
    colours = _tell_change(summary.paired)
    if colours is None:
        rate = summary.measured.looks
        if rate.n == 0:
            return "No picture could be judged."
        return f"{rate.right} of {rate.n} pictures show what was asked."
    move = summary.paired.likeness if summary.paired else None
    if move is None or move.low is None or move.high is None or move.n < FEWEST_PAIRS:
        return f"{colours}."
    if move.low > 0 and move.value >= SEEN_SHIFT:
        return f"The pictures moved towards the catalogue; {colours[:1].lower()}{colours[1:]}."
    if move.high < 0 and move.value <= -SEEN_SHIFT:
        return f"The pictures moved away from the catalogue; {colours[:1].lower()}{colours[1:]}."
    return f"{colours}; no move towards the catalogue can be told."


def _tell_change(paired: Paired | None) -> str | None:
    if paired is None or paired.n == 0:
        return None
    if paired.p_value >= SIGNIFICANT:
        return "No difference in faithfulness can be told"
    better = paired.only_this > paired.only_other
    return "More pictures show what was asked" if better else "Fewer pictures show what was asked"


def _tell_rate(summary: Summary) -> Iterator[str]:
    here, before, paired = summary.measured, summary.other, summary.paired
    if here.looks.n:
        yield (
            f"{here.looks.right} of {here.looks.n} pictures judged show every garment in the "
            f"colour asked for ({_tell_share(here.looks)}); counted by garment it is "
            f"{here.garments.right} of {here.garments.n} ({_tell_share(here.garments)})."
            + _tell_before(before)
        )
    if paired is not None and paired.n:
        yield (
            f"On the same prompts and seeds ({_count(paired.n, 'pair')}) {paired.only_this} became "
            f"right and {paired.only_other} became wrong; chance alone makes a split as uneven "
            f"with probability {_tell_probability(paired.p_value)} (exact McNemar test)."
        )


def _tell_before(before: Measured | None) -> str:
    if before is None or before.looks.n == 0:
        return ""
    return (
        f" Before, it was {before.looks.right} of {before.looks.n} ({_tell_share(before.looks)})."
    )


def _tell_share(rate: Rate) -> str:
    share, low, high = (100 * value for value in (rate.right / rate.n, rate.low, rate.high))
    return f"{share:.0f} %, 95 % interval {low:.0f} to {high:.0f} %"


def _tell_likeness(summary: Summary) -> Iterator[str]:
    here, before = summary.measured.likeness, summary.other.likeness if summary.other else None
    if here is None:
        return
    text = f"Likeness to the nearest catalogue picture is {_tell_mean(here)}"
    if before is not None:
        text += f", before {_tell_mean(before)}"
    if summary.catalogue_likeness is not None:
        text += f"; among the catalogue's own pictures {_tell_mean(summary.catalogue_likeness)}"
    yield text + "."


def _tell_left_out(measured: Measured) -> Iterator[str]:
    parts = [
        (measured.n_unsure, "could not be judged"),
        (measured.n_plain, "had nothing asked of a garment"),
        (measured.n_faults, "could not be read"),
    ]
    told = [f"{_count(number, 'picture')} {what}" for number, what in parts if number]
    if told:
        yield f"In no rate: {', '.join(told)}."
    if measured.n_blocked:
        yield (
            f"Withheld by the safety checker: {_count(measured.n_blocked, 'picture')}, measured "
            "on the originals kept aside."
        )


def _tell_mean(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.value:.2f}"
    return f"{mean.value:.2f} ({mean.low:.2f} to {mean.high:.2f})"


def _tell_probability(p_value: float) -> str:
    return "below 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
