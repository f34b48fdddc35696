"""The shop's copy: titles, categories and marketing talk in the house's own voice."""

import html
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tools.sample_brand.collection import Item, Product

WORDS = Path(__file__).with_name("wording.toml")
HOUSE_DETAILS = ("our zigzag ribbon", "a stitched sun patch", "contrast stitching")
LENGTHS = ("mini", "midi", "maxi")
FEWEST_DETAILS = 2


@lru_cache(maxsize=1)
def read_words() -> dict[str, Any]:
    """Read what the copy is made of."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def garment_words(item: Item, *, seed: int = 0) -> str:
    """Name a garment as the shop does, with length and pattern where the kind does not say them."""
    kind = item.kind
    if kind == "graphic tee" and seed % 2 == 0:
        kind = "graphic top"
    length = next((word for word in item.cut if word in LENGTHS), "")
    if "dress" in kind and length not in kind:
        sweater = kind == "sweater dress"
        kind = kind.replace("dress", f"{length} dress") if sweater else f"{length} {kind}"
    if "cropped" in item.cut and item.kind in ("graphic tee", "t-shirt"):
        kind = f"cropped {kind}"
    return f"{item.pattern} {kind}" if item.pattern else kind


def write_title(product: Product) -> str:
    """Write "Name Colour Material Garment"; sets have a name only."""
    if len(product.items) > 1:
        return product.name
    item = product.items[0]
    garment = garment_words(item, seed=product.number)
    material = read_words()["title_materials"].get(item.material, item.material)
    if item.material in garment or item.kind == "sweater dress":
        material = ""
    words = f"{product.name} {item.colour} {material} {garment}".split()
    return " ".join(word[0].upper() + word[1:] for word in words)


def find_category(product: Product) -> tuple[str, str]:
    """Give main and sub category."""
    if len(product.items) > 1:
        return "Sets", "Set"
    kind = product.items[0].kind
    categories = read_words()["categories"].items()
    return next((main, subs[kind]) for main, subs in categories if kind in subs)


def write_description(product: Product) -> str:
    """Write the marketing copy, the same for the same product every time.

    One in nine carries HTML, one in six has two words run together where a line break was lost,
    a few go on for longer than a text encoder of 77 tokens can read.
    """
    rng = np.random.default_rng(7_000 + product.number)
    words = read_words()
    opener, closer = _draw(words["openers"], rng), _draw(words["closers"], rng)
    core = _set_line(product, rng) if len(product.items) > 1 else _single_line(product, rng)
    slogan = next((item.slogan for item in product.items if item.slogan), None)
    parts = [slogan or opener, core, closer[0].upper() + closer[1:]]
    if product.number % 23 == 5:
        parts.insert(2, words["long_talk"])
    return _disorder(parts, product.number)


def _draw(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _disorder(parts: Sequence[str], number: int) -> str:
    if number % 9 == 4:
        opener, *rest = (html.escape(part, quote=False) for part in parts)
        body = "<br/>".join(rest)
        return f"<p><strong>{opener}</strong></p>\n<p>{body}&nbsp;</p>"
    if number % 6 == 1:
        return parts[0] + parts[1] + "  " + " ".join(parts[2:])
    return ("  " if number % 3 == 2 else ". ").join(parts)


def list_details(item: Item, garment: str, rng: np.random.Generator) -> list[str]:
    """List what is sewn on a garment, in words, without what its name says already."""
    words = read_words()
    said = [word for word in item.cut if word in words["details"] and word not in garment]
    details = [
        words["details"][word] for word in said if not (word == "cropped" and "crop" in garment)
    ]
    details += words["extras"].get(item.kind, [])
    if len(details) < FEWEST_DETAILS or rng.random() < 0.25:
        details.append(_draw(HOUSE_DETAILS, rng))
    return list(dict.fromkeys(details))


def _single_line(product: Product, rng: np.random.Generator) -> str:
    item = product.items[0]
    garment = garment_words(item, seed=product.number)
    line = _draw(read_words()["single_lines"], rng)
    several = is_plural(item)
    return line.format(
        material=fabric_words(item),
        colour=item.colour,
        garment=garment,
        details=listed(list_details(item, garment, rng)),
        this="these" if several else "this",
        This="These" if several else "This",
        come="come" if several else "comes",
        bring="bring" if several else "brings",
        do="do" if several else "does",
    )


def fabric_words(item: Item) -> str:
    """Say a garment's material as the copy does."""
    if item.kind == "sweater dress":
        return "sweater knit" if item.material == "knit" else "ribbed knit"
    fabric: str = read_words()["fabrics"].get(item.material, item.material)
    return fabric


def is_plural(item: Item) -> bool:
    """Say whether a kind is spoken of as several, as trousers are."""
    return item.kind.endswith("s") and not item.kind.endswith("dress")


def _set_line(product: Product, rng: np.random.Generator) -> str:
    named = []
    for item in product.items:
        article = "" if is_plural(item) else ("an" if item.colour[0] in "aeiou" else "a")
        silent = item.kind == "sweater dress" or item.material in item.kind
        fabric = "" if silent else fabric_words(item)
        garment = garment_words(item, seed=product.number)
        named.append(" ".join(f"{article} {item.colour} {fabric} {garment}".split()))
    line = _draw(read_words()["set_lines"], rng)
    return line.format(list=listed(named), Count="Two" if len(named) == 2 else "Three")


def listed(words: Sequence[str]) -> str:
    """Join words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])}{',' if len(words) > 2 else ''} and {words[-1]}"
