"""The words the grammar knows, read once from the package's data files."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from couturier.garments.tokens import words_of

Words = tuple[str, ...]

ATTRIBUTES = ("material", "pattern", "neckline", "sleeve", "length", "fit")

BRAND: dict[str, str] = {}  # a brand's own colours by name; set by palette.use_palette alone


@dataclass(frozen=True)
class Entry:
    """What one phrase says.

    Attributes:
        slot: "kind", "colour", "shade", "many", "set", "fabric", one of `ATTRIBUTES`, or "filler".
        value: The canonical word.
        implied: Attributes said along with a kind, as in "jorts".
    """

    slot: str
    value: str
    implied: tuple[tuple[str, str], ...] = ()


@dataclass
class PhraseTable:
    """Phrases found by their words, the longest first."""

    entries: dict[Words, Entry] = field(default_factory=dict)
    _longest: dict[str, int] = field(default_factory=dict)  # in words, by a phrase's first word

    def add(self, phrase: str, entry: Entry) -> None:
        """Keep `entry` under `phrase`; the first one that claims a phrase keeps it."""
        words = words_of(phrase)
        self.entries.setdefault(words, entry)
        self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def match(self, words: Words, start: int) -> tuple[Entry, int] | None:
        """Find the longest phrase that begins at `start`; returns it and where it ends."""
        longest = self._longest.get(words[start])
        if longest is None:  # as of most words: no phrase begins so
            return None
        for length in range(min(longest, len(words) - start), 0, -1):
            entry = self.entries.get(words[start : start + length])
            if entry is not None:
                return entry, start + length
        return None


@cache
def read_data(name: str) -> dict[str, Any]:
    """Read one of the package's word lists, by its name without ".toml"."""
    text = resources.files("couturier.garments").joinpath(f"data/{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def plurals(phrase: str) -> Iterator[str]:
    """Spell `phrase` and its plural: "clutch", "clutches"."""
    yield phrase
    if phrase.endswith(("s", "x", "ch", "sh")):
        yield phrase + "es"
    elif phrase.endswith("f"):
        yield phrase[:-1] + "ves"
    elif phrase.endswith("y") and phrase[-2] not in "aeiou":
        yield phrase[:-1] + "ies"
    else:
        yield phrase + "s"


@cache
def families() -> tuple[str, ...]:
    """Every family of kinds, in the order of the data file."""
    return tuple(name for name in read_data("kinds") if name not in {"implied", "last_in_a_title"})


@cache
def kind_phrases() -> dict[Words, Entry]:
    """Every spelling of every kind, singular and plural."""
    table: dict[Words, Entry] = {}
    data = read_data("kinds")
    for family in families():
        for kind, others in data[family].items():
            for phrase in (kind, *others):
                for spelling in plurals(phrase):
                    table.setdefault(words_of(spelling), Entry("kind", kind))
    for phrase, said in data["implied"].items():
        implied = tuple((slot, value) for slot, value in said.items() if slot != "kind")
        for spelling in plurals(phrase):
            table[words_of(spelling)] = Entry("kind", said["kind"], implied)
    return table


@cache
def phrase_table() -> PhraseTable:
    """All phrases of the grammar; where a phrase is in two lists the more telling one wins."""
    table = PhraseTable()
    for name in BRAND:
        table.add(name, Entry("colour", name))
    for words, entry in kind_phrases().items():
        table.add(" ".join(words), entry)
    for phrase, entry in _attribute_entries():
        table.add(phrase, entry)
    for phrase, entry in _colour_entries():
        table.add(phrase, entry)
    data = read_data("words")
    for slot, section in (("fabric", "fabric_words"), ("set", "set_words"), ("filler", "fillers")):
        for phrase in data[section]["words"]:
            table.add(phrase, Entry(slot, phrase))
    return table


def _attribute_entries() -> Iterator[tuple[str, Entry]]:
    data = read_data("words")
    for slot in ATTRIBUTES:
        for canonical, others in data[slot].items():
            for phrase in (canonical, *others):
                yield phrase, Entry(slot, canonical)
    for phrase in data["length_before_a_garment"]:
        yield phrase, Entry("length", phrase)


def _colour_entries() -> Iterator[tuple[str, Entry]]:
    data = read_data("colours")
    trimmings = set(data["not_before_a_garment"]["words"])
    for phrase in _grey_spellings((*data["colours"], *data["spellings"])):
        if phrase not in trimmings:
            yield phrase, Entry("colour", phrase)
    for phrase in data["kinds_of_many"]["words"]:
        yield phrase, Entry("many", "multi")
    for phrase in data["shades"]:
        yield phrase, Entry("shade", phrase)


def _grey_spellings(phrases: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        yield phrase
        if "grey" in phrase:
            yield phrase.replace("grey", "gray")


@cache
def talk_table(section: str) -> PhraseTable:
    """The phrases of one list of "talk", to be looked for in a text."""
    table = PhraseTable()
    for phrase in read_data("talk")[section]["words"]:
        table.add(phrase, Entry("talk", "saying"))
    return table


@cache
def word_set(name: str, section: str) -> frozenset[Words]:
    """The phrases of one list of a data file, each as its words."""
    return frozenset(words_of(phrase) for phrase in read_data(name)[section]["words"])
