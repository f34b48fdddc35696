"""Safety: the base's own checker, with its scores told instead of thrown away."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import normalize

from couturier.errors import BaseModelError
from couturier.files import read_json
from couturier.generate.records import BLOCK, PASS

UNCHECKED, BROKEN = "unchecked", "broken"

# Stable Diffusion's checker holds 17 + 3 unnamed vectors. The words nearest to them were found by
# Rando et al. 2022, arXiv:2210.04610, table 1; a few are told here by their sense.
_CONCEPTS = (
    "sexual", "nude", "sex", "18+", "naked", "nsfw", "porn", "male genitals", "female genitals",
    "naked person", "explicit content", "uncensored", "obscenity", "nipples (1)", "nipples (2)",
    "naked breasts", "areola",
)  # fmt: skip
_SPECIAL = ("small girl", "young child", "young girl")
_CLIP_L14_PROJECTION = 768
_CARE_MARGIN = 0.01  # what a child seen in the picture adds to every other score


@dataclass(frozen=True)
class ConceptScore:
    """One of the checker's concepts, measured on a picture.

    Attributes:
        number: Its place in the checker, from 1; special ones count apart.
        name: The word nearest to it, or "concept N" where nobody has found out.
        special: True for those that make the rest stricter, and never block by themselves.
        cosine: Likeness of picture and concept, -1 to 1.
        threshold: Above it the checker flags; already lowered where a special concept fired.
        margin: Cosine less threshold to 3 digits, as the checker rounds; over 0 flags.
    """

    number: int
    name: str
    special: bool
    cosine: float
    threshold: float
    margin: float


@dataclass(frozen=True)
class Verdict:
    """What is done with a picture, and why.

    Attributes:
        verdict: "pass", "review", "block", "unchecked" or "broken".
        reasons: In words; empty for a "pass" nobody doubted.
        flagged: The concepts over their threshold, special ones too.
        nearest: The blocking concept with the largest margin, flagged or not; None unchecked.
        second: Name and score, 0 to 1, of the second checker; None where it was not asked.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    flagged: tuple[ConceptScore, ...] = ()
    nearest: ConceptScore | None = None
    second: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give the verdict as looks.jsonl holds it."""
        nearest = asdict(self.nearest) if self.nearest else None
        flagged = [asdict(score) for score in self.flagged]
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "flagged": flagged,
            "nearest": nearest,
            "second": self.second,
        }


def find_breakage(pixels: NDArray[np.float32]) -> str:
    """Tell a picture that drawing has spoilt from one that is only dark; "" for a sound one.

    Args:
        pixels: Shape (height, width, 3), as the decoder gave them.
    """
    n_bad = int(np.count_nonzero(~np.isfinite(pixels)))
    if n_bad:
        return (
            f"{n_bad:,} of {pixels.size:,} values are no numbers (NaN or infinite): the drawing "
            "broke down, usually from fp16 or damaged weights; try precision fp32"
        )
    if np.ptp(pixels) == 0:
        return "every pixel has the same value: nothing was drawn"
    return ""


def require_checker(base: Path) -> None:
    """See that a base's safety checker is there if its model_index.json promises one.

    Args:
        base: The base's folder.

    Raises:
        BaseModelError: it is promised and its weights are missing.
    """
    index = read_json(base / "model_index.json")
    promised = (index.get("safety_checker") or [None, None])[1]
    if promised and not any((base / "safety_checker").glob("*.safetensors")):
        raise BaseModelError(
            f"{base / 'safety_checker'}: the base's safety checker is missing, so nothing would "
            "be checked",
            fix="fetch or copy the base anew, or draw with --safety off, which marks every picture "
            "unchecked",
        )


def find_damage(pipeline: Any) -> str:
    """Name the parts of a base whose weights are no numbers; "" where all are sound."""
    parts = ("unet", "vae", "text_encoder", "text_encoder_2")
    models = {name: getattr(pipeline, name, None) for name in parts}
    damaged = [
        name
        for name, model in models.items()
        if model is not None and not all(bool(p.isfinite().all()) for p in model.parameters())
    ]
    if not damaged:
        return ""
    return f"the weights of its {' and '.join(damaged)} hold NaN or infinity: fetch the base anew"


def judge_picture(image: Image.Image, checker: Any, extractor: Any) -> Verdict:
    """Judge a picture as diffusers' checker does, and say what it saw.

    Args:
        image: As drawn, 8 bits a channel.
        checker: The base's StableDiffusionSafetyChecker.
        extractor: Its CLIPImageProcessor.
    """
    scores = score_concepts(image, checker, extractor)
    if not all(math.isfinite(score.cosine) for score in scores):
        return Verdict(UNCHECKED, ("the safety checker gave no numbers: its weights are damaged",))
    flagged = tuple(score for score in scores if score.margin > 0)
    nearest = max((s for s in scores if not s.special), key=lambda score: score.margin)
    blocking = [score for score in flagged if not score.special]
    if not blocking:
        return Verdict(PASS, flagged=flagged, nearest=nearest)
    care = [score for score in flagged if score.special]
    return Verdict(BLOCK, tuple(map(_reason, blocking + care)), flagged, nearest)


def score_concepts(image: Image.Image, checker: Any, extractor: Any) -> list[ConceptScore]:
    """Measure the checker's 3 special and 17 blocking concepts, in this order."""
    pixels = extractor([image], return_tensors="pt")["pixel_values"]
    pixels = pixels.to(checker.device, checker.dtype)  # (1, 3, 224, 224) for SD's own
    with torch.inference_mode():
        embedding = checker.visual_projection(checker.vision_model(pixels)[1])
        special = _cosines(embedding, checker.special_care_embeds)
        blocking = _cosines(embedding, checker.concept_embeds)
    names, special_names = _find_names(checker, len(blocking), len(special))
    first = _compare(special, checker.special_care_embeds_weights, special_names, care=None)
    care = _CARE_MARGIN if any(score.margin > 0 for score in first) else 0.0
    return first + _compare(blocking, checker.concept_embeds_weights, names, care=care)


def _cosines(embedding: torch.Tensor, concepts: torch.Tensor) -> NDArray[np.float32]:
    products = torch.mm(normalize(embedding), normalize(concepts).t())  # (1, concepts)
    cosines: NDArray[np.float32] = products[0].cpu().float().numpy()
    return cosines


def _compare(
    cosines: NDArray[np.float32],
    thresholds: torch.Tensor,
    names: Sequence[str],
    *,
    care: float | None,
) -> list[ConceptScore]:
    """Set cosines against thresholds; `care` is None for the special concepts.

    The special concepts tighten one another too: the first that fires adds to those after it.
    """
    special, added, scores = care is None, care or 0.0, []
    for number, (cosine, threshold, name) in enumerate(
        zip(cosines, thresholds.tolist(), names, strict=True), start=1
    ):
        margin = float(round(cosine - threshold + added, 3))  # in float32, as diffusers rounds
        scores.append(ConceptScore(number, name, special, float(cosine), threshold - added, margin))
        if special and margin > 0:
            added = _CARE_MARGIN
    return scores


def _find_names(checker: Any, n_blocking: int, n_special: int) -> tuple[list[str], list[str]]:
    own = getattr(checker.config, "concept_names", None)
    own_special = getattr(checker.config, "special_care_names", None)
    if not own and checker.config.projection_dim == _CLIP_L14_PROJECTION:
        own, own_special = _CONCEPTS, _SPECIAL
    return _name(own, n_blocking, "concept"), _name(own_special, n_special, "special concept")


def _name(names: Sequence[str] | None, n_concepts: int, word: str) -> list[str]:
    if names and len(names) == n_concepts:
        return list(names)
    return [f"{word} {number}" for number in range(1, n_concepts + 1)]


def _reason(score: ConceptScore) -> str:
    kind = "special concept" if score.special else "concept"
    label = "" if score.name == f"{kind} {score.number}" else f" ({score.name})"
    effect = ", which makes the others stricter" if score.special else ""
    return (
        f"the safety checker saw its {kind} {score.number}{label}: score {score.cosine:.3f}, "
        f"threshold {score.threshold:.3f}, {score.margin:.3f} over{effect}"
    )
