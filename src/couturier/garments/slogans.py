"""Slogans: what copy says is printed on a garment."""

import re
from collections.abc import Sequence

from couturier.garments.tokens import words_of
from couturier.garments.vocabulary import word_set

_QUOTED = re.compile(
    r"(?:says?|saying|reads?|reading|words?|slogan|text|lettering|print(?:ed)?(?: with)?)"
    r"(?: that)?[:,]?\s*[\"“”'‘]([^\"“”]{2,60}?)[\"“”'’](?![a-z])",
    re.IGNORECASE,
)
_WORD_ON_IT = re.compile(
    r"\b(?:the words?|the slogan|the text) ([A-Z0-9][A-Z0-9 !?&']*[A-Z0-9!?])\b"
)
_FIRST_SENTENCE = re.compile(
    r"^\s*(.+?)(?:[.!?](?=\s|$)|\s{2,}|\n|(?<=[a-z'’])\s+(?=(?:Made|This|Featuring|Put|The|Crafted"
    r"|Constructed|Complete|Designed|Take|Make|Be|In|With|A|An|Our)\b))"
)
_MAX_WORDS = 8


def find_print_text(text: str, said: Sequence[dict[str, str]]) -> str | None:
    """Find what is printed on the garment, as written, or None.

    It is what copy quotes as written on it, or, where a garment is a graphic one, the sentence
    that stands first and speaks neither of the garment nor of the outfit.

    Args:
        text: Clean copy.
        said: The attributes of its garments, by field name.
    """
    for pattern in (_QUOTED, _WORD_ON_IT):
        match = pattern.search(text)
        if match:
            return match.group(1).strip(" ,.")
    if not any(one.get("pattern") == "graphic" for one in said):
        return None
    match = _FIRST_SENTENCE.match(text[:200])
    if match is None:
        return None
    if ".." in match.group(1):
        return None  # "Technically you didn't say it... the top did"
    words = words_of(match.group(1))
    stops = word_set("talk", "slogan_stops")
    if not 2 <= len(words) <= _MAX_WORDS or any((word,) in stops for word in words):
        return None
    return match.group(1).strip(" ,-")
