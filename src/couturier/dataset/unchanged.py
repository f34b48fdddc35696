"""Tells whether a data set is what building it again would give, without building it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import PIL

from couturier.catalogue.remote import is_remote
from couturier.dataset.memory import Memory
from couturier.dataset.pictures import hash_recipe
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.told import hash_grammar
from couturier.errors import StorageError
from couturier.files import hash_file, hash_json

_MANIFEST = "manifest.json"
_CODE = (
    "buckets.py",
    "ledger.py",
    "pictures.py",
    "opening.py",
    "build.py",
    "plan.py",
    "tell.py",
    "split.py",
    "names.py",
    "colour_words.py",
)
_READERS = ("read.py", "columns.py", "folders.py", "faults.py")


def hash_sources(product_data: Path, images: Path | None, settings: DatasetSettings) -> str:
    """Hash all that a data set is made of: product data, pictures' states, settings, code.

    Pictures count by name, size and time of change, as they do for a run that goes on.

    Returns:
        "" where it cannot be told.
    """
    elsewhere = is_remote(product_data) or (images is not None and is_remote(images))
    if settings.download or elsewhere:  # it may have changed where we cannot see it
        return ""
    try:
        data = hash_file(product_data)
        pictures = _hash_pictures(images) if images else ""
    except (StorageError, OSError):
        return ""
    made = [hash_recipe(settings), settings.model_dump(mode="json"), hash_grammar(), _hash_code()]
    made.append(PIL.__version__)
    return hash_json([data, str(product_data), str(images), pictures, made])


def is_as_left(out: Path, memory: Memory, sources: str) -> bool:
    """Say whether the last run that was done made `out` of these sources, and nobody touched it."""
    left = memory.find_fact("done")
    return bool(sources) and left == f"{sources} {_hash_folder(out, besides=_MANIFEST)}"


def note_done(out: Path, memory: Memory, sources: str) -> None:
    """Note that `out` was made of these sources, as it is now."""
    memory.set_fact("done", f"{sources} {_hash_folder(out, besides=_MANIFEST)}")


def _hash_pictures(images: Path) -> str:
    if images.is_dir():
        return _hash_folder(images)
    state = images.stat()  # a zip may have gigabytes
    return f"{state.st_size} {state.st_mtime_ns}"


def _hash_folder(root: Path, *, besides: str = "") -> str:
    digest = hashlib.sha256()
    for line in _list_states(root):
        if line.split("\0", 1)[0] != besides:
            digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _list_states(root: Path) -> Iterator[str]:
    """Give name, size and time of change of every file below, hidden ones aside."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            if not name.startswith("."):
                path = Path(folder) / name
                state = path.stat() if path.exists() else path.lstat()  # of a link, its target's
                below = path.relative_to(root).as_posix()
                yield f"{below}\0{state.st_size}\0{state.st_mtime_ns}"


def _hash_code() -> str:
    here = Path(__file__).parent
    catalogue = here.parent / "catalogue"
    files = [here / name for name in _CODE] + [catalogue / name for name in _READERS]
    files += sorted((catalogue / "readers").glob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()
