"""Measures with plain words: what each says, which way is better, and what it cannot tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from couturier.evaluate.records import Mean, Measured


@dataclass(frozen=True)
class Measure:
    """One line of the table of measures.

    Attributes:
        name: As in "KID".
        values: (value, interval) of each way; ("", "") where it was not measured.
        says: What it says, in a sentence.
        cannot: What it cannot tell.
        source: The paper; "" for a plain one.
    """

    name: str
    values: tuple[tuple[str, str], ...]
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


def list_measures(ways: Sequence[Measured]) -> list[Measure]:
    """List what was measured of the last way, beside the others; what was not is left out."""
    return [*_list_means(ways), *_list_shares(ways), *_list_fid(ways)]


def list_safety(ways: Sequence[Measured]) -> list[tuple[str, tuple[str, ...]]]:
    """List (verdict, its count in each way), the commonest of the last way first."""
    last = ways[-1].safety
    words = sorted({word for way in ways for word in way.safety}, key=lambda w: -last.get(w, 0))
    totals = [sum(way.safety.values()) for way in ways]
    return [
        (
            word,
            tuple(
                f"{way.safety.get(word, 0)} of {total}" if total else "–"
                for way, total in zip(ways, totals, strict=True)
            ),
        )
        for word in words
    ]


def _list_means(ways: Sequence[Measured]) -> Iterator[Measure]:
    for field, name, digits, says, cannot, source in _MEANS:
        means: list[Mean | None] = [getattr(way, field) for way in ways]
        if means[-1] is not None:
            yield Measure(name, tuple(_tell(mean, digits) for mean in means), says, cannot, source)


def _list_shares(ways: Sequence[Measured]) -> Iterator[Measure]:
    for field, name, says, cannot, source in _SHARES:
        shares: list[float | None] = [getattr(way, field) for way in ways]
        if shares[-1] is not None:
            told = tuple((f"{100 * s:.0f} %" if s is not None else "", "") for s in shares)
            yield Measure(name, told, says, cannot, source)


def _list_fid(ways: Sequence[Measured]) -> Iterator[Measure]:
    if ways[-1].fid is not None:
        says = "Fréchet distance on the vision tower; lower is nearer."
        cannot = "It assumes bell-shaped clouds; printed from 10,000 pictures on only."
        source = "Heusel et al., arXiv:1706.08500"
        told = tuple((f"{way.fid:.2f}" if way.fid is not None else "", "") for way in ways)
        yield Measure("FID", told, says, cannot, source)


def _tell(mean: Mean | None, digits: int) -> tuple[str, str]:
    if mean is None:
        return "", ""
    value = f"{mean.value:.{digits}f}"
    if mean.low is None or mean.high is None:
        return value, ""
    return value, f"{mean.low:.{digits}f} to {mean.high:.{digits}f}"
