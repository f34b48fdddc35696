"""Tables in a temporary file, for what would grow with the number of rows if memory held it."""

import hashlib
import json
import sqlite3
import weakref
from collections.abc import Iterator
from typing import Any

_CACHE_KIB = 4_000


def open_spill() -> sqlite3.Connection:
    """Open a database that only this process sees and that is gone when it is closed.

    SQLite keeps it in a file without a name in the folder for temporary files ($SQLITE_TMPDIR,
    $TMPDIR, /var/tmp, /tmp) and no more than 4 MB of it in memory.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN")
    return database


class FirstSeen:
    """Remembers with which number each key was first given, for any number of keys."""

    def __init__(self) -> None:
        self._database = open_spill()
        self._database.execute("CREATE TABLE seen(key BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID")
        weakref.finalize(self, self._database.close)

    def setdefault(self, key: str, number: int) -> int:
        """Give the number `key` came with first; `number` where it is new."""
        row = self._database.execute(
            "INSERT INTO seen VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET n = n RETURNING n",
            (_digest(key), number),
        ).fetchone()
        return int(row[0])

    def find(self, key: str) -> int | None:
        """Give the number `key` came with first; None where it never came."""
        found = self._database.execute("SELECT n FROM seen WHERE key = ?", (_digest(key),))
        row = found.fetchone()
        return int(row[0]) if row else None


class Gathered:
    """Lines of a table put together by a name that they share, in the order of first mention."""

    def __init__(self) -> None:
        self._database = open_spill()
        self._database.execute("CREATE TABLE lines(n INTEGER PRIMARY KEY, name TEXT, line TEXT)")
        weakref.finalize(self, self._database.close)

    def add(self, name: str, line: Any) -> None:
        """Add one line, anything that JSON holds, under a name."""
        text = json.dumps(line, ensure_ascii=False)
        self._database.execute("INSERT INTO lines(name, line) VALUES(?, ?)", (_safe(name), text))

    def find(self, name: str) -> list[Any]:
        """Give the lines under one name in the order they were added."""
        found = self._database.execute(
            "SELECT line FROM lines WHERE name = ? ORDER BY n", (_safe(name),)
        )
        return [json.loads(line) for (line,) in found]

    def groups(self) -> Iterator[tuple[str, list[Any]]]:
        """Give each name with its lines; call `index` before."""
        names = self._database.execute("SELECT name FROM lines GROUP BY name ORDER BY min(n)")
        for (name,) in names:
            yield name, self.find(name)

    def index(self) -> None:
        """Make names quick to find, once all lines are there."""
        self._database.execute("CREATE INDEX IF NOT EXISTS by_name ON lines(name, n)")


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _safe(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")
