"""The verdict in plain sentences with its figures, first the one that matters most."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from scipy.stats import binomtest

from couturier.evaluate.records import Mean, Measured, Paired, Rate, Summary, Way
from couturier.vision.records import COPY_SCORE

SIGNIFICANT = 0.05
# Below these, a mean shift is either too few pictures or nothing an eye would see.
FEWEST_PAIRS = 8
SEEN_SHIFT = 0.01
FALSE_ALARMS = 0.03  # of the search for copies at COPY_SCORE; docs/log.md
_GENERAL = "general"  # the profile a verdict speaks of; the page has all
_WORDS = {"2": "two", "3": "three", "4": "four", "5": "five"}


def write_verdict(summary: Summary) -> tuple[str, ...]:
    """Tell a summary in sentences: the headline, the colours, the copying, then the rest."""
    return (
        _tell_headline(summary),
        *_tell_rate(summary),
        *_tell_copies(summary.measured, summary.other),
        *_tell_pairs(summary),
        *_tell_likeness(summary),
        *_tell_kept(summary),
        *_tell_filter(summary),
        *_tell_left_out(summary.measured),
    )


def copies_surely(measured: Measured) -> bool:
    """Say whether more pictures are copies than the search's false alarms explain."""
    found = measured.copies
    if found is None or found.right == 0:
        return False
    test = binomtest(found.right, found.n, FALSE_ALARMS, alternative="greater")
    return bool(test.pvalue < SIGNIFICANT)


def _tell_headline(summary: Summary) -> str:
    text = _tell_change_and_move(summary)
    if copies_surely(summary.measured):
        return f"The pictures copy the catalogue's photographs; {text[:1].lower()}{text[1:]}"
    return text


def _tell_change_and_move(summary: Summary) -> str:
    paired = summary.paired
    if paired is not None and paired.n_drawn and paired.unchanged == paired.n_drawn:
        return "No difference: every picture is the same, pixel by pixel."
    colours = _tell_change(paired)
    if colours is None:
        rate = summary.measured.looks
        if rate.n == 0:
            return "No picture could be judged."
        return f"{rate.right} of {rate.n} pictures show what was asked."
    move = _tell_move(_find_trained(summary))
    if move is None:
        return f"{colours}."
    if not move:
        return f"{colours}; no move towards the catalogue can be told."
    return f"{move}; {colours[:1].lower()}{colours[1:]}."


def _find_trained(summary: Summary) -> Paired | None:
    """Find the step that training made: where all ways were drawn, the plain one after the base."""
    return summary.ways[1].step if len(summary.ways) > 2 else summary.paired


def _tell_move(paired: Paired | None) -> str | None:
    """Tell a move to the catalogue; "" where none can be told, None where too few were drawn."""
    move = paired.likeness if paired else None
    if move is None or move.low is None or move.high is None or move.n < FEWEST_PAIRS:
        return None
    if move.low > 0 and move.value >= SEEN_SHIFT:
        return "The pictures moved towards the catalogue"
    if move.high < 0 and move.value <= -SEEN_SHIFT:
        return "The pictures moved away from the catalogue"
    return ""


def _tell_change(paired: Paired | None) -> str | None:
    if paired is None or paired.n == 0:
        return None
    if paired.p_value >= SIGNIFICANT:
        return "No difference in faithfulness can be told"
    better = paired.only_this > paired.only_other
    return "More pictures show what was asked" if better else "Fewer pictures show what was asked"


def _tell_rate(summary: Summary) -> Iterator[str]:
    here, before = summary.measured, summary.other
    if not here.looks.n:
        return
    if len(summary.ways) > 2:
        told = ", ".join(f"{way.name} {_tell_of(way.measured.looks)}" for way in summary.ways)
        yield f"Pictures with every garment in the colour asked for: {told}." + _tell_counts(
            [way.measured for way in summary.ways]
        )
        return
    yield (
        f"{here.looks.right} of {here.looks.n} pictures judged show every garment in the "
        f"colour asked for ({_tell_share(here.looks)}); counted by garment it is "
        f"{here.garments.right} of {here.garments.n} ({_tell_share(here.garments)})."
        + _tell_before(before)
        + _tell_counts([*([before] if before else []), here])
    )


def _tell_of(rate: Rate) -> str:
    if not rate.n:
        return "none judged"
    share, low, high = (100 * value for value in (rate.right / rate.n, rate.low, rate.high))
    return f"{rate.right} of {rate.n} ({share:.0f} %, {low:.0f} to {high:.0f} %)"


def _tell_counts(sides: Sequence[Measured]) -> str:
    """Tell the prompts that name most garments, which are the hardest, way by way."""
    counts = [count for count, rate in sides[-1].by_count.items() if rate.n]
    if len(counts) < 2:
        return ""
    hardest = max(counts, key=int)
    rates = [side.by_count.get(hardest) for side in sides]
    told = " → ".join(f"{100 * r.right / r.n:.0f} %" for r in rates if r is not None and r.n)
    return f" On prompts that name {_WORDS.get(hardest, hardest)} garments: {told}."


def _tell_copies(here: Measured, before: Measured | None) -> Iterator[str]:
    if here.copies is None or here.closest is None:
        return
    found = here.copies
    if found.right == 0:
        yield (
            f"No picture is a copy of a training photograph: the closest agrees to "
            f"{here.closest:.2f} in lines and shade, and copies begin at {COPY_SCORE:.2f}."
        )
        return
    text = f"{found.right} of {found.n} pictures lie on a training photograph, line on line"
    if not copies_surely(here):
        by_chance = f"up to {100 * FALSE_ALARMS:.0f} in 100 do so by chance"
        yield f"{text}; {by_chance}, so look at each."
        return
    then = before.copies if before else None
    text += f", before {then.right} of {then.n}" if then else ""
    yield f"{text}: these are copies, and must not be passed off as new."


def _tell_pairs(summary: Summary) -> Iterator[str]:
    if len(summary.ways) > 2:
        yield from (_tell_step(way, before) for before, way in pairwise(summary.ways) if way.step)
        return
    paired = summary.paired
    if paired is not None and paired.n:
        yield (
            f"On the same prompts and seeds ({_count(paired.n, 'pair')}) {paired.only_this} became "
            f"right and {paired.only_other} became wrong; chance alone makes a split as uneven "
            f"with probability {_tell_probability(paired.p_value)} (exact McNemar test)."
        )


def _tell_step(way: Way, before: Way) -> str:
    step = way.step
    assert step is not None
    kept = ", the same to the pixel" if step.n_drawn and step.unchanged == step.n_drawn else ""
    return (
        f"From {before.name} to {way.name}, same prompts and seeds ({_count(step.n, 'pair')}"
        f"{kept}): {step.only_this} became right, {step.only_other} became wrong; by chance with "
        f"probability {_tell_probability(step.p_value)} (exact McNemar test)."
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
    kid, then = summary.measured.kid, summary.other.kid if summary.other else None
    if kid is not None:
        text = f"The distance to the catalogue as a whole (KID) is {_tell_distance(kid)}"
        yield text + (f", before {_tell_distance(then)}." if then else ".")


def _tell_kept(summary: Summary) -> Iterator[str]:
    if len(summary.kept) != 2 or summary.kept[1].step is None:
        return
    before, after = summary.kept
    step = summary.kept[1].step
    forgot = step.p_value < SIGNIFICANT and step.only_other > step.only_this
    yield (
        f"Of the base's own sentences, {_tell_of(before.measured.looks)} came right before and "
        f"{_tell_of(after.measured.looks)} after: "
        + ("it has forgotten some of what it knew." if forgot else "no forgetting can be told.")
    )


def _tell_filter(summary: Summary) -> Iterator[str]:
    rate = next((one for one in summary.filter_rates if one.profile == _GENERAL), None)
    if rate is not None and rate.alarms.n:
        alarms = rate.alarms
        yield (
            f"The safety filter stops {alarms.right} of {alarms.n} photographs of the catalogue "
            f"({_tell_share(alarms)}), which nobody has to be kept from seeing."
        )


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


def _tell_distance(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.value:.4f}"
    return f"{mean.value:.4f} ({mean.low:.4f} to {mean.high:.4f})"


def _tell_probability(p_value: float) -> str:
    return "below 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
