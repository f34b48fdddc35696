"""Finds a product's pictures in the images folder or zip: by its id, by the paths its row names."""

import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from couturier.catalogue.archives import list_archive
from couturier.catalogue.download import Downloads
from couturier.catalogue.remote import is_remote, is_remote_file, list_remote
from couturier.errors import CatalogueError

# What cameras and shops export. Some of it cannot be read here (heic); it is found all the same,
# so that the fault says "broken picture" and not "no picture".
PICTURE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".avif",
    ".jfif",
    ".heic",
)
_URL = re.compile(r"^[a-z][a-z0-9+.-]*:[/\\]{2}|^(?:data|javascript|file):", re.IGNORECASE)
_WEB = re.compile(r"^(https?:)?//", re.IGNORECASE)
_DRIVE = re.compile(r"^[a-z]:", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What a name led to.

    Attributes:
        path: The picture; None where there is none.
        fault: A kind of `faults.FAULT_KINDS`, "" where all is well. "several pictures" comes
            with a path.
        reason: What is wrong.
        name: The picture's name within the folder, or its address; "" where there is none.
    """

    path: Path | None
    fault: str = ""
    reason: str = ""
    name: str = ""


@dataclass(frozen=True)
class PictureFolder:
    """All pictures of a folder or a zip by name, listed once.

    Rows are looked up in the listing and never touch the disk, so that no path, however
    written, leads out of the folder.

    Attributes:
        root: The folder, or the zip; pictures of a zip have paths such as `shop.zip/1.jpg`.
        unreadable: Folders below it that could not be listed.
        unsafe: Names in a zip that lead out of it; they are never read.
        downloads: Where web addresses were downloaded to; None where they were not.
    """

    root: Path
    unreadable: tuple[str, ...] = ()
    unsafe: tuple[str, ...] = ()
    downloads: Downloads | None = None
    _by_path: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _by_stem: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _used: set[str] = field(default_factory=set, repr=False)

    def find_by_id(self, image_id: str) -> Found:
        """Find `<image_id>.*`, in the folder itself before its subfolders, case aside."""
        if has_suffix(image_id) and (exact := self._by_path.get(_fold(image_id))):
            return self._choose(image_id, exact)
        names = self._by_stem.get(_fold(image_id), [])
        if not names:
            return Found(None, "no picture", f"no picture {image_id[:80]!r}.jpg, .png, ... found")
        shallowest = min(name.count("/") for name in names)
        return self._choose(image_id, [name for name in names if name.count("/") == shallowest])

    def find_by_path(self, written: str) -> Found:
        """Find the picture that a row names by a path relative to the folder or one above it."""
        path = written.replace("\\", "/")
        if _WEB.match(path):
            return self._find_by_address(path)
        if _URL.match(path):
            return Found(None, "web address", f"{written[:120]!r} is a web address")
        parts = PurePosixPath(path).parts
        if path.startswith("/") or _DRIVE.match(path) or ".." in parts or "\0" in path:
            return Found(None, "unsafe path", f"{written[:120]!r} leads out of the images folder")
        for start in self._starts(parts):
            if names := self._by_path.get(_fold("/".join(parts[start:]))):
                return self._choose("/".join(parts[start:]), names)
        return Found(None, "no picture", f"no picture at {written[:120]!r}")

    def _find_by_address(self, address: str) -> Found:
        """Find the picture that was saved from a web address: by the end of its path.

        The longest end that is there counts, so that `a/1.jpg` and `b/1.jpg` stay apart where
        the folder keeps them apart; the ending may be another, as shops serve WebP for JPEG.
        """
        try:
            parts = PurePosixPath(unquote(urlsplit(address).path)).parts
        except ValueError:
            parts = ()
        parts = tuple(part for part in parts if part not in ("/", ".."))
        ends = ["/".join(parts[start:]) for start in range(max(0, len(parts) - 8), len(parts))]
        for end in ends:
            if names := self._by_path.get(_fold(end)):
                return self._choose(end, names)
        if parts and (names := self._by_stem.get(_fold(_stem(parts[-1])))):
            return self._choose(_stem(parts[-1]), names)
        named = f", and no {parts[-1][:80]!r} is there" if parts else ""
        if self.downloads:
            path, fault, reason = self.downloads.find(address)
            return Found(path, fault, reason, address if path else "")
        return Found(None, "web address", f"{address[:120]!r} is a web address{named}")

    def holds_address(self, written: str) -> bool:
        """Say whether a name is a web address of which no picture is here."""
        if not _WEB.match(written.replace("\\", "/")):
            return False
        return self._find_by_address(written).path is None

    def mark_used(self, names: Iterable[str]) -> None:
        """Note that a row leads to these pictures."""
        self._used.update(_fold(strip_suffix(name)) for name in names)

    def list_unused(self) -> list[str]:
        """Name the pictures that no row led to, nor to another file of the same name."""
        names = sorted({name for names in self._by_path.values() for name in names})
        return [name for name in names if _fold(strip_suffix(name)) not in self._used]

    def _starts(self, parts: tuple[str, ...]) -> list[int]:
        """Where the path may begin: at once, or after the images folder's own name."""
        after = [at + 1 for at, part in enumerate(parts[:-1]) if _fold(part) in self._own_names]
        return [0, *after]

    @property
    def _own_names(self) -> tuple[str, str]:
        root = self.root.resolve()
        return _fold(root.name), _fold(root.stem)

    def _choose(self, wanted: str, names: list[str]) -> Found:
        if len(names) == 1:
            return Found(self.root / names[0], name=names[0])
        exact = [name for name in names if wanted in (name, strip_suffix(name), _stem(name))]
        if len({strip_suffix(name) for name in exact or names}) > 1:
            told = ", ".join(sorted(names)[:4])
            return Found(None, "ambiguous picture", f"{wanted[:80]!r} could be any of {told}")
        first, *others = sorted(exact or names, key=_rank)
        if not others:
            return Found(self.root / first, name=first)
        return Found(
            self.root / first,
            "several pictures",
            f"{first} is used, {', '.join(others[:4])} is not",
            first,
        )


def list_pictures(root: Path) -> PictureFolder:
    """List a folder with its subfolders, or a zip; here or elsewhere (s3://bucket/images).

    Links to folders are not followed.

    Raises:
        CatalogueError: there is no such folder, it may not be read, or it is no readable zip.
    """
    if is_remote(root) and not is_remote_file(root):
        return _index(root, list_remote(root))
    if is_remote(root) or root.is_file():
        return _list_zip(root)
    if not root.is_dir():
        raise CatalogueError(
            f"{root}: no such images folder", fix="give the pictures' folder with --images DIR"
        )
    unreadable: list[str] = []
    names: list[str] = []
    for folder, _, files in os.walk(root, onerror=lambda fault: unreadable.append(str(fault))):
        below = Path(folder).relative_to(root).as_posix()
        files = [file for file in files if not _would_wait(Path(folder, file))]
        names += [file if below == "." else f"{below}/{file}" for file in files]
    return _index(root, names, unreadable=tuple(unreadable))


def _would_wait(path: Path) -> bool:
    """Say whether it is a pipe, socket or device, which would be read without end."""
    try:
        mode = path.stat().st_mode
    except OSError:  # a link that leads nowhere is told as a broken picture
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _list_zip(root: Path) -> PictureFolder:
    if root.suffix.lower() != ".zip":
        raise CatalogueError(
            f"{root}: a file, neither a folder nor a zip",
            fix="give the pictures' folder or a .zip of it with --images",
        )
    names, unsafe = list_archive(root)
    return _index(root, names, unsafe=tuple(unsafe), is_zip=True)


def _index(
    root: Path,
    names: Iterable[str],
    *,
    unreadable: tuple[str, ...] = (),
    unsafe: tuple[str, ...] = (),
    is_zip: bool = False,
) -> PictureFolder:
    pictures = [name for name in names if has_suffix(name) and not _is_hidden(name)]
    # Who zips a folder puts its name before all others; rows know nothing of it.
    tops = {name.split("/", 1)[0] if "/" in name else "" for name in pictures}
    wrapper = f"{tops.pop()}/" if is_zip and len(tops) == 1 else ""
    by_path: dict[str, list[str]] = defaultdict(list)
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in pictures:
        inner = name.removeprefix(wrapper)
        for path in {_fold(name), _fold(inner)}:
            by_path[path].append(name)
        for stem in {_fold(strip_suffix(name)), _fold(strip_suffix(inner)), _fold(_stem(name))}:
            by_stem[stem].append(name)
    return PictureFolder(root, unreadable, unsafe, _by_path=dict(by_path), _by_stem=dict(by_stem))


def has_suffix(name: str) -> bool:
    """Say whether a name ends like a picture's."""
    return name.lower().endswith(PICTURE_SUFFIXES)


def strip_suffix(name: str) -> str:
    """Take a picture's ending off its name; other dots are the name's own."""
    return name[: name.rindex(".")] if has_suffix(name) else name


def _stem(name: str) -> str:
    return strip_suffix(name.rsplit("/", 1)[-1])


def _is_hidden(name: str) -> bool:
    return name.rsplit("/", 1)[-1].startswith(".")


def _fold(name: str) -> str:
    # Discs differ in case and in how they store accents; ids come from another system altogether.
    return unicodedata.normalize("NFC", name).casefold()


def _rank(name: str) -> tuple[int, str]:
    suffix = name[name.rindex(".") :].lower()
    return PICTURE_SUFFIXES.index(suffix), name
