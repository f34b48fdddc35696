"""Finds pictures that look the same though their files differ, by perceptual hash and colours."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Measured on 8,548 packshots and on 106 pictures encoded, halved and resized anew (98 of 100
# copies within both). 64 bits are too few: 2,878 pairs of different products, all of them shirts
# before white, are within 2 of them. Of 256 bits, what is within 16 is one photograph or its
# recoloured twin; the colours tell these apart. A crop of 1 % is beyond it, as are poses.
HASH_SIDE = 16
ALIKE_BITS = 16
SAME_COLOUR = 10  # of 255, the most that any of 8 x 8 cells may differ by

_CELLS = 8
_FLAT = 8  # of 255, between the darkest and the lightest pixel
_WORK_PX = 128
_BANDS = ALIKE_BITS + 1  # two hashes that differ in 16 bits have one of 17 bands in common
_BLOCK = 512

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Twin:
    """An earlier picture that a picture looks like.

    Attributes:
        first: Its place among those compared.
        bits: In how many of 256 bits the hashes differ.
        same_colour: False for the same photograph or pose in another colour.
    """

    first: int
    bits: int
    same_colour: bool


def take_fingerprint(image: Image.Image) -> str:
    """Take a picture's fingerprint: 256 bits of its shapes and 8 x 8 cells of its colours.

    Returns:
        Base64; "" for a picture of one flat colour, which has no shapes to tell it by.
    """
    small = image.convert("RGB")
    small.thumbnail((_WORK_PX, _WORK_PX), Image.Resampling.BOX)
    grey = small.convert("L")
    darkest, lightest = grey.getextrema()
    if float(lightest) - float(darkest) < _FLAT:  # type: ignore[arg-type]
        return ""
    shapes = np.packbits(imagehash.phash(grey, hash_size=HASH_SIDE).hash.ravel()).tobytes()
    colours = small.resize((_CELLS, _CELLS), Image.Resampling.BOX).tobytes()
    return base64.b64encode(shapes + colours).decode("ascii")


def find_twins(fingerprints: Sequence[str]) -> list[Twin | None]:
    """Find for each picture the first earlier one it looks like, one of its colour before others.

    Not every pair is compared: hashes are cut into 17 bands, and only those that have a band in
    common can be within 16 bits.

    Args:
        fingerprints: One a picture; "" for one that is not to be compared.
    """
    first_with: dict[str, int] = {}
    for place, own in enumerate(fingerprints):
        if own:
            first_with.setdefault(own, place)
    unlike = _match(list(first_with)) if len(first_with) > 1 else {}
    places = list(first_with.values())
    twins: list[Twin | None] = [None] * len(fingerprints)
    for later, twin in unlike.items():
        twins[places[later]] = replace(twin, first=places[twin.first])
    for place, own in enumerate(fingerprints):
        if own and first_with[own] != place:
            twins[place] = Twin(first_with[own], bits=0, same_colour=True)
    return twins


def _match(fingerprints: Sequence[str]) -> dict[int, Twin]:
    """Find the twin of each of some fingerprints that all differ, by places among them."""
    raw = np.frombuffer(b"".join(map(base64.b64decode, fingerprints)), np.uint8)
    raw = raw.reshape(len(fingerprints), -1)
    n_bytes = HASH_SIDE * HASH_SIDE // 8
    found: dict[int, Twin] = {}
    for later, earlier, bits in _list_near(np.ascontiguousarray(raw[:, :n_bytes])):
        gap = np.abs(raw[later, n_bytes:].astype(np.int16) - raw[earlier, n_bytes:])
        twin = Twin(earlier, bits, bool(gap.max() <= SAME_COLOUR))
        if later not in found or _rank(twin) < _rank(found[later]):
            found[later] = twin
    return found


def _rank(twin: Twin) -> tuple[bool, int]:
    return not twin.same_colour, twin.first


def _list_near(hashes: NDArray[np.uint8]) -> Iterator[tuple[int, int, int]]:
    """Give (later, earlier, bits) of every pair within `ALIKE_BITS`; some pairs twice."""
    words = hashes.view(np.uint64)  # (pictures, 4)
    bits = np.unpackbits(hashes, axis=1)
    edges = np.linspace(0, bits.shape[1], _BANDS + 1).astype(int)
    for start, end in pairwise(edges):
        band = bits[:, start:end] @ (1 << np.arange(end - start, dtype=np.int64))
        order = np.argsort(band, kind="stable")
        cuts = np.flatnonzero(np.diff(band[order])) + 1
        for group in np.split(order, cuts):
            if len(group) > 1:
                yield from _compare(words, np.sort(group))


def _compare(words: Bits, group: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    for start in range(0, len(group), _BLOCK):
        some = group[start : start + _BLOCK]
        apart = np.bitwise_count(words[some][:, None] ^ words[group][None]).sum(-1)
        for one, other in np.argwhere(apart <= ALIKE_BITS):
            if group[other] < some[one]:
                yield int(some[one]), int(group[other]), int(apart[one, other])
