"""One card a picture: what was asked, what is seen, how it was drawn, how to draw it again."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from couturier.evaluate.records import Score, read_scores
from couturier.garments.colours import find_colour
from couturier.generate.records import LOOKS_FILE, Look, read_looks
from couturier.vision.records import MISSING, RIGHT, UNSURE, WRONG

COPIED = "copied"
WITHHELD, UNREADABLE, PLAIN = "withheld", "unreadable", "not judged"
MARKS = {RIGHT: "✓", WRONG: "✕", UNSURE: "?", MISSING: "–"}
_WORST_FIRST = (COPIED, WRONG, MISSING, UNREADABLE, UNSURE, WITHHELD, PLAIN, RIGHT)


@dataclass(frozen=True)
class Chip:
    """One garment of a receipt as the page shows it: two swatches and a verdict.

    Attributes:
        asked_hex: Swatch of the colour asked for; "" where none is asked or it is no colour word.
        seen_hex: Swatch of the colour seen; "" where the garment was not found.
        mark: The verdict as a sign, so that colour is never the only carrier.
    """

    kind: str
    asked: str
    asked_hex: str
    seen: str
    seen_hex: str
    delta_e: float | None
    verdict: str
    mark: str


@dataclass(frozen=True)
class Card:
    """One picture on the page.

    Attributes:
        file: Its name in the looks folder.
        path: Where it lies.
        prompt: The sentence; "" where unknown.
        seed: Of its noise; None where unknown.
        status: "copied", "wrong", "missing", "unreadable", "unsure", "withheld", "not judged" or
            "right".
        reason: Why it was withheld, or could not be read; else "".
        comment: The measured comment.
        notes: What of it the chips do not say.
        chips: Its colour receipt.
        facts: Settings and measures as (name, value) in words.
        replay: The command that draws it again; "" for a picture couturier did not draw.
        nearest: The training picture most like it; "" where none was compared.
        likeness: How like, 0 to 1.
        copy_of: The training picture its lines lie on best; "" where none was compared.
        copy_score: How well, at most 1.
        mirrored: Whether it does so turned left to right.
    """

    file: str
    path: Path
    prompt: str
    seed: int | None
    status: str
    reason: str
    comment: str
    notes: tuple[str, ...]
    chips: tuple[Chip, ...]
    facts: tuple[tuple[str, str], ...]
    replay: str
    nearest: str = ""
    likeness: float = 0.0
    copy_of: str = ""
    copy_score: float = 0.0
    mirrored: bool = False

    @property
    def withheld(self) -> bool:
        """Whether the page shows a black tile with the reason instead of the picture."""
        return self.status == WITHHELD

    @property
    def failed(self) -> bool:
        """Whether something is plainly wrong with it."""
        return self.status in (COPIED, WRONG, MISSING, UNREADABLE)


def build_cards(looks_dir: Path) -> list[Card]:
    """Build a card for every scored picture, in drawing order.

    Raises:
        LooksError: the folder holds no looks or was never scored.
    """
    looks = _read_recorded(looks_dir)
    return [_build(looks_dir, score, looks.get(score.file)) for score in read_scores(looks_dir)]


def count_unscored(looks_dir: Path, cards: Iterable[Card]) -> int:
    """Count the looks that were drawn after the folder was scored."""
    return len(_read_recorded(looks_dir).keys() - {card.file for card in cards})


def sort_worst_first(cards: Iterable[Card]) -> list[Card]:
    """Sort cards so that failures come first; drawing order within a status stays."""
    return sorted(cards, key=lambda card: _WORST_FIRST.index(card.status))


def find_twin(card: Card, others: Iterable[Card]) -> Card | None:
    """Find the picture of the same prompt and seed among another folder's cards."""
    return next((o for o in others if (o.prompt, o.seed) == (card.prompt, card.seed)), None)


def _read_recorded(looks_dir: Path) -> dict[str, Look]:
    if not (looks_dir / LOOKS_FILE).is_file():
        return {}
    return {look.file: look for look in read_looks(looks_dir)}


def _build(looks_dir: Path, score: Score, look: Look | None) -> Card:
    path = looks_dir / score.file
    status, reason = _judge_status(score, look)
    copy = score.extra.get("copy") or {}
    return Card(
        file=score.file,
        path=path,
        prompt=str(score.extra.get("prompt") or ""),
        seed=score.extra.get("seed"),
        status=status,
        reason=reason,
        comment=score.comment,
        notes=tuple(score.extra.get("notes", ())),
        chips=tuple(_build_chip(entry) for entry in score.receipt),
        facts=tuple(_list_facts(score, look)),
        replay=f"couturier replay {shlex.quote(path.as_posix())}" if look else "",
        nearest=str(score.extra.get("nearest", "")),
        likeness=float(score.extra.get("likeness", 0.0)),
        copy_of=str(copy.get("of", "")),
        copy_score=float(copy.get("score", 0.0)),
        mirrored=bool(copy.get("mirrored", False)),
    )


def _judge_status(score: Score, look: Look | None) -> tuple[str, str]:
    if "fault" in score.extra:
        return UNREADABLE, str(score.extra["fault"])
    reason = ""
    if score.extra.get("blocked"):
        reasons = look.safety.get("reasons", ()) if look else ()
        reason = ", ".join(str(entry) for entry in reasons) or "no reason given"
    verdicts = {entry["verdict"] for entry in score.receipt}
    worst = next((v for v in (WRONG, MISSING, UNSURE, RIGHT) if v in verdicts), PLAIN)
    if reason:
        return WITHHELD, reason
    return (COPIED if (score.extra.get("copy") or {}).get("copied") else worst), ""


def _build_chip(entry: dict[str, Any]) -> Chip:
    asked = find_colour(entry["asked"]) if entry["asked"] else None
    return Chip(
        kind=entry["kind"],
        asked=entry["asked"] or "any colour",
        asked_hex=asked.hex if asked else "",
        seen=entry["seen"] or "not seen",
        seen_hex=entry["seen_hex"] or "",
        delta_e=entry["delta_e"],
        verdict=entry["verdict"],
        mark=MARKS[entry["verdict"]],
    )


def _list_facts(score: Score, look: Look | None) -> Iterable[tuple[str, str]]:
    yield from _list_measures(score)
    if look is None:
        yield "origin", "not in looks.jsonl; scored with what is known of it"
        return
    yield "seed", str(look.seed)
    for name, value in look.settings.items():
        if value not in (None, "", []):
            yield name.replace("_", " "), _shorten(value)
    if faithful := look.extra.get("faithful"):
        yield from _tell_faithful(faithful)
    if look.seconds:
        yield "seconds", f"{look.seconds:.1f}"
    yield "safety", str(look.safety.get("verdict", "unchecked"))


def _list_measures(score: Score) -> Iterable[tuple[str, str]]:
    if score.text_image is not None:
        yield "text-image cosine", f"{score.text_image:.3f}"
    if "likeness" in score.extra:
        yield "likeness", f"{score.extra['likeness']:.2f} to {score.extra['nearest']}"
    if copy := score.extra.get("copy"):
        yield "lines and shade", f"agree to {copy['score']:.2f} with {copy['of']}"


def _tell_faithful(done: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Tell what `--faithful` did, as far as the record says it."""
    if rungs := done.get("rungs"):
        yield "how each garment came right", ", ".join(str(rung) for rung in rungs)
    if tried := done.get("tried"):
        yield "starts tried", str(len(tried) if isinstance(tried, list) else tried)


def _shorten(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_shorten(entry) for entry in value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text[:16] + "…" if len(text) > 60 and " " not in text else text
