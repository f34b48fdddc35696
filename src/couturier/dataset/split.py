"""Holds some products out of training; what shows the same product goes the same way."""

from collections.abc import Sequence

from couturier.seeds import MAX_SEED, derive_seed


def hold_out(
    image_ids: Sequence[str], keys: Sequence[Sequence[str]], *, share: float, seed: int
) -> list[bool]:
    """Choose which items are held out.

    Items that share any key (same product, same picture, same copy) are one product and are
    held out together. A product's lot depends on the seed and the id of its first item alone, so
    that adding rows to a catalogue moves none of the others.

    Args:
        image_ids: One an item.
        keys: What each item may share with others; any number a item, "" counts for nothing.
        share: Of the products to hold out, 0 to 1.
        seed: Another seed holds out others.

    Returns:
        One truth value an item. Never all of them: where chance would have it so, none is.
    """
    first_of = _join(keys)
    chosen = [
        derive_seed(seed, "held-out", image_ids[first]) / (MAX_SEED + 1) < share
        for first in first_of
    ]
    return chosen if not all(chosen) else [False] * len(chosen)


def _join(keys: Sequence[Sequence[str]]) -> list[int]:
    """Give for each item the first of those it is joined with, over any chain of shared keys."""
    parent = list(range(len(keys)))
    seen: dict[str, int] = {}
    for item, own in enumerate(keys):
        for key in filter(None, own):
            one, other = _root(parent, seen.setdefault(key, item)), _root(parent, item)
            parent[max(one, other)] = min(one, other)
    return [_root(parent, item) for item in range(len(keys))]


def _root(parent: list[int], item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item
