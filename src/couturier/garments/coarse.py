"""Swear words: told from words that only look like them, masked ones included."""

import re
from functools import lru_cache

from couturier.garments.vocabulary import word_set

_WORD = re.compile(r"[^\W\d_]+(?:[*@$!#]+[^\W\d_]*)*", re.UNICODE)
_MASKED = re.compile(r"^[^\W\d_]+\*+[^\W\d_]*$")  # "f**k"; a full stop or star at an end is none
_UNMASK = str.maketrans({"@": "a", "$": "s", "!": "i", "#": ""})


def find_coarse(text: str) -> list[str]:
    """Find the swear words of a text, as written, in order."""
    return [word for word in _WORD.findall(text) if _is_coarse(word)]


def strip_coarse(text: str) -> str:
    """Take the swear words out of a text and leave the rest."""
    kept = _WORD.sub(lambda match: "" if _is_coarse(match[0]) else match[0], text)
    return " ".join(kept.split())


@lru_cache(maxsize=20_000)
def _is_coarse(written: str) -> bool:
    word = written.lower()
    if (word.rstrip("!"),) in word_set("coarse", "coarse"):
        return True
    if not word.rstrip("*!").isalpha():
        plain = word.rstrip("!").translate(_UNMASK)
        return bool(_MASKED.match(word)) or (plain,) in word_set("coarse", "coarse")
    return False
