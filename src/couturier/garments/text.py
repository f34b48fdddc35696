"""Shop copy cleaned: tags, entities, stray characters and words run together."""

import html
import re
import unicodedata
from functools import lru_cache

from couturier.garments.spacing import part_words

_SCRIPT = re.compile(r"<(script|style)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r" ?<!--.*?(-->|$) ?", re.DOTALL)
_BREAK = re.compile(r"<\s*/?\s*(br|p|div|li|ul|ol|h[1-6]|tr|td)\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")
_CAMEL = re.compile(r"(?<![\w'’])([a-z][a-z'’]+)([A-Z][a-z]+)")
_SPACES = re.compile(r" {3,}")
_LINE_END = re.compile(r" *\n[ \n]*")
_AFTER_STOP = re.compile(r"(?<=[.!?…])\n")


@lru_cache(maxsize=64)  # titles that stand for copy, and what the grammar is handed cleaned
def clean_text(raw: str) -> str:
    """Make shop copy readable; what is readable already comes back as it was.

    Tags go and entities are read (also "&amp;nbsp;", twice encoded), line breaks become double
    spaces so that sentences stay apart, control, bidi and other invisible characters go, words
    run together are parted.
    """
    text = html.unescape(html.unescape(raw)) if "&" in raw else raw
    text = _strip_tags(text) if "<" in text else text
    text = unicodedata.normalize("NFC", text).translate(_SHOWN)
    text = _CAMEL.sub(r"\1\n\2", text)
    return part_words(_tidy(text))


def _strip_tags(text: str) -> str:
    text = _SCRIPT.sub(" ", text)
    text = _COMMENT.sub(" ", text)
    text = _BREAK.sub("\n", text)
    return _TAG.sub("", text)


class _Shown(dict[int, str]):
    """What each character, by its number, is replaced by; found out once a character."""

    def __missing__(self, code: int) -> str:
        self[code] = _visible(chr(code))
        return self[code]


_SHOWN = _Shown()


def _visible(character: str) -> str:
    if character == "\n" or character == "\r":
        return "\n"
    category = unicodedata.category(character)
    if category in {"Zs", "Zl", "Zp"} or character == "\t":
        return " "
    return "" if category in {"Cc", "Cf", "Co", "Cs", "Cn"} else character


def _tidy(text: str) -> str:
    """One space between words, two where a line ended or copy had two."""
    text = _SPACES.sub("  ", text.strip())
    if "\n" in text:
        text = _LINE_END.sub("\n", text)
        text = _AFTER_STOP.sub(" ", text).replace("\n", "  ")
    return text
