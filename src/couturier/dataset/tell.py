"""Tells what was found in the pictures: each one's own faults, twins, doubtful colour words."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from couturier.catalogue.faults import make_fault
from couturier.catalogue.records import Fault
from couturier.dataset.colour_words import doubt_colour
from couturier.dataset.fingerprints import find_twins
from couturier.dataset.ledger import Draft, Ledger, Picture
from couturier.dataset.outcomes import Outcome


def pair_twins(ledger: Ledger) -> None:
    """Find the twins among the files that were opened, and write them down."""
    rows = ledger.query("SELECT n, fingerprint, left_out FROM looks ORDER BY n")
    looks: list[int] = []
    fingerprints: list[str] = []
    for look, fingerprint, left_out in rows:
        looks.append(look)
        fingerprints.append("" if left_out else fingerprint or "")
    twins = find_twins(fingerprints)
    ledger.set_twins(
        (look, looks[twin.first], twin.bits, twin.same_colour)
        for look, twin in zip(looks, twins, strict=True)
        if twin
    )


def tell_pictures(ledger: Ledger) -> None:
    """Tell what is wrong with pictures, alone, beside each other, and beside their rows."""
    told: set[int] = set()
    for _, group in groupby(ledger.pictures(), key=lambda one: (one.draft.record, one.draft.stem)):
        own = [(picture, ledger.find_look(picture.look)) for picture in group]
        ledger.add_faults(_tell_product(ledger, own, told))


def _tell_product(
    ledger: Ledger, own: Sequence[tuple[Picture, Outcome]], told: set[int]
) -> Iterator[Fault]:
    for picture, outcome in own:
        notes = [*outcome.notes]
        if not outcome.left_out:
            notes += _tell_twin(ledger, picture, outcome, told)
        yield from (_make(picture, kind, reason) for kind, reason in notes)
    draft: Draft = own[0][0].draft
    judged = [(p, o.palette) for p, o in own if o.palette and not o.left_out]
    reason = doubt_colour(draft.garments, [palette for _, palette in judged])
    if reason:
        yield _make(judged[0][0], "colour word", reason)


def _tell_twin(
    ledger: Ledger, picture: Picture, outcome: Outcome, told: set[int]
) -> Iterable[tuple[str, str]]:
    """Tell a picture that is there already; a product in another colour is no fault."""
    first = find_first(ledger, outcome)
    if first[0] != picture.look:
        return [("same picture", f"the same as {first[1]}")]
    twin = find_twin(ledger, picture.look)
    if twin is None or not twin[2] or picture.look in told:
        return []
    told.add(picture.look)
    return [("near picture", f"looks the same as {twin[0]}, {twin[1]} of 256 bits apart")]


def find_first(ledger: Ledger, outcome: Outcome) -> tuple[int, str]:
    """Give number and name of the first file that holds the same bytes."""
    sql = "SELECT n, name FROM looks WHERE sha = ? AND NOT left_out ORDER BY n LIMIT 1"
    look, name = next(ledger.query(sql, (outcome.source_sha256,)))
    return int(look), str(name)


def find_twin(ledger: Ledger, look: int) -> tuple[str, int, bool, str, str] | None:
    """Give the twin of a file: name, bits apart, whether of its colour, source, sha256."""
    sql = (
        "SELECT t.name, l.twin_bits, l.same_colour, t.source, t.sha"
        " FROM looks l JOIN looks t ON t.n = l.twin WHERE l.n = ?"
    )
    row = next(ledger.query(sql, (look,)), None)
    return (row[0], row[1], bool(row[2]), row[3], row[4]) if row else None


def _make(picture: Picture, kind: str, reason: str) -> Fault:
    return make_fault(
        kind,
        f"{picture.name}: {reason}",
        image_id=picture.draft.image_id,
        file=picture.name,
        record=picture.draft.record,
    )
