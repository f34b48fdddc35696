"""Kinds of garment: every spelling to one name, every name to one family."""

from functools import cache, lru_cache

from couturier.garments.tokens import words_of
from couturier.garments.vocabulary import families, kind_phrases, read_data


@lru_cache(maxsize=4096)  # a shop has few types and asks for each of them in every row
def find_kind(phrase: str) -> str | None:
    """Find the kind that `phrase` names: "T Shirts" is a "t-shirt".

    Where the whole is in no list, its last words decide ("Printed Skater Dress" is a "dress").
    """
    words = words_of(phrase)
    words = tuple(word for word in words if word[0].isalnum())
    for start in range(len(words)):
        entry = kind_phrases().get(words[start:])
        if entry is not None:
            return entry.value
    return None


def family_of(kind: str) -> str:
    """The family of a kind, as in "trousers" for "jeans".

    Raises:
        KeyError: `kind` is no canonical kind; ask `find_kind` first.
    """
    return _families()[kind]


@cache
def all_kinds() -> tuple[str, ...]:
    """Every canonical kind, family by family."""
    return tuple(_families())


def plain_kind(family: str) -> str:
    """The plainest kind of a family: "top" of "top", "pants" of "trousers"."""
    kinds: dict[str, list[str]] = read_data("kinds")[family]
    return next(iter(kinds))


@cache
def _families() -> dict[str, str]:
    data = read_data("kinds")
    return {kind: family for family in families() for kind in data[family]}
