"""What comes of opening a picture, and of compressing it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from couturier.vision.foreground import Palette


@dataclass(frozen=True)
class Outcome:
    """What was found when a picture was opened.

    Attributes:
        source_sha256: Of the shop's file; "" where it could not be read.
        notes: Pairs of a kind of `catalogue.faults.FAULT_KINDS` and the reason.
        left_out: True where the picture is of no use; the last note says why.
        fingerprint: As `fingerprints.take_fingerprint` gives it.
        palette: Colours of what stands before a plain ground, None where it is not plain.
    """

    source_sha256: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    left_out: bool = False
    fingerprint: str = ""
    palette: Palette | None = None

    def as_dict(self) -> dict[str, Any]:
        """Every field by its name, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Outcome":
        """Read what `as_dict` wrote."""
        return cls(**_restore(row))


@dataclass(frozen=True)
class Compressed(Outcome):
    """One picture compressed, or why it was not.

    Attributes:
        file_name: Its name in the data set folder.
        width: Pixels, likewise `height`; 0 where it was left out.
        sha256: Of the written file.
        size_bytes: Of the written file.
    """

    file_name: str = ""
    width: int = 0
    height: int = 0
    sha256: str = ""
    size_bytes: int = 0

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Compressed":
        """Read what `as_dict` wrote."""
        return cls(**_restore(row))


def read_palette_row(row: Mapping[str, Any]) -> Palette:
    """Read a palette from its JSON."""
    return Palette(row["ground"], tuple(row["colours"]), tuple(row["shares"]))


def _restore(row: Mapping[str, Any]) -> dict[str, Any]:
    notes = tuple((str(kind), str(reason)) for kind, reason in row["notes"])
    palette = read_palette_row(row["palette"]) if row["palette"] is not None else None
    return {**row, "notes": notes, "palette": palette}
