"""What earlier runs found out, so that a second run does again only what has changed."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from couturier.errors import StorageError

MEMORY_FILE = ".memory.sqlite"  # hidden, so that `datasets` takes no notice of it

_TABLES = (
    "CREATE TABLE IF NOT EXISTS told(key BLOB PRIMARY KEY, told TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS pictures(name TEXT PRIMARY KEY, made_of TEXT, found TEXT)",
    "CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value TEXT)",
)


class Memory:
    """Remembers captions and garments by a row's content, pictures by their file's state.

    Each picture is written down as soon as it is done, so that a run that was killed goes on
    where it was. A damaged file costs time and nothing else: it is made anew.

    Args:
        path: The SQLite file. Nothing is written before `create`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = self._open() if path.is_file() else None

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *_: object) -> None:
        if self._database:
            self._database.close()
            self._database = None

    @property
    def is_open(self) -> bool:
        """Whether anything can be remembered."""
        return self._database is not None

    def create(self) -> None:
        """Make the file if it is not there yet.

        Raises:
            StorageError: it cannot be written to.
        """
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._open()

    def find_told(self, key: bytes) -> str | None:
        """Give what a row's content told; None where it is new."""
        return self._find("SELECT told FROM told WHERE key = ?", key)

    def keep_told(self, rows: Callable[[], Iterable[tuple[bytes, str]]]) -> None:
        """Remember these rows' contents and no others.

        Raises:
            StorageError: there is no room to write them down.
        """
        if self._database is None:
            return
        with _Explained(self._path):
            if self._knows_all(rows()):
                return
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM told")
            self._database.executemany("INSERT OR IGNORE INTO told VALUES(?, ?)", rows())
            self._database.execute("COMMIT")

    def _knows_all(self, rows: Iterable[tuple[bytes, str]]) -> bool:
        """Say whether these rows and no others are remembered."""
        assert self._database is not None
        n_rows = 0
        for key, _ in rows:
            n_rows += 1
            if self.find_told(key) is None:
                return False
        (n_known,) = self._database.execute("SELECT count(*) FROM told").fetchone()
        return bool(n_known == n_rows)

    def find_picture(self, name: str, made_of: str) -> dict[str, Any] | None:
        """Give what was found in a picture, if it is still made of the same."""
        sql = "SELECT found FROM pictures WHERE name = ? AND made_of = ?"
        found = self._find(sql, name, made_of)
        try:
            read = json.loads(found) if found else None
        except ValueError:
            return None
        return read if isinstance(read, dict) else None

    def add_picture(self, name: str, made_of: str, found: dict[str, Any]) -> None:
        """Note a finished picture at once.

        Raises:
            StorageError: there is no room to write it down.
        """
        if self._database is None:
            return
        with _Explained(self._path):
            self._database.execute(
                "INSERT OR REPLACE INTO pictures VALUES(?, ?, ?)",
                (name, made_of, json.dumps(found)),
            )

    def forget_pictures(self, is_kept: Callable[[str], bool]) -> list[str]:
        """Forget the pictures that are not kept; gives their names."""
        if self._database is None:
            return []
        with _Explained(self._path):
            names = self._database.execute("SELECT name FROM pictures")
            gone = [name for (name,) in names if not is_kept(name)]
            self._database.executemany(
                "DELETE FROM pictures WHERE name = ?", ((name,) for name in gone)
            )
        return gone

    def find_fact(self, name: str) -> str | None:
        """Give what was noted under a name."""
        return self._find("SELECT value FROM facts WHERE name = ?", name)

    def set_fact(self, name: str, value: str) -> None:
        """Note a value under a name.

        Raises:
            StorageError: there is no room to write it down.
        """
        if self._database is None:
            return
        with _Explained(self._path):
            self._database.execute("INSERT OR REPLACE INTO facts VALUES(?, ?)", (name, value))

    def _find(self, sql: str, *values: object) -> str | None:
        if self._database is None:
            return None
        row = self._database.execute(sql, values).fetchone()
        return str(row[0]) if row else None

    def _open(self) -> sqlite3.Connection:
        with _Explained(self._path):
            try:
                return _connect(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # no database at all, or torn when the power failed
                for path in self._path.parent.glob(f"{self._path.name}*"):
                    path.unlink()
                return _connect(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=2.0)
    try:
        # A kill loses nothing so; only a power failure may, and then the file is made anew.
        # Exclusive: two runs in one folder would write each other's pictures.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=OFF"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        for table in _TABLES:
            database.execute(table)
        database.execute("DELETE FROM told WHERE 0")  # takes the lock
        damage = database.execute("PRAGMA quick_check(1)").fetchone()
        if damage[0] != "ok":
            raise sqlite3.DatabaseError(str(damage[0]))
    except BaseException:
        database.close()
        raise
    return database


class _Explained:
    """Turns SQLite's refusals about a file into errors with a remedy."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, sqlite3.OperationalError) and "locked" in str(fault):
            raise StorageError(
                f"{self._path.parent}: another couturier is at work in this folder",
                fix="wait until it is done, or give another --out",
            ) from fault
        if isinstance(fault, sqlite3.Error | OSError):
            raise StorageError(
                f"{self._path}: {fault}", fix="make room on the disk, or give another --out"
            ) from fault
