"""What drawing leaves: a PNG a look and one line of `looks.jsonl` saying how it was made."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from couturier.errors import CouturierError, LooksError
from couturier.files import append_json_line, read_json, read_json_lines, write_json

LOOKS_FILE = "looks.jsonl"
AUDIT_FILE = "safety-audit.json"
QUARANTINE_FOLDER = "quarantine"
REVIEW_FOLDER = "review"
SAFETY_LOG = "safety.jsonl"
PASS, REVIEW, BLOCK = "pass", "review", "block"
_KEPT_APART = {BLOCK: QUARANTINE_FOLDER, REVIEW: REVIEW_FOLDER}


@dataclass(frozen=True)
class Look:
    """One picture drawn.

    Attributes:
        file: The picture's name in the looks folder; the original of a blocked one is at
            `quarantine/` under the same name, of one that waits for a person at `review/`.
        prompt: The sentence.
        seed: Of the starting noise.
        settings: All that changes a pixel: steps, guidance, negative, sampler, width, height,
            base, base_hash, device, dtype, faithful, and one entry an adapter in each of the
            lists lora, lora_scale, lora_hash, lora_hash_a1111.
        safety: {"verdict": "pass" | "review" | "block" | "unchecked" | "broken",
            "reasons": [...], ...}; see `safety.Verdict`.
        receipt: Colour receipt: one dictionary a garment asked for (see vision.records).
        seconds: What it took to draw.
        extra: "notes": what the user should know; "faithful": what `--faithful verify` did:
            "start" drawn to its end, "tried" starts with how many garments were right a third of
            the way, "changes" (kinds recoloured), and "rungs", one a garment: "plain", "guided",
            "re-drawn", "recoloured", or "none" where nothing made it right.
    """

    file: str
    prompt: str
    seed: int
    settings: dict[str, Any]
    safety: dict[str, Any]
    receipt: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


def find_original(folder: Path, file: str, verdict: str | None) -> Path:
    """Find where a picture's own pixels are: apart for what is blocked or waits for review.

    Args:
        folder: The looks folder.
        file: The picture's name.
        verdict: Its safety verdict.

    Returns:
        The path, whether or not there is still a file.
    """
    apart = _KEPT_APART.get(verdict or "")
    return folder / apart / file if apart else folder / file


def append_look(folder: Path, look: Look) -> None:
    """Add one line to `looks.jsonl`; the picture must be on disk before."""
    append_json_line(folder / LOOKS_FILE, asdict(look))


def read_looks(folder: Path) -> Iterator[Look]:
    """Read `looks.jsonl` of a folder in drawing order.

    Raises:
        LooksError: no such folder, no looks in it, or a line that is no look.
    """
    path = folder / LOOKS_FILE
    if not path.is_file():
        raise LooksError(
            f"{folder}: no looks there (no {LOOKS_FILE})",
            fix='draw some with `couturier generate "a red dress" --out DIR`',
        )
    for line, row in read_json_lines(path):
        try:
            yield Look(**{**row, "receipt": tuple(row.get("receipt", ()))})
        except TypeError as fault:
            raise LooksError(
                f"{path}, line {line}: no look ({fault})",
                fix="remove the line, or draw the pictures anew",
            ) from fault


@dataclass(frozen=True)
class SafetyAudit:
    """What the filter says, profile by profile, of pictures nobody should be kept from seeing.

    Attributes:
        key: Changes with the pictures, the base's checker and the second one.
        base: Whose checker was asked.
        second: Name of the second checker; "" where none is installed.
        catalogue: How many photographs of the catalogue had which verdict, by profile.
        looks: The same of the looks, each on its own pixels.
        stopped: (photograph, verdict, reasons) that the general profile stops.
    """

    key: str
    base: str
    second: str
    catalogue: dict[str, dict[str, int]]
    looks: dict[str, dict[str, int]]
    stopped: tuple[tuple[str, str, str], ...] = ()


def write_audit(folder: Path, audit: SafetyAudit) -> None:
    """Write `safety-audit.json` into a looks folder, whole."""
    write_json(folder / AUDIT_FILE, {"format": 1, **asdict(audit)})


def read_audit(folder: Path) -> SafetyAudit | None:
    """Read `safety-audit.json`; None where there is none, or it is from elsewhere."""
    path = folder / AUDIT_FILE
    if not path.is_file():
        return None
    try:
        row = {name: value for name, value in read_json(path).items() if name != "format"}
        stopped = tuple(tuple(entry) for entry in row.pop("stopped"))
        return SafetyAudit(**row, stopped=stopped)
    except (CouturierError, TypeError, KeyError, AttributeError):
        return None  # asking again costs time, nothing else
