"""What a row tells: caption, garments, faults; found once for each content of a row."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from couturier import garments as garments_package
from couturier.catalogue import fields as catalogue_fields
from couturier.catalogue.records import Product
from couturier.dataset import captions, copy_talk, seen, settings, tokens
from couturier.garments.records import Garment

_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Told:
    """What one row tells.

    Attributes:
        caption: "" where there is nothing to make one of.
        garments: What the row says the picture shows.
        faults: Pairs of a kind of `catalogue.faults.FAULT_KINDS` and the reason.
    """

    caption: str
    garments: tuple[Garment, ...]
    faults: tuple[tuple[str, str], ...]


def tell_row(product: Product, template: str) -> Told:
    """Run the garment grammar over a row and write its caption."""
    garments = seen.see_garments(product)
    caption = captions.write_caption(product, garments, template=template)
    return Told(caption.text, garments, caption.faults)


def hash_row(product: Product, template: str) -> bytes:
    """Hash all that decides what a row tells: its content, the template, the grammar's version."""
    said = [hash_grammar(), template, product.image_id, product.title, product.description]
    text = _ENCODER.encode([*said, product.fields])
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def write_told(told: Told) -> str:
    """Write what a row tells as one line of JSON."""
    garments = [{k: v for k, v in one.as_dict().items() if v} for one in told.garments]
    return _ENCODER.encode([told.caption, garments, told.faults])


def read_told(text: str) -> Told:
    """Read what `write_told` wrote."""
    caption, garments, faults = json.loads(text)
    return Told(caption, tuple(map(Garment.from_dict, garments)), _pairs(faults))


def _pairs(faults: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((kind, reason) for kind, reason in faults)


@cache
def hash_grammar() -> str:
    """Hash the grammar's own code and words: a change in any of them is another version."""
    return hashlib.sha256(_read_code()).hexdigest()


def _read_code() -> bytes:
    folder = Path(str(garments_package.__file__)).parent
    files = [*sorted(folder.glob("*.py")), *sorted(folder.glob("data/*")), Path(__file__)]
    modules = (captions, copy_talk, seen, tokens, settings, catalogue_fields)
    files += [Path(str(module.__file__)) for module in modules]
    return b"\0".join(path.read_bytes() for path in files)
