"""The colour receipt: what was asked of a garment and what the picture shows."""

from dataclasses import asdict, dataclass
from typing import Any

RIGHT, WRONG, UNSURE, MISSING = "right", "wrong", "unsure", "missing"
# From here on lines, light and shade agree as they do in a copy: set on one half of the products,
# measured on the other; benchmarks/copies.py.
COPY_SCORE = 0.774


@dataclass(frozen=True)
class GarmentReceipt:
    """One garment asked for, and its colour as measured.

    Attributes:
        kind: The kind asked for, as in "jacket".
        asked: The colour asked for; None where the sentence names none.
        seen: The name of the colour measured; None where the garment was not found.
        seen_hex: Its sRGB value, as in "#c33b2f".
        delta_e: ΔE2000 between asked and seen; None where one of them is missing.
        share: Share of the picture's area the garment takes, 0 to 1.
        verdict: "right", "wrong", "unsure" (found, but cannot tell) or "missing" (not found).
    """

    kind: str
    asked: str | None
    seen: str | None
    seen_hex: str | None
    delta_e: float | None
    share: float
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Give the receipt as looks.jsonl and scores.jsonl hold it."""
        return asdict(self)
