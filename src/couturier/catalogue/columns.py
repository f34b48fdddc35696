"""Which column is what, where the shop's names do not say: `id=sku`, `text=body`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from couturier.catalogue.readers.rows import plain_name
from couturier.errors import CatalogueError

# What may stand on the left, and the field that `fields.map_fields` takes it from first of all.
_ROLES = {
    "id": "image_id",
    "image_id": "image_id",
    "title": "title",
    "text": "description",
    "description": "description",
    "image": "file_name",
    "images": "file_name",
    "picture": "file_name",
    "pictures": "file_name",
    "file_name": "file_name",
}
_SHOWN = 30


def split_pair(pair: str) -> tuple[str, str]:
    """Split "id=sku" into the field it gives and the column it is taken from.

    Raises:
        ValueError: it is not of that form.
    """
    role, mark, column = (part.strip() for part in pair.partition("="))
    plain = plain_name(role)
    if not (mark and plain and column):
        raise ValueError(f"{pair!r} is not of the form FIELD=COLUMN, as in id=sku")
    return _ROLES.get(plain, plain), column


@dataclass
class ColumnMap:
    """Renames the columns of rows, and remembers which it has met.

    Args:
        pairs: Strings such as "id=sku"; several for pictures give several pictures, otherwise
            the first column that is filled counts.
    """

    pairs: Sequence[str] = ()
    _met: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._wanted = [split_pair(pair) for pair in self.pairs]

    def rename(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give the row with its mapped columns under the names of their fields."""
        self._met.update(dict.fromkeys(map(str, row)))
        own = {plain_name(name): name for name in reversed([*row])}
        taken: dict[str, list[Any]] = {}
        renamed = dict(row)
        for wanted, column in self._wanted:
            name = column if column in row else own.get(plain_name(column))
            if name is not None:
                taken.setdefault(wanted, []).append(row[name])
                renamed.pop(name, None)
        # In front, so that they go before a column that has such a name by itself.
        chosen = {wanted: _choose(wanted, values) for wanted, values in taken.items()}
        rest = {name: v for name, v in renamed.items() if plain_name(name) not in chosen}
        return {**chosen, **rest}

    def list_met(self) -> list[str]:
        """Name the columns of all rows so far."""
        return list(self._met)

    def check(self, source: object) -> None:
        """Check, after the last row, that every mapped column was met.

        Raises:
            CatalogueError: no row has one of them.
        """
        known = {plain_name(name) for name in self._met}
        missing = [column for _, column in self._wanted if plain_name(column) not in known]
        if missing and self._met:
            raise CatalogueError(
                f"{source}: no row has a column {', '.join(map(repr, missing))}, as --map asks",
                fix=f"the columns are {', '.join(self.list_met()[:_SHOWN])}",
            )


def _choose(wanted: str, values: list[Any]) -> Any:
    if wanted == "file_name" and len(values) > 1:
        return [value for value in values if value]
    return next((value for value in values if value not in (None, "")), None)
