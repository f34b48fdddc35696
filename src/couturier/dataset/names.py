"""Gives every picture a file name that all discs and `datasets` take as it is."""

import hashlib
import re
from collections.abc import Sequence

from couturier.catalogue.folders import strip_suffix
from couturier.catalogue.records import Product

_MAX_BYTES = 120
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# `datasets` takes a picture named test-1.jpg for a test set, and then leaves out all the others.
_SPLIT_WORD = re.compile(
    r"(?:^|(?<=[-._ 0-9]))"
    r"(training|train|validation|valid|dev|val|testing|test|evaluation|eval)"
    r"(?=[-._ 0-9]|$)",
    re.IGNORECASE,
)


def name_pictures(products: Sequence[Product], suffix: str) -> list[tuple[str, ...]]:
    """Name each product's pictures: `<image_id>.jpg`, then `<image_id>-2.jpg` and so on.

    Ids that make no safe name are made one, with a piece of their hash so that two never meet;
    names that differ in case alone are told apart the same way.

    Args:
        products: In the order of the source.
        suffix: "jpg" or "png".

    Returns:
        One tuple a product, as long as its pictures.
    """
    taken: set[str] = set()
    stems: list[str] = []
    for product in products:
        stem = make_safe(product.image_id)
        if stem.casefold() in taken:
            stem = f"{stem}-{_hash(product.image_id)}"
        taken.add(stem.casefold())
        stems.append(stem)
    return [
        tuple(
            _number(stem, n, taken, product.image_id, suffix) for n in range(len(product.pictures))
        )
        for stem, product in zip(stems, products, strict=True)
    ]


def make_safe(image_id: str) -> str:
    """Make a file name's stem of an id; one that is safe already comes back as it is."""
    wanted = strip_suffix(image_id)
    safe = re.sub(r"[^\w.-]+", "-", wanted)
    safe = _SPLIT_WORD.sub(r"\1x", safe)
    safe = re.sub(r"^[.-]+|[.-]+$", "", safe)
    if _RESERVED.match(safe):
        safe = f"id-{safe}"
    if len(safe.encode()) > _MAX_BYTES:
        safe = safe.encode()[:_MAX_BYTES].decode(errors="ignore")
    if safe == wanted:
        return safe
    return f"{safe}-{_hash(image_id)}" if safe else f"id-{_hash(image_id)}"


def _number(stem: str, n: int, taken: set[str], image_id: str, suffix: str) -> str:
    if n == 0:
        return f"{stem}.{suffix}"
    name = f"{stem}-{n + 1}"
    if name.casefold() in taken:
        name = f"{name}-{_hash(image_id)}"
    taken.add(name.casefold())
    return f"{name}.{suffix}"


def _hash(image_id: str) -> str:
    return hashlib.sha256(image_id.encode()).hexdigest()[:8]
