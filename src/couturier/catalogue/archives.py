"""Reads pictures out of a zip where it lies, here or elsewhere: nothing is unpacked to the disk."""

import errno
import lzma
import stat
import struct
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from couturier.catalogue.remote import (
    is_remote,
    is_remote_file,
    open_remote,
    read_remote,
    stamp_remote,
)
from couturier.errors import CatalogueError

MAX_PICTURE_BYTES = 512_000_000  # a TIFF of 160 million pixels; what is larger was made to harm
_MAX_ENTRIES = 2_000_000
_ENCRYPTED = 0x1


def list_archive(path: Path) -> tuple[list[str], list[str]]:
    """List what is in a zip.

    Returns:
        Names of its files, and names that lead out of it ("../", "/", "C:") or are links, which
        are never read.

    Raises:
        CatalogueError: it is no zip, or torn; for one elsewhere see `remote.open_remote`.
    """
    if is_remote(path):  # who lists it begins a run, and it may have changed since the last
        _open.cache_clear()
    try:
        entries = _open(path, *_stamp(path)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as fault:
        raise CatalogueError(
            f"{path}: no readable zip ({fault})",
            fix="pack the pictures again, or give a folder with --images DIR",
        ) from fault
    if len(entries) > _MAX_ENTRIES:
        raise CatalogueError(
            f"{path}: holds {len(entries):,} files, more than {_MAX_ENTRIES:,}",
            fix="pack the pictures in several zips, or give a folder with --images DIR",
        )
    files = [entry for entry in entries if entry.filename and not entry.is_dir()]
    safe = [entry.filename for entry in files if _is_safe(entry)]
    return list(dict.fromkeys(safe)), [e.filename for e in files if not _is_safe(e)]


def read_picture(path: Path) -> bytes:
    """Read a picture's bytes from the disk, or from the zip that its path leads into.

    Args:
        path: As `folders.list_pictures` led to it: a file or `shop.zip/inside/1.jpg`, either
            of which may lie elsewhere, as in s3://bucket/1.jpg.

    Raises:
        OSError: it cannot be read; EFBIG where it would unpack to more than 512 MB.
    """
    archive = _find_archive(path)
    if archive is None and is_remote(path):
        return read_remote(path, max_bytes=MAX_PICTURE_BYTES)
    if archive is None:
        return path.read_bytes()
    try:
        opened = _open(archive, *_stamp(archive))
        entry = opened.getinfo(path.relative_to(archive).as_posix())
        if entry.file_size > MAX_PICTURE_BYTES:
            size_mb = entry.file_size / 1e6
            raise OSError(errno.EFBIG, f"unpacks to {size_mb:,.0f} MB")
        if entry.flag_bits & _ENCRYPTED:
            raise OSError(errno.EACCES, "the zip is locked with a password")
        return opened.read(entry)  # stops at the size that the entry tells
    # What a torn or unusual zip makes zipfile raise.
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        KeyError,
        EOFError,
        RuntimeError,
        ValueError,
    ) as fault:
        raise OSError(errno.EIO, f"cannot be read from the zip ({fault})") from fault


def stamp_picture(path: Path) -> tuple[int, int]:
    """Give what changes when a picture does: size and time of change, in a zip its checksum.

    Raises:
        OSError: there is no such picture.
    """
    archive = _find_archive(path)
    if archive is None and is_remote(path):
        return stamp_remote(path)
    if archive is None:
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    try:
        entry = _open(archive, *_stamp(archive)).getinfo(path.relative_to(archive).as_posix())
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as fault:
        raise OSError(errno.ENOENT, f"not in the zip ({fault})") from fault
    return entry.file_size, entry.CRC


def _find_archive(path: Path) -> Path | None:
    """Find the zip a path leads into; None for a path of its own."""
    is_file = is_remote_file if is_remote(path) else Path.is_file
    return next((p for p in path.parents if p.suffix.lower() == ".zip" and is_file(p)), None)


def _is_safe(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    parts = PurePosixPath(name).parts
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    leads_out = name.startswith("/") or ".." in parts or "\\" in name or ":" in "".join(parts[:1])
    # Path would write "a//b" as "a/b", and the entry would not be found again.
    return not (is_link or leads_out) and PurePosixPath(name).as_posix() == name


def _stamp(path: Path) -> tuple[int, int]:
    if is_remote(path):  # asking again for every picture would take as long as reading it
        return 0, 0
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=2)
def _open(path: Path, size: int, mtime_ns: int) -> zipfile.ZipFile:
    """Open a zip once for all threads; zipfile locks its reads. Another stamp opens it anew."""
    return zipfile.ZipFile(open_remote(path) if is_remote(path) else path)
