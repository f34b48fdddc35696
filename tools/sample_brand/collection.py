"""The collection's products, read from collection.txt: one garment a line, sets on several."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LIST = Path(__file__).with_name("collection.txt")
FIRST_ID = 7204118016731
ID_STEP = 32768


@dataclass(frozen=True)
class Item:
    """One garment: what a row of the list says of it."""

    kind: str
    colour: str
    material: str
    pattern: str | None
    second: str
    cut: tuple[str, ...]
    print_text: str | None

    @property
    def slogan(self) -> str | None:
        """What can be read on it, without the motif's name."""
        return self.print_text.rpartition(":")[2] if self.print_text else None


@dataclass(frozen=True)
class Product:
    """One row of the shop: a garment, or a set of two or three in the order of mention."""

    product_id: str
    name: str
    items: tuple[Item, ...]
    number: int


@lru_cache(maxsize=1)
def read_collection() -> tuple[Product, ...]:
    """Read the whole collection in the order of the list."""
    products: list[Product] = []
    for name, item in _read_lines():
        if name == "+":
            last = products.pop()
            products.append(Product(last.product_id, last.name, (*last.items, item), last.number))
            continue
        number = len(products)
        products.append(Product(str(FIRST_ID + ID_STEP * number), name, (item,), number))
    return tuple(products)


def _read_lines() -> Iterator[tuple[str, Item]]:
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, kind, colour, material, pattern, cut, text = (
            field.strip() for field in (line + " |").split("|")[:7]
        )
        figure, _, second = pattern.partition("(")
        words = tuple(word.strip() for word in cut.split(",") if word.strip())
        second = second.strip(" )") or "cream"
        yield (
            name,
            Item(kind, colour, material, figure.strip() or None, second, words, text or None),
        )
