"""Compresses all pictures of a ledger; those that an earlier run finished are taken over."""

import contextlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from couturier.dataset.ledger import Ledger, Picture
from couturier.dataset.memory import Memory
from couturier.dataset.opening import quiet_pillow
from couturier.dataset.outcomes import Compressed
from couturier.dataset.pictures import (
    Job,
    compress_picture,
    describe_source,
    hash_recipe,
    work_ahead,
)
from couturier.dataset.settings import DatasetSettings
from couturier.files import require_room
from couturier.runs import OnStep

_JPEG_BYTES_A_PIXEL = 0.2


@dataclass(frozen=True)
class _Work:
    """One picture to compress, and what it is made of."""

    picture: Picture
    job: Job
    made_of: str


def compress_all(
    ledger: Ledger,
    out: Path,
    settings: DatasetSettings,
    *,
    memory: Memory,
    on_step: OnStep | None,
) -> int:
    """Compress the pictures of a ledger into `out` and write down what became of each.

    A picture counts as finished while its source has the same size and time of change, the
    settings that decide its pixels are the same, and the file is there in full.

    Returns:
        How many were finished by an earlier run.

    Raises:
        StorageError: there is no room for the others, or one cannot be written.
    """
    recipe = hash_recipe(settings)
    n_all = ledger.count("SELECT count(*) FROM pictures")
    n_reused, n_bytes = _take_over(ledger, out, recipe, memory)
    done = n_reused
    if done < n_all:
        bytes_each = settings.size_px**2 * _JPEG_BYTES_A_PIXEL
        require_room(out, int(min(n_bytes, bytes_each * (n_all - done))))
    compress_one = partial(_compress, settings=settings)
    todo = _list_todo(ledger, out, recipe)
    with quiet_pillow(), closing(work_ahead(compress_one, todo, workers=settings.workers)) as fresh:
        for work, made in fresh:
            ledger.set_made(work.picture, made)
            if not made.left_out:
                memory.add_picture(made.file_name, work.made_of, made.as_dict())
            done += 1
            if on_step:
                on_step(done, n_all, made.file_name)
    if on_step and n_reused == n_all:
        on_step(n_all, n_all, "finished before")
    return n_reused


def _take_over(ledger: Ledger, out: Path, recipe: str, memory: Memory) -> tuple[int, int]:
    """Write down what is finished; gives how many are, and the bytes of the others' sources."""
    n_reused = n_bytes = 0
    for picture in ledger.pictures():
        found = memory.find_picture(picture.file_name, _describe(picture, recipe))
        made = Compressed.from_dict(found) if found else None
        if made and _is_whole(out / picture.file_name, made):
            ledger.set_made(picture, made)
            n_reused += 1
        else:
            with contextlib.suppress(OSError):
                n_bytes += picture.source.stat().st_size
    return n_reused, n_bytes


def _list_todo(ledger: Ledger, out: Path, recipe: str) -> Iterator[_Work]:
    for picture in ledger.pictures(only_unmade=True):
        job = Job(picture.source, out / picture.file_name)
        yield _Work(picture, job, _describe(picture, recipe))


def _compress(work: _Work, settings: DatasetSettings) -> Compressed:
    return compress_picture(work.job, settings)


def _describe(picture: Picture, recipe: str) -> str:
    return f"{picture.source} {describe_source(picture.source, recipe)}"


def _is_whole(path: Path, made: Compressed) -> bool:
    try:
        return path.stat().st_size == made.size_bytes
    except OSError:
        return False
