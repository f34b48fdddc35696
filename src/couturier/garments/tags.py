"""Words tagged with what they say: kind, colour, material, or talk."""

import re
from functools import cache, lru_cache
from itertools import pairwise, zip_longest
from typing import NamedTuple

from couturier.garments.tokens import Token, tokenise
from couturier.garments.vocabulary import Entry, phrase_table, read_data, talk_table, word_set

SENTENCE_MARKS = frozenset(".!?;:…")
_HEX = re.compile(r"#[0-9a-f]{6}")
_MOTIFS = frozenset(
    {"kiss", "heart", "butterfly", "flower", "bow", "renaissance", "watercolor", "watercolour"}
)
_PRINTS = frozenset({"print", "printed", "prints", "pattern"})


class Tag(NamedTuple):
    """One phrase of the text and what it says.

    Attributes:
        slot: An `Entry.slot`, or "word" (unknown), "mark" (punctuation), "talk" (say nothing).
        value: The canonical word; for unknown words and colours, the words as written.
        start: Its first character in the text.
        end: Its end in the text, exclusive.
        words: Its words, lower case.
        gap: What stands before it: see `Token.gap`.
        opens: Whether a sentence begins with it.
        implied: See `Entry.implied`.
    """

    slot: str
    value: str
    start: int
    end: int
    words: tuple[str, ...]
    gap: str = " "
    opens: bool = False
    implied: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Its words with one space between."""
        return " ".join(self.words)

    @property
    def is_part(self) -> bool:
        """Whether it names a thing on a garment, as in "sash" or "lace trim"."""
        return self.words in word_set("words", "parts")

    @property
    def is_stop(self) -> bool:
        """Whether no garment's words reach across it."""
        return self.slot == "talk" or (self.slot == "word" and self.text in _stop_words())


def tag_text(text: str, *, is_title: bool = False) -> list[Tag]:
    """Tag every phrase of `text`; sayings and remarks become "talk"."""
    tokens = tokenise(text)
    words = tuple(token.word for token in tokens)
    openings = _openings(tokens, is_title)
    tags: list[Tag] = []
    at = 0
    while at < len(tokens):
        entry, end = _entry_at(words, at)
        first = tokens[at]
        tags.append(
            Tag(
                entry.slot,
                entry.value,
                first.start,
                tokens[end - 1].end,
                words[at:end],
                first.gap,
                at in openings,
                entry.implied,
            )
        )
        at = end
    tags = _join_prints(_spoil_likenesses(tags))
    return tags if is_title else _mask_passing(tags)


def _entry_at(words: tuple[str, ...], at: int) -> tuple[Entry, int]:
    saying = talk_table("sayings").match(words, at)
    match = phrase_table().match(words, at)
    if saying and saying[1] > (match[1] if match else at):
        return saying
    if match is not None:
        return match
    return _unknown(words[at]), at + 1


@lru_cache(maxsize=20_000)
def _unknown(word: str) -> Entry:
    if _HEX.fullmatch(word):
        return Entry("colour", word)
    return Entry("word" if word[0].isalnum() else "mark", word)


def _openings(tokens: list[Token], is_title: bool) -> frozenset[int]:
    """Where sentences begin: after a full stop, or at a capital where one was lost."""
    capitals = [token.text[0].isupper() for token in tokens if token.is_word]
    trusts_capitals = not is_title and sum(capitals) < 0.5 * len(capitals)
    openings = {0}
    for index, (before, token) in enumerate(pairwise(tokens), start=1):
        after_mark = before.word in SENTENCE_MARKS or (before.word in "-–—" and token.gap == " ")
        if after_mark or (trusts_capitals and token.text[0].isupper() and _is_lost(before, token)):
            openings.add(index)
    return frozenset(openings)


def _is_lost(before: Token, token: Token) -> bool:
    """Whether a capital opens a sentence though the full stop before it is lost."""
    shouted = len(token.text) > 1 and token.text.isupper()
    if shouted or token.word in {"i", "i'm", "v", "t", "a"} or before.text[0].isupper():
        return False  # nor within "Blue Denim Jacket"
    return token.gap != "-" and (before.is_word or token.gap == "\n")


def _spoil_likenesses(tags: list[Tag]) -> list[Tag]:
    """Make the kinds in "belt-inspired" and "top-heavy" unknown words."""
    return [
        tag._replace(slot="word")
        if tag.slot == "kind" and after and after.gap == "-" and after.slot == "word"
        else tag
        for tag, after in zip_longest(tags, tags[1:])
    ]


def _join_prints(tags: list[Tag]) -> list[Tag]:
    """Join a motif to its "print": "kiss print", "lemon-print", "doodle-printed"."""
    joined: list[Tag] = []
    for tag in tags:
        before = joined[-1] if joined else None
        if before and _is_print(tag) and _is_motif(before):
            joined[-1] = before._replace(
                slot="pattern",
                value=f"{before.words[-1]} print",
                end=tag.end,
                words=before.words + tag.words,
            )
        else:
            joined.append(tag)
    return joined


def _is_print(tag: Tag) -> bool:
    vague = tag.value in {"printed", "patterned"}
    return vague and tag.words[-1] in _PRINTS and tag.gap in {" ", "-"}


def _is_motif(tag: Tag) -> bool:
    word = tag.words[-1]
    if (word,) in word_set("words", "not_printed") or word[-2:] == "ly" or not word.isalpha():
        return False
    if tag.slot == "colour":
        return tag.text in _weak_colours() and tag.text not in {"metallic", "gold", "silver"}
    if tag.slot == "filler":
        return word in _MOTIFS
    return tag.slot == "word" and not tag.is_stop and not word.endswith("ed")


def _mask_passing(tags: list[Tag]) -> list[Tag]:
    """Turn remarks on other garments ("pair it with any jeans") into talk."""
    owners = [index for index, tag in enumerate(tags) for _ in tag.words]
    words = tuple(word for tag in tags for word in tag.words)
    masked = list(tags)
    remarks = talk_table("passing")
    for at, index in enumerate(owners):
        opens_paired = tags[index].opens and tags[index].words == ("paired",)
        if opens_paired or remarks.match(words, at):
            for later in range(index, len(tags)):
                if later > index and (tags[later].opens or tags[later].text in SENTENCE_MARKS):
                    break
                masked[later] = tags[later]._replace(slot="talk")
    return masked


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(read_data("talk")["stop_words"]["words"])


@cache
def _weak_colours() -> frozenset[str]:
    return frozenset(read_data("colours")["weak"]["words"])
