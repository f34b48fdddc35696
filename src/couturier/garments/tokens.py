"""Text cut into words that keep their place in it."""

import re
from typing import NamedTuple

_PIECE = re.compile(r"#[0-9a-fA-F]{6}\b|[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|\d+|[^\w\s]|_")
_LETTERS_WITH_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_GAPS = ("", " ", "-")


class Token(NamedTuple):
    """One word or mark.

    Attributes:
        word: Lower case, with a straight apostrophe.
        text: As written.
        start: Where it begins in the text, in characters.
        end: Where it ends, exclusive.
        gap: What stands before it since the last token: "", " ", "-" (a hyphen inside a word) or
            "\\n" (a double space or a line break, where copy has lost its full stop).
    """

    word: str
    text: str
    start: int
    end: int
    gap: str

    @property
    def is_word(self) -> bool:
        """Whether this is a word or number, not a mark."""
        return self.word[0].isalnum() or self.word[0] == "#"


def tokenise(text: str) -> list[Token]:
    """Cut `text` into words and marks; a hyphen inside a word is a gap, not a mark."""
    bare = _LETTERS_WITH_HYPHEN.sub(" ", text)
    tokens: list[Token] = []
    last = 0
    for piece in _PIECE.finditer(bare):
        start, end = piece.span()
        word = piece.group().lower()
        if not word.isalnum():
            word = word.replace("’", "'")
            if len(word) > 1:
                word = word.rstrip("'")
                end = start + len(word)
        tokens.append(Token(word, text[start:end], start, end, _gap(text[last:start])))
        last = end
    return tokens


def words_of(phrase: str) -> tuple[str, ...]:
    """Cut a vocabulary phrase the way text is cut."""
    return tuple(token.word for token in tokenise(phrase))


def _gap(between: str) -> str:
    if between in _GAPS:
        return between
    return "\n" if "\n" in between or len(between) > 1 else " "
