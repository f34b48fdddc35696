"""Files that appear whole: written beside their place, then renamed into it."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from couturier.errors import StorageError

_HASH_CHUNK_BYTES = 1 << 20


def find_home() -> Path:
    """Give couturier's own folder on this machine: $COUTURIER_HOME, else ~/.cache/couturier."""
    named = os.environ.get("COUTURIER_HOME")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "couturier"


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Hand out a temporary path beside `path`; on a clean exit it takes the place of `path`.

    Args:
        path: Where the file shall appear; its folder is made.

    Yields:
        A path in the same folder, to be written by the caller. After an exception nothing of it
        is left, and whatever stood at `path` is untouched.

    Raises:
        StorageError: no room on the disk, or no permission to write.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _flush(temporary)
            temporary.chmod(0o666 & ~_umask())  # mkstemp gives 0600, which a web server cannot read
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replace_folder_whole(path: Path) -> Iterator[Path]:
    """Hand out a temporary folder beside `path`; on a clean exit it takes the place of `path`.

    Raises:
        StorageError: no room on the disk, or no permission to write.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
        try:
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            if path.exists():
                shutil.rmtree(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replace_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, whole or not at all; `rows` is consumed as a stream."""
    with replace_whole(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json_line(row))


def append_json_line(path: Path, row: Mapping[str, Any]) -> None:
    """Append one JSON object as one line, in a single write, and flush it to the disk."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as out:
            out.write(json_line(row))
            out.flush()
            os.fsync(out.fileno())


def json_line(row: Mapping[str, Any]) -> str:
    """Give `row` as one line of JSON with its newline; NaN is refused with ValueError."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file that couturier wrote.

    Raises:
        StorageError: there is no such file, or it is no JSON.
    """
    try:
        return json.loads(_read_text(path))
    except ValueError as fault:
        raise StorageError(
            f"{path}: not readable as JSON ({fault})",
            fix="restore the file, or make it anew with the command that wrote it",
        ) from fault


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read objects one a line; gives (line number from 1, object), blank lines skipped.

    Raises:
        StorageError: there is no such file, or a line is no JSON object.
    """
    with _explained(path), path.open(encoding="utf-8-sig", errors="strict") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse_object(path, number, line)


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes as 64 hex digits."""
    digest = hashlib.sha256()
    with _explained(path), path.open("rb") as data:
        while chunk := data.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def hash_json(value: Any) -> str:
    """Give the SHA-256 of a value's canonical JSON as 64 hex digits."""
    return hashlib.sha256(write_canonical(value).encode()).hexdigest()


def write_canonical(value: Any) -> str:
    """Write a value as the one JSON text that all equal values share."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def require_room(folder: Path, needed_bytes: int) -> None:
    """Check that the disk under `folder` has room for `needed_bytes` before work begins.

    Raises:
        StorageError: there is less room than that.
    """
    existing = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free_bytes = shutil.disk_usage(existing).free
    if free_bytes < needed_bytes:
        raise StorageError(
            f"{folder}: needs about {needed_bytes / 1e6:,.0f} MB, the disk has "
            f"{free_bytes / 1e6:,.0f} MB left",
            fix="make room, or give an --out folder on another disk",
        )


def _parse_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise StorageError(
            f"{path.name}, line {number}: no JSON ({fault})",
            fix="each line holds one JSON object; mend the line or make the file anew",
        ) from fault
    if not isinstance(row, dict):
        raise StorageError(
            f"{path.name}, line {number}: a {type(row).__name__}, not an object",
            fix='write one JSON object a line, as in {"file_name": "1.jpg", "text": "red dress"}',
        )
    return row


def _read_text(path: Path) -> str:
    with _explained(path):
        return path.read_text(encoding="utf-8-sig")


def _flush(path: Path) -> None:
    # Without it a crash right after the rename can leave an empty file under the final name.
    with path.open("rb") as data:
        os.fsync(data.fileno())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals about `path` into errors with a remedy."""
    try:
        yield
    except UnicodeDecodeError as fault:
        raise StorageError(
            f"{path}: not UTF-8 text (byte {fault.start})",
            fix="save the file as UTF-8",
        ) from fault
    except OSError as fault:
        raise StorageError(
            f"{fault.filename or path}: {fault.strerror or fault}", fix=_remedy(fault)
        ) from fault


def _remedy(fault: OSError) -> str:
    remedies = {
        errno.ENOSPC: "make room on the disk, or give an --out folder on another one",
        errno.EDQUOT: "make room in your quota, or give an --out folder on another disk",
        errno.ENOENT: "check the path; `couturier --help` names the command that makes this file",
        errno.EACCES: "give yourself the right to use this path, or choose another one",
        errno.EROFS: "choose a folder on a disk that can be written to",
        errno.EEXIST: "a part of this path is a file; choose another folder",
        errno.ENOTDIR: "a part of this path is a file; choose another folder",
        errno.EISDIR: "this is a folder; give the path of a file",
    }
    return remedies.get(fault.errno or 0, "check the path and the disk, then run it again")
