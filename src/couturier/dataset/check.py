"""The catalogue doctor: reads everything, says what is wrong and what each row will teach."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from couturier.catalogue.faults import LEFT_OUT
from couturier.catalogue.records import Fault
from couturier.dataset.ledger import Ledger, read_garments
from couturier.dataset.memory import Memory
from couturier.dataset.opening import quiet_pillow
from couturier.dataset.outcomes import Outcome
from couturier.dataset.pictures import (
    LOOK_PX,
    describe_source,
    hash_recipe,
    open_picture,
    work_ahead,
)
from couturier.dataset.plan import plan_catalogue
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.tell import pair_twins, tell_pictures
from couturier.dataset.unchanged import hash_sources
from couturier.errors import StorageError
from couturier.files import find_home
from couturier.garments.records import Garment
from couturier.runs import OnStep

_REMEMBERED = 20  # catalogues


@dataclass(frozen=True)
class CheckedRow:
    """One row and what it will teach.

    Attributes:
        record: Its number in the source, from 1.
        image_id: "" where the row has none.
        caption: "" where the row gives nothing to write.
        garments: What the row says the picture shows.
        faults: What is wrong with it, the costliest first.
        pictures: Of the product, those that were found, and their names.
        is_usable: Whether an item would come of it.
    """

    record: int
    image_id: str
    caption: str
    garments: tuple[Garment, ...]
    faults: tuple[Fault, ...]
    pictures: tuple[tuple[Path, str], ...] = ()
    is_usable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Give the row as `couturier check --json` prints it."""
        return {
            "image_id": self.image_id,
            "caption": self.caption,
            "garments": [garment.as_dict() for garment in self.garments],
            "faults": [asdict(fault) for fault in self.faults],
        }


@dataclass(frozen=True)
class FaultGroup:
    """All faults of one kind.

    Attributes:
        kind: The fault's word, as in "no picture".
        action: What is done about them.
        count: How many there are.
        first: The first of them, by row.
    """

    kind: str
    action: str
    count: int
    first: tuple[Fault, ...]


class CatalogueCheck:
    """A catalogue examined; rows and faults lie on disk and are read as they are asked for.

    Args:
        ledger: All that was found.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        n_bare = "SELECT count(DISTINCT record || ':' || image_id) FROM faults f WHERE record > 0"
        without = " AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.record = f.record AND"
        without += " r.image_id = f.image_id)"
        self.n_rows = ledger.n_rows + ledger.count(n_bare + without)
        self.n_usable = ledger.n_usable
        self.n_seen = ledger.n_seen
        self.n_faults = ledger.count("SELECT count(*) FROM faults")
        self.n_left_out = ledger.count("SELECT count(*) FROM faults WHERE action = ?", (LEFT_OUT,))
        self.n_captions = ledger.count("SELECT count(*) FROM rows WHERE caption != ''")

    @property
    def rows(self) -> Iterator[CheckedRow]:
        """Every row of the source in its order, also those that cannot be used."""
        both = (
            "SELECT record, 0 AS bare, n, image_id, caption, garments FROM rows UNION ALL"
            " SELECT record, 1, min(n), image_id, '', '[]' FROM faults f WHERE record > 0"
            " AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.record = f.record"
            " AND r.image_id = f.image_id) GROUP BY record, image_id ORDER BY 1, 2, 3"
        )
        for record, bare, n, image_id, caption, garments in self._ledger.query(both):
            yield self._row(record, image_id, caption, garments, 0 if bare else n)

    @property
    def faults(self) -> Iterator[Fault]:
        """All faults, the costliest first."""
        return self._ledger.faults()

    def take_captions(self, n_most: int) -> list[CheckedRow]:
        """Take rows that have a caption, evenly chosen, at most so many."""
        every = -(-self.n_captions // n_most) or 1
        sql = (
            "SELECT record, n, image_id, caption, garments FROM (SELECT *, row_number()"
            " OVER (ORDER BY record, n) AS at FROM rows WHERE caption != '')"
            " WHERE (at - 1) % ? = 0 ORDER BY at"
        )
        return [
            self._row(record, image_id, caption, garments, n)
            for record, n, image_id, caption, garments in self._ledger.query(sql, (every,))
        ]

    def groups(self, n_first: int) -> list[FaultGroup]:
        """Put faults of a kind together, the costliest kind first, each with its first ones."""
        groups = []
        for kind, count in self._ledger.count_faults().items():
            some = self._ledger.faults(where="fault = ?", values=(kind,))
            first = tuple(fault for _, fault in zip(range(n_first), some, strict=False))
            groups.append(FaultGroup(kind, first[0].action, count, first))
        return groups

    def find_pictures(self, fault: Fault) -> list[Path]:
        """Find the picture a fault is about, or one of its row, then the one it looks like."""
        sql = (
            "SELECT l.source, l.name, t.source, l.same_colour FROM rows r"
            " JOIN pictures p ON p.row = r.n JOIN looks l ON l.n = p.look"
            " LEFT JOIN looks t ON t.n = l.twin WHERE r.record = ? AND r.image_id = ? ORDER BY p.n"
        )
        own = list(self._ledger.query(sql, (fault.record, fault.image_id)))
        if not own:
            return []
        meant = next((row for row in own if row[1] == fault.file), own[0])
        shown = [Path(meant[0])]
        if fault.fault in ("same picture", "near picture") and meant[2] and meant[3]:
            shown.append(Path(meant[2]))
        return shown

    def _row(self, record: int, image_id: str, caption: str, garments: str, n: int) -> CheckedRow:
        """Make a row; `n` is its number in the ledger, 0 where no product came of it."""
        faults = self._ledger.faults(where="record = ? AND image_id = ?", values=(record, image_id))
        pictures = self._ledger.query(
            "SELECT l.source, l.name FROM pictures p JOIN looks l ON l.n = p.look"
            " WHERE p.row = ? ORDER BY p.n",
            (n,),
        )
        return CheckedRow(
            record=record,
            image_id=image_id,
            caption=caption,
            garments=read_garments(garments),
            faults=tuple(faults),
            pictures=tuple((Path(source), name) for source, name in pictures),
            is_usable=self._ledger.is_usable(n),
        )


def check_catalogue(
    product_data: Path,
    *,
    images: Path | None,
    settings: DatasetSettings,
    on_step: OnStep | None = None,
) -> CatalogueCheck:
    """Examine a catalogue as `build_dataset` would take it; changes nothing of the shop's.

    What was found is remembered in couturier's own folder (`files.find_home`), so that a second
    look reads again only the rows and pictures that have changed.

    Args:
        product_data: The shop's file.
        images: The pictures' folder, each of which is opened; None looks at the rows alone.
        settings: What the data set would be made with.
        on_step: Called with how many are done, how many there are, and what is being done.

    Raises:
        CatalogueError: the file as a whole cannot be read; no such images folder.
        StorageError: there is no such file.
    """
    saved = _name_saved(product_data)
    with _open_memory(saved) as memory:
        sources = hash_sources(product_data, images, settings)
        if sources and memory.find_fact("done") == sources and saved.is_file():
            return CatalogueCheck(Ledger(saved))
        ledger, _ = plan_catalogue(
            product_data, images=images, settings=settings, memory=memory, on_step=on_step
        )
        memory.keep_told(ledger.told)
        if images is not None or settings.download:
            _open_pictures(ledger, settings, memory=memory, on_step=on_step)
            pair_twins(ledger)
            tell_pictures(ledger)
        _save(ledger, memory, saved, sources)
    return CatalogueCheck(ledger)


def _name_saved(product_data: Path) -> Path:
    """Name the file in which what was found of this catalogue is kept."""
    place = str(product_data.absolute()).encode("utf-8", "replace")
    return find_home() / "checked" / f"{hashlib.sha256(place).hexdigest()[:16]}.ledger"


def _open_memory(saved: Path) -> Memory:
    """Open what is remembered of this catalogue; nothing where there is no place for it."""
    try:
        memory = Memory(saved.with_suffix(".sqlite"))
        memory.create()
    except (StorageError, OSError):  # another run is at it, or the home has no room
        return Memory(saved.with_name("nothing"))
    with suppress(OSError):
        known = sorted(saved.parent.glob("*.sqlite"), key=lambda path: path.stat().st_mtime)
        for old in known[:-_REMEMBERED]:
            old.unlink()
            old.with_suffix(".ledger").unlink(missing_ok=True)
    return memory


def _save(ledger: Ledger, memory: Memory, saved: Path, sources: str) -> None:
    """Keep the ledger for a second look; where there is no room for it, the look takes longer."""
    if not memory.is_open:
        return
    with suppress(sqlite3.Error, OSError, StorageError):
        memory.set_fact("done", "")
        ledger.save(saved)
        memory.set_fact("done", sources)


def _open_pictures(
    ledger: Ledger, settings: DatasetSettings, *, memory: Memory, on_step: OnStep | None
) -> None:
    n_files = ledger.count("SELECT count(*) FROM looks")
    recipe = f"look {LOOK_PX} {hash_recipe(settings)}"
    unknown = _list_unknown(ledger, memory, recipe)
    open_one = partial(_look, settings=settings)
    with quiet_pillow(), closing(work_ahead(open_one, unknown, workers=settings.workers)) as fresh:
        for (look, path, made_of), found in fresh:
            ledger.set_look(look, found)
            if made_of:
                memory.add_picture(str(path), made_of, found.as_dict())
            if on_step:  # files are numbered from 1 and come in order
                on_step(look, n_files, path.name)


def _list_unknown(ledger: Ledger, memory: Memory, recipe: str) -> Iterator[tuple[int, Path, str]]:
    """Give the files to be opened; of those that are known, write down what was found."""
    for look, path, _ in ledger.files():
        made_of = describe_source(path, recipe)
        known = memory.find_picture(str(path), made_of) if made_of else None
        if known is None:
            yield look, path, made_of
        else:
            ledger.set_look(look, Outcome.from_dict(known))


def _look(work: tuple[int, Path, str], settings: DatasetSettings) -> Outcome:
    return open_picture(work[1], settings, size_px=LOOK_PX)[1]  # an eighth of the work, often
