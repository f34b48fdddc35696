"""Remembers which pictures are finished, so that a run goes on where the last one stopped."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from couturier.catalogue.archives import stamp_picture
from couturier.dataset.pictures import Compressed, Job
from couturier.errors import StorageError
from couturier.files import json_line, write_json_lines

JOURNAL_FILE = ".pictures.jsonl"  # hidden, so that `datasets` takes no notice of it


class PictureJournal:
    """The pictures of a data set folder that are finished, each with what it was made from.

    A picture counts as finished while its source has the same size and time of change, the
    settings that decide its pixels are the same, and the file is there in full.

    Args:
        folder: The data set folder.
        recipe: `pictures.hash_recipe` of the settings in force.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        self._path = folder / JOURNAL_FILE
        self._recipe = recipe
        self._rows = {row["file_name"]: row for row in _read_rows(self._path)}
        self._out: TextIO | None = None

    def __enter__(self) -> "PictureJournal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._out:
            self._out.close()

    def find(self, job: Job) -> Compressed | None:
        """Find the finished picture of a job; None where it has to be made (again)."""
        row = self._rows.get(job.target.name)
        if row is None or row["made_of"] != self._describe(job):
            return None
        done = Compressed.from_dict({k: v for k, v in row.items() if k != "made_of"})
        try:
            whole = job.target.stat().st_size == done.size_bytes
        except OSError:
            return None
        return done if whole else None

    def add(self, job: Job, done: Compressed) -> None:
        """Note a finished picture at once.

        Raises:
            StorageError: there is no room to write it down.
        """
        row = {**done.as_dict(), "made_of": self._describe(job)}
        self._rows[done.file_name] = row
        try:
            # A line end first: the last line may have been torn by a kill.
            self._out = self._out or self._path.open("a", encoding="utf-8")
            self._out.write(f"\n{json_line(row)}")
            self._out.flush()
        except OSError as fault:
            raise StorageError(
                f"{self._path}: {fault.strerror or fault}", fix="make room on the disk"
            ) from fault

    def keep_only(self, file_names: Iterable[str]) -> None:
        """Write the journal anew for these pictures and delete the others it knows of."""
        kept = set(file_names)
        for name in self._rows.keys() - kept:
            (self._path.parent / name).unlink(missing_ok=True)
        self._rows = {name: row for name, row in self._rows.items() if name in kept}
        write_json_lines(self._path, self._rows.values())

    def _describe(self, job: Job) -> list[Any]:
        try:
            stamp = stamp_picture(job.source)
        except OSError:
            return [str(job.source), None, None, self._recipe]
        return [str(job.source), *stamp, self._recipe]


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what there is; a line torn by a kill is a picture to be made again."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            Compressed.from_dict({k: v for k, v in row.items() if k != "made_of"})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if "made_of" in row and Path(row["file_name"]).name == row["file_name"]:
            rows.append(row)
    return rows
