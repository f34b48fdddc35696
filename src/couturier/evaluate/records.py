"""What scoring leaves: one line of `scores.jsonl` a look."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from couturier.errors import LooksError
from couturier.files import read_json_lines, write_json_lines

SCORES_FILE = "scores.jsonl"


@dataclass(frozen=True)
class Score:
    """What was measured on one look.

    Attributes:
        file: The picture's name in the looks folder.
        receipt: Colour receipt: one dictionary a garment asked for (see vision.records).
        text_image: Cosine of the vision-text embeddings of prompt and picture; None if unmeasured.
        faithful: True when every garment asked for is there in its colour; None when the
            prompt names no garment or a verdict is "unsure".
        comment: The measured comment of the results table, one plain sentence or two.
    """

    file: str
    receipt: tuple[dict[str, Any], ...]
    text_image: float | None
    faithful: bool | None
    comment: str
    extra: dict[str, Any] = field(default_factory=dict)


def write_scores(folder: Path, scores: Iterable[Score]) -> None:
    """Write `scores.jsonl` into a looks folder, whole."""
    write_json_lines(folder / SCORES_FILE, (asdict(score) for score in scores))


def read_scores(folder: Path) -> Iterator[Score]:
    """Read `scores.jsonl` of a looks folder.

    Raises:
        LooksError: the looks have not been scored yet.
    """
    path = folder / SCORES_FILE
    if not path.is_file():
        raise LooksError(
            f"{folder}: not scored yet (no {SCORES_FILE})",
            fix=f"run `couturier evaluate {folder}` first",
        )
    for _, row in read_json_lines(path):
        yield Score(**{**row, "receipt": tuple(row["receipt"])})
