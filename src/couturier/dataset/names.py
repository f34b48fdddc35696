"""Gives every picture a file name that all discs and `datasets` take as it is."""

import hashlib
import re

from couturier.catalogue.folders import strip_suffix
from couturier.spill import FirstSeen

_MAX_BYTES = 120
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# `datasets` takes a picture named test-1.jpg for a test set, and then leaves out all the others.
_SPLIT_WORD = re.compile(
    r"(?:^|(?<=[-._ 0-9]))"
    r"(training|train|validation|valid|dev|val|testing|test|evaluation|eval)"
    r"(?=[-._ 0-9]|$)",
    re.IGNORECASE,
)


class FileNames:
    """Gives each product a stem of its own, then each of its pictures a file name.

    Ids that make no safe name are made one, with a piece of their hash so that two never meet;
    names that differ in case alone are told apart the same way.
    """

    def __init__(self) -> None:
        self._taken = FirstSeen()
        self._n_asked = 0

    def choose_stem(self, image_id: str) -> str:
        """Choose what a product's pictures are called; to be asked once a product, in order."""
        stem = make_safe(image_id)
        if not self._take(stem):
            stem = f"{stem}-{_hash(image_id)}"
            self._take(stem)
        return stem

    def number(self, stem: str, place: int, image_id: str) -> str:
        """Name a picture `<stem>`, then `<stem>-2` and so on, once all stems are chosen.

        Args:
            stem: From `choose_stem`.
            place: Which of the product's pictures it is, from 0.
            image_id: The product's id.
        """
        if place == 0:
            return stem
        name = f"{stem}-{place + 1}"
        if not self._take(name):
            name = f"{name}-{_hash(image_id)}"
            self._take(name)
        return name

    def _take(self, name: str) -> bool:
        """Take a name, case aside; False where it is taken."""
        self._n_asked += 1
        return self._taken.setdefault(name.casefold(), self._n_asked) == self._n_asked


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


def _hash(image_id: str) -> str:
    return hashlib.sha256(image_id.encode()).hexdigest()[:8]
