"""Measures with plain words: what each says, which way is better, and what it cannot tell."""

from collections.abc import Iterator
from dataclasses import dataclass

from couturier.evaluate.records import Mean, Measured, Summary


@dataclass(frozen=True)
class Measure:
    """One line of the table of measures.

    Attributes:
        name: As in "KID".
        here: Of these looks, with its interval.
        there: Of the looks compared with; "" without.
        says: What it says, in a sentence.
        cannot: What it cannot tell.
        source: The paper; "" for a plain one.
    """

    name: str
    here: str
    there: str
    says: str
    cannot: str
    source: str = ""


# Field of `Measured`, name, digits, what it says, what it cannot tell, source.
_MEANS = (
    (
        "kid", "Distance to the catalogue (KID)", 4,
        "Lower is nearer to the catalogue as a whole; 0 is as near as its own pictures are.",
        "Small distances also come from copying: read it with the section on copying.",
        "Bińkowski et al., arXiv:1801.01401",
    ),
    (
        "cmmd", "Distance to the catalogue (CMMD)", 2,
        "The same question asked with another kernel; lower is nearer.",
        "Its size depends on the vision tower: compare it within this page only.",
        "Jayasumana et al., arXiv:2401.09603",
    ),
    (
        "own_product", "Nearer to its own product", 3,
        "Pictures of a held-out product's sentence against that product's own photograph, less "
        "the other held-out ones; above 0 they show that product rather than just any.",
        "The tower sees colours and shapes and little of cut or cloth.",
        "",
    ),
    (
        "likeness", "Likeness to the nearest training picture", 2,
        "Colours and line directions, 1 is the same; it tells the house's look.",
        "It does not say whose design it is.",
        "",
    ),
    (
        "diversity", "Variety within a sentence", 3,
        "How far pictures of one sentence with several seeds are apart; near 0 they are all alike.",
        "Variety of noise counts as variety too.",
        "",
    ),
    (
        "text_image", "Picture and sentence (cosine)", 3,
        "Whether the words are in the picture; higher is nearer.",
        "It hardly hears which colour belongs to which garment.",
        "",
    ),
)  # fmt: skip
_SHARES = (
    (
        "precision", "Precision",
        "Share of the looks that lie among the catalogue's pictures.",
        "It says nothing of how much of the catalogue is reached. Told from 50 looks on.",
        "Kynkäänniemi et al., arXiv:1904.06991",
    ),
    (
        "recall", "Recall",
        "Share of the catalogue that the looks reach.",
        "Few prompts reach little of a catalogue, however good the adapter is.",
        "Kynkäänniemi et al., arXiv:1904.06991",
    ),
)  # fmt: skip


def list_measures(summary: Summary) -> list[Measure]:
    """List what was measured; what was not is left out."""
    return [*_list_means(summary), *_list_shares(summary), *_list_fid(summary.measured)]


def list_safety(summary: Summary) -> list[tuple[str, str, str]]:
    """List (verdict, count of these looks, count of those before), the commonest first."""
    here = summary.measured.safety
    there = summary.other.safety if summary.other else {}
    words = sorted({**here, **there}, key=lambda word: -here.get(word, 0))
    total, other = sum(here.values()), sum(there.values())
    return [
        (word, _tell_count(here.get(word, 0), total), _tell_count(there.get(word, 0), other))
        for word in words
    ]


def _list_means(summary: Summary) -> Iterator[Measure]:
    for field, name, digits, says, cannot, source in _MEANS:
        here: Mean | None = getattr(summary.measured, field)
        there: Mean | None = getattr(summary.other, field) if summary.other else None
        if here is not None:
            yield Measure(name, _tell(here, digits), _tell(there, digits), says, cannot, source)


def _list_shares(summary: Summary) -> Iterator[Measure]:
    for field, name, says, cannot, source in _SHARES:
        here: float | None = getattr(summary.measured, field)
        there: float | None = getattr(summary.other, field) if summary.other else None
        if here is not None:
            told = [f"{100 * share:.0f} %" if share is not None else "" for share in (here, there)]
            yield Measure(name, told[0], told[1], says, cannot, source)


def _list_fid(measured: Measured) -> Iterator[Measure]:
    if measured.fid is not None:
        says = "Fréchet distance on the vision tower; lower is nearer."
        cannot = "It assumes bell-shaped clouds; printed from 10,000 pictures on only."
        source = "Heusel et al., arXiv:1706.08500"
        yield Measure("FID", f"{measured.fid:.2f}", "", says, cannot, source)


def _tell(mean: Mean | None, digits: int) -> str:
    if mean is None:
        return ""
    value = f"{mean.value:.{digits}f}"
    if mean.low is None or mean.high is None:
        return value
    return f"{value} ({mean.low:.{digits}f} to {mean.high:.{digits}f})"


def _tell_count(count: int, total: int) -> str:
    return f"{count} of {total}" if total else ""
