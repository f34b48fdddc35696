"""The verdict in plain sentences with its figures, first the one that matters most."""

from collections.abc import Iterator

from couturier.evaluate.records import Mean, Measured, Paired, Rate, Summary

SIGNIFICANT = 0.05


def write_verdict(summary: Summary) -> tuple[str, ...]:
    """Tell a summary in two to six sentences; the first is the headline, without figures."""
    return (
        _tell_headline(summary),
        *_tell_rate(summary),
        *_tell_likeness(summary),
        *_tell_left_out(summary.measured),
    )


def tell_rate(rate: Rate) -> str:
    """Write a rate as in "25 of 32 (78 %, 95 % interval 61 to 89 %)"."""
    if rate.n == 0:
        return "0 of 0"
    share = 100 * rate.right / rate.n
    low, high = 100 * rate.low, 100 * rate.high
    return f"{rate.right} of {rate.n} ({share:.0f} %, 95 % interval {low:.0f} to {high:.0f} %)"


def _tell_headline(summary: Summary) -> str:
    colours = _tell_change(summary.paired)
    if colours is None:
        rate = summary.measured.looks
        if rate.n == 0:
            return "No picture could be judged."
        return f"{rate.right} of {rate.n} pictures show what was asked."
    move = summary.paired.likeness if summary.paired else None
    if move is None or move.low is None or move.high is None:
        return f"{colours}."
    if move.low > 0:
        return f"The pictures moved towards the catalogue; {colours[:1].lower()}{colours[1:]}."
    if move.high < 0:
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
    here, there, paired = summary.measured, summary.other, summary.paired
    if here.looks.n:
        yield f"Every garment there and in its colour: {tell_rate(here.looks)} pictures."
        yield f"Garment by garment: {tell_rate(here.garments)} in the colour asked for."
    if there is not None and there.looks.n:
        yield f"Drawn without it: {tell_rate(there.looks)} pictures."
    if paired is not None and paired.n:
        split = paired.only_this + paired.only_other
        yield (
            f"On the same prompts and seeds ({paired.n} pairs), {paired.only_this} became right "
            f"and {paired.only_other} became wrong; a split as uneven comes about by chance with "
            f"probability {_tell_probability(paired.p_value)}"
            + (" (exact McNemar test)." if split else ", since none changed.")
        )


def _tell_likeness(summary: Summary) -> Iterator[str]:
    here, there = summary.measured.likeness, summary.other.likeness if summary.other else None
    if here is None:
        return
    text = f"Likeness to the nearest catalogue picture: {_tell_mean(here)}"
    if there is not None:
        text += f", without it {_tell_mean(there)}"
    if summary.catalogue_likeness is not None:
        own = _tell_mean(summary.catalogue_likeness)
        text += f"; the catalogue's own pictures to each other: {own}"
    yield text + "."


def _tell_left_out(measured: Measured) -> Iterator[str]:
    parts = [
        (measured.n_unsure, "could not be judged"),
        (measured.n_plain, "named no garment"),
        (measured.n_faults, "could not be read"),
    ]
    told = [f"{_count(number)} {what}" for number, what in parts if number]
    if told:
        yield f"{', '.join(told)}: in no rate."
    if measured.n_blocked:
        yield (
            f"{_count(measured.n_blocked)} withheld by the safety checker; measured on the "
            "originals kept aside."
        )


def _tell_mean(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.value:.2f}"
    return f"{mean.value:.2f} ({mean.low:.2f} to {mean.high:.2f})"


def _tell_probability(p_value: float) -> str:
    return "below 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _count(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"
