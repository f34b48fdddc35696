"""Every fault a catalogue can have: its word, what it costs, its remedy; the costliest first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from couturier.catalogue.records import Fault

LEFT_OUT, CONVERTED, CUT, TOLD = "left out", "converted", "cut", "told"


@dataclass(frozen=True)
class FaultKind:
    """A fault's fixed part.

    Attributes:
        action: What is done about it: "left out", "converted", "cut" or "told".
        fix: The remedy, in the imperative.
    """

    action: str
    fix: str


# In the order of what they cost: first what loses a product, then what spoils what is learnt
# from it, then what was mended.
FAULT_KINDS: dict[str, FaultKind] = {
    "unreadable row": FaultKind(
        LEFT_OUT, "mend the row there, or export it again; each needs an id and a text"
    ),
    "no id": FaultKind(LEFT_OUT, "give each row an image_id, or name its column: --map id=COLUMN"),
    "repeated id": FaultKind(LEFT_OUT, "give each row an image_id of its own"),
    "no text": FaultKind(
        LEFT_OUT, "give the row a description or a title, or name the column: --map text=COLUMN"
    ),
    "no picture": FaultKind(LEFT_OUT, "name the picture after the image_id, as in <image_id>.jpg"),
    "web address": FaultKind(
        LEFT_OUT,
        "run it with --download, or save the picture into the images folder under the name at "
        "the end of the address",
    ),
    "refused address": FaultKind(
        LEFT_OUT,
        "only pictures at http(s) addresses of public hosts are fetched; --allow-host HOST for "
        "a host of your own, dataset.max_download_mb for large ones",
    ),
    "failed download": FaultKind(
        LEFT_OUT, "check the address, then run it again: what is here is not fetched twice"
    ),
    "unsafe path": FaultKind(LEFT_OUT, "write a path inside the images folder"),
    "ambiguous picture": FaultKind(LEFT_OUT, "keep one file of that name, or name it in the row"),
    "empty picture": FaultKind(LEFT_OUT, "export the picture again"),
    "broken picture": FaultKind(LEFT_OUT, "export the picture again as JPEG or PNG"),
    "huge picture": FaultKind(LEFT_OUT, "make it smaller, or raise dataset.max_megapixels"),
    "tiny picture": FaultKind(LEFT_OUT, "export it larger, or lower dataset.min_side_px"),
    "unreadable folder": FaultKind(TOLD, "give yourself the right to read the folder"),
    "same picture": FaultKind(TOLD, "keep one, or check that the right pictures were exported"),
    "near picture": FaultKind(TOLD, "keep one; a picture seen twice is learnt twice"),
    "colour word": FaultKind(TOLD, "look at the picture, then correct the colour in the row"),
    "no garment": FaultKind(TOLD, "say what it is in title or description, as in 'red dress'"),
    "short caption": FaultKind(TOLD, "describe what can be seen in the picture"),
    "rare kind": FaultKind(TOLD, "add pictures of it, or leave it out; see dataset.rare_below"),
    "no description": FaultKind(CONVERTED, "give the row a description"),
    "small picture": FaultKind(TOLD, "export the picture larger"),
    "unused picture": FaultKind(TOLD, "name it after an image_id, or add a row for it"),
    "several pictures": FaultKind(TOLD, "name in the row which pictures are meant"),
    "swear word": FaultKind(
        CUT, "nothing need be done; use --caption description to keep the copy as it is"
    ),
    "cut caption": FaultKind(CUT, "nothing need be done; shorten the copy to keep all of it"),
    "long caption": FaultKind(TOLD, "use --caption auto, which puts first what can be seen"),
    "empty field": FaultKind(TOLD, "fill in the fields the caption template names"),
    "animation": FaultKind(CONVERTED, "nothing need be done; the first frame is used"),
    "unsafe id": FaultKind(CONVERTED, "nothing need be done; use letters, digits, - and _ in ids"),
    "colour profile": FaultKind(CONVERTED, "nothing need be done; colours are now sRGB"),
    "broken profile": FaultKind(TOLD, "export the picture again as sRGB"),
    "cmyk": FaultKind(CONVERTED, "nothing need be done; export as sRGB to choose the colours"),
    "16 bit": FaultKind(CONVERTED, "nothing need be done; values are scaled to 8 bit"),
    "transparency": FaultKind(CONVERTED, "nothing need be done; see dataset.background"),
    "turned": FaultKind(CONVERTED, "nothing need be done; it stands upright now"),
}

LOSES_ITS_ROW = frozenset({"unreadable row", "no id", "repeated id"})
"""After these there is no product at all; other faults leave one behind."""


def make_fault(
    kind: str, reason: str, *, image_id: str = "", file: str = "", record: int = 0
) -> Fault:
    """Make a fault of a known kind.

    Args:
        kind: One of `FAULT_KINDS`.
        reason: What is wrong, with the value; the remedy is added.
        image_id: The product's id.
        file: The picture or data file it is about.
        record: Number of the row in the source, from 1; 0 where it is about no row.
    """
    known = FAULT_KINDS[kind]
    return Fault(
        image_id=image_id,
        file=file,
        record=record,
        fault=kind,
        message=f"{' '.join(reason.split())}; fix: {known.fix}",
        action=known.action,
    )


def sort_by_cost(faults: Iterable[Fault]) -> list[Fault]:
    """Order faults by what they cost, the costliest first; among equals, by row."""
    rank = {kind: place for place, kind in enumerate(FAULT_KINDS)}
    return sorted(faults, key=lambda fault: (rank.get(fault.fault, len(rank)), fault.record))


def count_faults(faults: Iterable[Fault]) -> dict[str, int]:
    """Count faults by kind, the costliest kind first."""
    return dict(Counter(fault.fault for fault in sort_by_cost(faults)))
