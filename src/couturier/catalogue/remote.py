"""Reads product data and pictures that lie elsewhere: s3://, gs://, any path fsspec knows."""

import errno
import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from couturier.catalogue.readers.rows import load_extra
from couturier.errors import CatalogueError, MissingExtraError, StorageError

# `Path` writes s3://bucket/a as s3:/bucket/a; a single letter is a drive of Windows.
_REMOTE = re.compile(r"^([a-z][a-z0-9+.-]+):/+(.*)$", re.IGNORECASE | re.DOTALL)
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
_REFUSED = ("file", "local", "http", "https")
_CHUNK_BYTES = 1 << 20


def is_remote(path: Path) -> bool:
    """Say whether a path leads to another place, as in s3://bucket/images."""
    return _REMOTE.match(str(path)) is not None


def write_address(path: Path) -> str:
    """Write a remote path as its address: "s3://bucket/images"."""
    found = _REMOTE.match(str(path))
    assert found
    return f"{found[1]}://{found[2]}"


@contextmanager
def bring_file(path: Path) -> Iterator[Path]:
    """Give a file as one on this disk: itself, or a copy that is gone afterwards.

    Raises:
        StorageError: there is no such file, or it cannot be reached.
        MissingExtraError: what reaches it is not installed.
        CatalogueError: nothing known reaches such an address.
    """
    if not is_remote(path):
        yield path
        return
    system, inner = _connect(path)
    with tempfile.TemporaryDirectory(prefix="couturier-") as folder:
        copy = Path(folder) / Path(inner).name
        with _explained(path), system.open(inner, "rb") as source, copy.open("wb") as out:
            while chunk := source.read(_CHUNK_BYTES):
                out.write(chunk)
        try:
            yield copy
        except CatalogueError as fault:
            message = fault.message.replace(str(copy), write_address(path))
            raise CatalogueError(message, fix=fault.fix) from fault


def list_remote(root: Path) -> list[str]:
    """List the files below a remote folder by their names from there.

    Raises:
        CatalogueError: there is no such folder, or nothing known reaches it.
        StorageError: it cannot be reached.
        MissingExtraError: what reaches it is not installed.
    """
    system, inner = _connect(root)
    with _explained(root):
        if not system.isdir(inner):
            raise CatalogueError(
                f"{write_address(root)}: no such images folder",
                fix="give the pictures' folder with --images DIR",
            )
        names = [str(name) for name in system.find(inner)]
    start = inner.rstrip("/").lstrip("/") + "/"
    return [name.lstrip("/").removeprefix(start) for name in names]


@lru_cache(maxsize=256)  # asked once more for every picture that lies below it
def is_remote_file(path: Path) -> bool:
    """Say whether a remote path leads to a file; False where it cannot be reached.

    Raises:
        CatalogueError, MissingExtraError, StorageError: nothing reaches such addresses.
    """
    system, inner = _connect(path)
    try:
        return bool(system.isfile(inner))
    except Exception:  # each of fsspec's systems has its own errors; whoever reads it is told
        return False


def open_remote(path: Path) -> BinaryIO:
    """Open a remote file that is read in places, as a zip is; only these are fetched.

    Raises:
        OSError: it cannot be reached.
    """
    try:
        system, inner = _connect(path)
        return cast(BinaryIO, system.open(inner, "rb"))
    except OSError:
        raise
    except Exception as fault:
        raise OSError(errno.EIO, f"{type(fault).__name__}: {str(fault)[:120]}") from fault


def read_remote(path: Path, *, max_bytes: int) -> bytes:
    """Read a remote file whole.

    Raises:
        OSError: it cannot be read; EFBIG where it holds more than `max_bytes`.
    """
    try:
        system, inner = _connect(path)
        with system.open(inner, "rb") as source:
            data = bytes(source.read(max_bytes + 1))
    except OSError:
        raise
    except Exception as fault:  # each of fsspec's systems has its own errors
        raise OSError(errno.EIO, f"{type(fault).__name__}: {str(fault)[:120]}") from fault
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"holds more than {max_bytes / 1e6:,.0f} MB")
    return data


def stamp_remote(path: Path) -> tuple[int, int]:
    """Give what changes when a remote file does: its size, and a number made of its state.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        system, inner = _connect(path)
        state = system.info(inner)
    except OSError:
        raise
    except Exception as fault:
        raise OSError(errno.EIO, f"{type(fault).__name__}: {str(fault)[:120]}") from fault
    told = [str(state.get(name)) for name in ("ETag", "etag", "md5Hash", "mtime", "created")]
    told += [str(state.get(name)) for name in ("LastModified", "updated", "last_modified")]
    number = int.from_bytes(hashlib.sha256("\0".join(told).encode()).digest()[:7], "big")
    return int(state.get("size") or 0), number


def _connect(path: Path) -> tuple[Any, str]:
    """Give the file system of a remote path, and the path within it."""
    address = write_address(path)
    protocol = address.partition("://")[0].lower()
    system = _open_system(protocol)
    return system, str(system._strip_protocol(address))


@lru_cache(maxsize=8)
def _open_system(protocol: str) -> Any:
    fsspec = load_extra("fsspec", extra="s3")
    known = protocol in fsspec.available_protocols() and protocol not in _REFUSED
    if not known:
        raise CatalogueError(
            f"{protocol}://: no kind of address that is known here",
            fix="copy the files to a folder, or give an s3:// or gs:// address",
        )
    try:
        return fsspec.filesystem(protocol)
    except ImportError as fault:
        extra = _EXTRAS.get(protocol)
        raise MissingExtraError(
            f"{protocol}:// addresses need a library that is not installed ({fault})",
            fix=f'pip install "couturier[{extra}]"' if extra else "install what the message names",
        ) from fault
    except Exception as fault:
        raise StorageError(
            f"{protocol}://: {str(fault)[:160]}", fix="set up the access that this address needs"
        ) from fault


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except CatalogueError:
        raise
    except Exception as fault:
        reason = "no such file" if isinstance(fault, FileNotFoundError) else str(fault)[:160]
        raise StorageError(
            f"{write_address(path)}: {reason}",
            fix="check the address, and that you may read it",
        ) from fault
