"""Words tagged with what they say: kind, colour, material, or talk."""

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

from couturier.garments.tokens import Token, tokenise
from couturier.garments.vocabulary import Entry, phrase_table, read_data, word_set

SENTENCE_MARKS = frozenset(".!?;:…")
_HEX = re.compile(r"#[0-9a-f]{6}")
_MOTIFS = frozenset(
    {"kiss", "heart", "butterfly", "flower", "bow", "renaissance", "watercolor", "watercolour"}
)
_PRINTS = frozenset({"print", "printed", "prints", "pattern"})


@dataclass(frozen=True)
class Tag:
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
        run = tokens[at:end]
        tags.append(
            Tag(
                entry.slot,
                entry.value,
                run[0].start,
                run[-1].end,
                words[at:end],
                run[0].gap,
                at in openings,
                entry.implied,
            )
        )
        at = end
    tags = _join_prints(_spoil_likenesses(tags))
    return tags if is_title else _mask_passing(tags)


def _entry_at(words: tuple[str, ...], at: int) -> tuple[Entry, int]:
    saying = _longest(words, at, word_set("talk", "sayings"))
    match = phrase_table().match(words, at)
    if saying > (match[1] if match else at):
        return Entry("talk", "saying"), saying
    if match is not None:
        return match
    word = words[at]
    if _HEX.fullmatch(word):
        return Entry("colour", word), at + 1
    return Entry("word" if word[0].isalnum() else "mark", word), at + 1


def _longest(words: tuple[str, ...], at: int, phrases: frozenset[tuple[str, ...]]) -> int:
    for length in range(6, 0, -1):
        if words[at : at + length] in phrases:
            return at + len(words[at : at + length])
    return -1


def _openings(tokens: list[Token], is_title: bool) -> frozenset[int]:
    """Where sentences begin: after a full stop, or at a capital where one was lost."""
    capitals = sum(token.text[0].isupper() for token in tokens if token.is_word)
    trusts_capitals = not is_title and capitals < 0.5 * sum(token.is_word for token in tokens)
    openings = {0}
    for index in range(1, len(tokens)):
        token, before = tokens[index], tokens[index - 1]
        capital = token.text[:1].isupper() and not (len(token.text) > 1 and token.text.isupper())
        after_mark = before.word in SENTENCE_MARKS or (before.word in "-–—" and token.gap == " ")
        lost = trusts_capitals and capital and token.word not in {"i", "i'm", "v", "t", "a"}
        lost = lost and not before.text[0].isupper()  # not within "Blue Denim Jacket"
        if after_mark or (lost and token.gap != "-" and (before.is_word or token.gap == "\n")):
            openings.add(index)
    return frozenset(openings)


def _spoil_likenesses(tags: list[Tag]) -> list[Tag]:
    """Make the kinds in "belt-inspired" and "top-heavy" unknown words."""
    return [
        replace(tag, slot="word")
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
            joined[-1] = replace(
                before,
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
    words = tuple(tag.words[0] if len(tag.words) == 1 else tag.text for tag in tags)
    flat = [(word, index) for index, tag in enumerate(tags) for word in tag.words]
    flat_words = tuple(word for word, _ in flat)
    masked = list(tags)
    remarks = word_set("talk", "passing")
    for at in range(len(flat)):
        index = flat[at][1]
        opens_paired = words[index] == "paired" and tags[index].opens
        if opens_paired or _longest(flat_words, at, remarks) > 0:
            for later in range(index, len(tags)):
                if later > index and (tags[later].opens or tags[later].text in SENTENCE_MARKS):
                    break
                masked[later] = replace(tags[later], slot="talk")
    return masked


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(read_data("talk")["stop_words"]["words"])


@cache
def _weak_colours() -> frozenset[str]:
    return frozenset(read_data("colours")["weak"]["words"])
