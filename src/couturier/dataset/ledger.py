"""The ledger of one run: every row, picture and fault, on disk, so that memory stays flat."""

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from couturier.catalogue.faults import FAULT_KINDS, LEFT_OUT
from couturier.catalogue.records import Fault
from couturier.dataset.outcomes import Compressed, Outcome, read_palette_row
from couturier.garments.records import Garment
from couturier.spill import open_spill

_PAGE = 2_000
_MOST_SAVED_BYTES = 200_000_000
_RANK = {kind: place for place, kind in enumerate(FAULT_KINDS)}
_TABLES = (
    "CREATE TABLE rows(n INTEGER PRIMARY KEY, record INT, image_id TEXT, stem TEXT, caption TEXT,"
    " garments TEXT, alike TEXT, n_pictures INT)",
    "CREATE TABLE looks(n INTEGER PRIMARY KEY, source TEXT UNIQUE, name TEXT, sha TEXT,"
    " fingerprint TEXT, left_out INT, notes TEXT, palette TEXT, twin INT, twin_bits INT,"
    " same_colour INT)",
    "CREATE TABLE pictures(n INTEGER PRIMARY KEY, row INT, place INT, look INT, file_name TEXT,"
    " made TEXT)",
    "CREATE TABLE faults(n INTEGER PRIMARY KEY, rank INT, record INT, image_id TEXT, file TEXT,"
    " fault TEXT, message TEXT, action TEXT)",
    "CREATE TABLE told(key BLOB PRIMARY KEY, told TEXT) WITHOUT ROWID",
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS row_of ON rows(record, image_id)",
    "CREATE INDEX IF NOT EXISTS pictures_of ON pictures(row)",
    "CREATE INDEX IF NOT EXISTS look_of ON pictures(look)",
    "CREATE INDEX IF NOT EXISTS file_of ON pictures(file_name)",
    "CREATE INDEX IF NOT EXISTS look_by_sha ON looks(sha)",
    "CREATE INDEX IF NOT EXISTS look_by_name ON looks(name)",
    "CREATE INDEX IF NOT EXISTS faults_of ON faults(record, image_id)",
    "CREATE INDEX IF NOT EXISTS fault_by_cost ON faults(rank, record, n)",
)
_FAULT = "image_id, file, record, fault, message, action"
_LOOK = "l.sha, l.notes, l.left_out, l.fingerprint, l.palette"
# A picture that is missing or broken costs its row nothing where another one is there.
_USABLE = (
    "caption != '' AND (EXISTS (SELECT 1 FROM pictures p JOIN looks l ON l.n = p.look"
    " WHERE p.row = rows.n AND l.left_out IS NOT 1) OR NOT EXISTS (SELECT 1 FROM faults f"
    " WHERE f.record = rows.record AND f.image_id = rows.image_id"
    f" AND f.action = '{LEFT_OUT}'))"
)


@dataclass(frozen=True)
class Draft:
    """A product with all that its items need but the pictures themselves.

    Attributes:
        record: Number of its row in the source.
        image_id: The shop's id.
        stem: What its pictures are called in the data set folder.
        caption: "" where there is nothing to make one of.
        garments: What the row says the picture shows.
        alike: Keys; products that share one show the same thing.
    """

    record: int
    image_id: str
    stem: str
    caption: str
    garments: tuple[Garment, ...]
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """One picture of a draft.

    Attributes:
        n: Its number in the ledger.
        look: Number of what was found in its file; pictures of one file share it.
        source: The shop's file.
        name: The same as the shop knows it.
        file_name: Its name in the data set folder; "" before it has one.
        draft: Whose it is.
        place: Which of the draft's pictures it is, from 0.
    """

    n: int
    look: int
    source: Path
    name: str
    file_name: str
    draft: Draft
    place: int


class Ledger:
    """Rows, pictures and faults of one run, in a temporary file."""

    def __init__(self, saved: Path | None = None) -> None:
        """Make an empty ledger, or open one that was saved, to be read only."""
        if saved:
            address = f"{saved.absolute().as_uri()}?mode=ro"
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        else:
            self._database = open_spill()
        weakref.finalize(self, self._database.close)
        for table in () if saved else _TABLES:
            self._database.execute(table)

    def save(self, path: Path) -> None:
        """Save the ledger whole, unless it is so large that making it anew is no loss.

        Raises:
            sqlite3.Error: it cannot be written.
        """
        n_bytes = self.count("PRAGMA page_count") * self.count("PRAGMA page_size")
        path.unlink(missing_ok=True)
        if n_bytes <= _MOST_SAVED_BYTES:
            self._database.execute("COMMIT")
            self._database.execute("VACUUM INTO ?", (str(path),))
            self._database.execute("BEGIN")

    def add_draft(self, draft: Draft, pictures: Sequence[tuple[Path, str]]) -> None:
        """Add a draft with its pictures: path, and name as the shop knows it."""
        garments = [_shorten(garment) for garment in draft.garments]
        row = self._database.execute(
            "INSERT INTO rows VALUES(NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                draft.record,
                draft.image_id,
                draft.stem,
                draft.caption,
                json.dumps(garments),
                json.dumps(draft.alike),
                len(pictures),
            ),
        ).lastrowid
        for place, (source, name) in enumerate(pictures):
            (look,) = self._database.execute(
                "INSERT INTO looks(source, name) VALUES(?, ?)"
                " ON CONFLICT(source) DO UPDATE SET name = name RETURNING n",
                (str(source), name),
            ).fetchone()
            self._database.execute(
                "INSERT INTO pictures VALUES(NULL, ?, ?, ?, '', NULL)", (row, place, look)
            )

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Add faults in the order they are found in."""
        self._database.executemany(
            "INSERT INTO faults VALUES(NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                (_RANK[f.fault], f.record, f.image_id, f.file, f.fault, f.message, f.action)
                for f in faults
            ),
        )

    def index(self) -> None:
        """Make all that is asked for later quick to find, once rows and pictures are there."""
        for index in _INDEXES:
            self._database.execute(index)

    def drop_unusable(self) -> None:
        """Forget the pictures of rows without a caption: no item will come of them."""
        self._database.execute(
            "DELETE FROM pictures WHERE row IN (SELECT n FROM rows WHERE caption = '')"
        )
        self._database.execute("DELETE FROM looks WHERE n NOT IN (SELECT look FROM pictures)")

    def add_told(self, key: bytes, told: str) -> None:
        """Note what a row's content told, to be remembered for the next run."""
        self._database.execute("INSERT OR IGNORE INTO told VALUES(?, ?)", (key, told))

    def told(self) -> Iterator[tuple[bytes, str]]:
        """Give what the rows' contents told."""
        yield from self._database.execute("SELECT key, told FROM told")

    def name_file(self, picture: Picture, file_name: str) -> None:
        """Set a picture's name in the data set folder."""
        self._database.execute(
            "UPDATE pictures SET file_name = ? WHERE n = ?", (file_name, picture.n)
        )

    def holds_file(self, file_name: str) -> bool:
        """Say whether a picture of the data set has this name and was not left out."""
        found = self._database.execute(
            "SELECT 1 FROM pictures p JOIN looks l ON l.n = p.look"
            " WHERE p.file_name = ? AND NOT l.left_out",
            (file_name,),
        )
        return found.fetchone() is not None

    def set_look(self, look: int, found: Outcome) -> None:
        """Set what was found in a file."""
        palette = json.dumps(asdict(found.palette)) if found.palette else None
        self._database.execute(
            "UPDATE looks SET sha = ?, notes = ?, left_out = ?, fingerprint = ?, palette = ?"
            " WHERE n = ?",
            (
                found.source_sha256,
                json.dumps(found.notes),
                found.left_out,
                found.fingerprint,
                palette,
                look,
            ),
        )

    def set_made(self, picture: Picture, made: Compressed) -> None:
        """Set what a picture became, or why it was left out."""
        self.set_look(picture.look, made)
        size = [made.width, made.height, made.sha256, made.size_bytes]
        self._database.execute(
            "UPDATE pictures SET made = ? WHERE n = ?", (json.dumps(size), picture.n)
        )

    def set_twins(self, twins: Iterable[tuple[int, int, int, bool]]) -> None:
        """Set looks' twins: look, the earlier look, bits apart, whether of the same colour."""
        self._database.executemany(
            "UPDATE looks SET twin = ?2, twin_bits = ?3, same_colour = ?4 WHERE n = ?1", twins
        )

    def pictures(self, *, only_unmade: bool = False) -> Iterator[Picture]:
        """Give all pictures in order; the ledger may be written to in between."""
        where = "p.made IS NULL AND " if only_unmade else ""
        last = 0
        while page := self._database.execute(
            "SELECT p.n, p.look, l.source, l.name, p.file_name, p.place, r.record, r.image_id,"
            " r.stem, r.caption, r.garments, r.alike FROM pictures p JOIN looks l ON l.n = p.look"
            f" JOIN rows r ON r.n = p.row WHERE {where}p.n > ? ORDER BY p.n LIMIT {_PAGE}",
            (last,),
        ).fetchall():
            for n, look, source, name, file_name, place, *rest in page:
                yield Picture(n, look, Path(source), name, file_name, _draft(rest), place)
            last = page[-1][0]

    def files(self) -> Iterator[tuple[int, Path, str]]:
        """Give number, path and name of every file that a row leads to, each once."""
        last = 0
        while page := self._database.execute(
            f"SELECT n, source, name FROM looks WHERE n > ? ORDER BY n LIMIT {_PAGE}", (last,)
        ).fetchall():
            yield from ((n, Path(source), name) for n, source, name in page)
            last = page[-1][0]

    def find_look(self, look: int) -> Outcome:
        """Give what was found in a file."""
        found = self._database.execute(f"SELECT {_LOOK} FROM looks l WHERE n = ?", (look,))
        sha, notes, left_out, fingerprint, palette = found.fetchone()
        pairs = tuple((str(kind), str(reason)) for kind, reason in json.loads(notes or "[]"))
        read = read_palette_row(json.loads(palette)) if palette else None
        return Outcome(sha or "", pairs, bool(left_out), fingerprint or "", read)

    def find_made(self, picture: Picture) -> tuple[int, int, str]:
        """Give width, height and sha256 of what a picture became."""
        found = self._database.execute("SELECT made FROM pictures WHERE n = ?", (picture.n,))
        width, height, sha256, _ = json.loads(found.fetchone()[0])
        return int(width), int(height), str(sha256)

    def query(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Ask the tables what only one caller wants to know."""
        yield from self._database.execute(sql, values)

    def count(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Give the one number a query asks for."""
        return int(self._database.execute(sql, values).fetchone()[0] or 0)

    @property
    def n_rows(self) -> int:
        """How many rows became drafts."""
        return self.count("SELECT count(*) FROM rows")

    @property
    def n_usable(self) -> int:
        """How many rows have a caption and nothing that leaves them out."""
        return self.count(f"SELECT count(*) FROM rows WHERE {_USABLE}")

    def is_usable(self, row: int) -> bool:
        """Say whether an item would come of a row, by its number here."""
        return self.count(f"SELECT count(*) FROM rows WHERE n = ? AND {_USABLE}", (row,)) > 0

    @property
    def n_seen(self) -> int:
        """How many rows that can be used name a garment."""
        return self.count(f"SELECT count(*) FROM rows WHERE garments != '[]' AND {_USABLE}")

    def faults(self, *, where: str = "1", values: Sequence[Any] = ()) -> Iterator[Fault]:
        """Give faults, the costliest first; among equals, by row."""
        found = self._database.execute(
            f"SELECT {_FAULT} FROM faults WHERE {where} ORDER BY rank, record, n", values
        )
        for row in found:  # a generator, so that the ledger lives as long as it is read
            yield Fault(*row)

    def count_faults(self) -> dict[str, int]:
        """Count faults by kind, the costliest kind first."""
        found = self._database.execute(
            "SELECT fault, count(*) FROM faults GROUP BY rank ORDER BY rank"
        )
        return {str(kind): int(count) for kind, count in found}


def _draft(row: Sequence[Any]) -> Draft:
    record, image_id, stem, caption, garments, alike = row
    return Draft(record, image_id, stem, caption, read_garments(garments), tuple(json.loads(alike)))


def read_garments(text: str) -> tuple[Garment, ...]:
    """Read garments as the ledger holds them."""
    return tuple(Garment.from_dict(row) for row in json.loads(text))


def _shorten(garment: Garment) -> dict[str, str]:
    return {name: value for name, value in garment.as_dict().items() if value is not None}
