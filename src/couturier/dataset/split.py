"""Holds some products out of training; what shows the same product goes the same way."""

from array import array
from collections.abc import Iterable, Sequence

from couturier.seeds import MAX_SEED, derive_seed
from couturier.spill import FirstSeen


def hold_out(
    image_ids: Iterable[str], keys: Iterable[Sequence[str]], *, share: float, seed: int
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
    drawn = bytearray()
    parent = array("q")
    seen = FirstSeen()
    for item, (image_id, own) in enumerate(zip(image_ids, keys, strict=True)):
        drawn.append(derive_seed(seed, "held-out", image_id) / (MAX_SEED + 1) < share)
        parent.append(item)
        for key in filter(None, own):
            one, other = _root(parent, seen.setdefault(key, item)), _root(parent, item)
            parent[max(one, other)] = min(one, other)
    chosen = [bool(drawn[_root(parent, item)]) for item in range(len(parent))]
    return chosen if not all(chosen) else [False] * len(chosen)


def _root(parent: "array[int]", item: int) -> int:
    """Find the first of the items that `item` is joined with, over any chain of shared keys."""
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item
