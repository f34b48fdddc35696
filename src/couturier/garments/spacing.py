"""Words run together in copy, parted again: "throughoutthe", "figure-huggingfit"."""

import re
from functools import cache, lru_cache
from itertools import pairwise

from couturier.garments.vocabulary import ATTRIBUTES, phrase_table, read_data, word_set

_RUN = re.compile(r"(?<![\w'’#@./-])[A-Z]?[a-z'’]{3,}(?![\w'’@/])|(?<=-)[a-z]{5,}(?![\w'’@/])")
_MIN_LETTERS = 6  # shorter words are too often whole words not in the lists
_MAX_LETTERS = 40
_ENDINGS = ("s", "ed", "er", "ers", "es", "ing", "ly", "in", "d", "r", "n", "al", "y")


def part_words(text: str) -> str:
    """Put the lost spaces back where a word is in no list and its parts are.

    A word is parted into two, or three, where each part is known and one is a joint
    ("the", "with", "fit") or a garment's word; what stays doubtful stays as it is.
    """
    if all(_parted(word) == word for word in {*_RUN.findall(text)}):
        return text  # as nearly always
    return _RUN.sub(lambda match: _parted(match.group()), text)


@lru_cache(maxsize=20_000)
def _parted(word: str) -> str:
    plain = word.lower().replace("’", "'")
    if not _MIN_LETTERS <= len(plain) <= _MAX_LETTERS or _is_known(plain):
        return word
    cuts = _cuts(plain)
    if cuts is None:
        return word
    if word[0].isupper() and not _JOINTS_OF_NAMES & {plain[: cuts[0]], plain[cuts[-1] :]}:
        return word  # a name: "Redtape", "Legend"
    edges = [0, *cuts, len(word)]
    return " ".join(word[start:end] for start, end in pairwise(edges))


def _cuts(word: str) -> list[int] | None:
    """Where to part `word`; None where no way or only a doubtful one is found."""
    twos = [[at] for at in range(1, len(word)) if _is_pair(word[:at], word[at:])]
    if twos:
        return max(twos, key=lambda cut: max(cut[0], len(word) - cut[0]))
    for at in range(2, len(word) - 2):
        for later in range(at + 1, len(word) - 2):
            parts = (word[:at], word[at:later], word[later:])
            short = [part for part in parts if part in _joints("words") | _joints("weak")]
            if all(_is_known(part) for part in parts) and len(short) >= 2 and parts[1] in short:
                return [at, later]
    return None


def _is_pair(left: str, right: str) -> bool:
    if min(len(left), len(right)) == 1:
        return right == "a" and len(left) > 4 and left in _words()  # "Featuringa"
    if not (_is_known(left) and _is_known(right)):
        return False
    joints = sum(part in _joints("words") for part in (left, right))
    weak = sum(part in _joints("weak") for part in (left, right))
    garment = sum(part in _garment_words() for part in (left, right))
    if weak:
        return joints + weak + garment > 1
    return joints > 0 or garment > 1 or (garment == 1 and right in _AFTER_A_GARMENT)


def _is_known(word: str) -> bool:
    if word in _words() or word in _garment_words():
        return True
    return any(
        word.endswith(ending)
        and len(word) - len(ending) > 2
        and (word[: -len(ending)] in _words() or word[: -len(ending)] + "e" in _words())
        for ending in _ENDINGS
    )


@cache
def _joints(strength: str) -> frozenset[str]:
    return frozenset(read_data("common")["joints"][strength])


@cache
def _words() -> frozenset[str]:
    lists = [word for name in ("parts", "fillers") for word in word_set("words", name)]
    known = {word for words in lists for word in words}
    return (
        frozenset(read_data("common")["words"]["words"].split())
        | _joints("words")
        | _joints("weak")
        | known
    )


@cache
def _garment_words() -> frozenset[str]:
    """Words of three letters and more that name a kind or describe one."""
    slots = {"kind", "colour", *ATTRIBUTES}
    entries = phrase_table().entries.items()
    phrases = [words for words, entry in entries if entry.slot in slots]
    return frozenset(word for words in phrases for word in words if len(word) > 2) - _NOT_JOINING


_AFTER_A_GARMENT = frozenset({"fabric", "set", "pairs", "detail", "design"})
_JOINTS_OF_NAMES = frozenset(
    {"a", "an", "the", "this", "your", "these", "fabric", "to", "with", "it's", "i'm", "for", "in"}
)

# Words of garment phrases that are everyday endings of other words.
_NOT_JOINING = frozenset({"light", "side", "back", "front", "high", "low", "over", "under", "off"})
