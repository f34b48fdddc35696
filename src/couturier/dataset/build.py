"""Makes the data set folder: compressed pictures, metadata.jsonl, and faults.jsonl for the rest."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from couturier.catalogue.faults import LEFT_OUT, LOSES_ITS_ROW
from couturier.catalogue.records import Fault, read_faults, write_faults
from couturier.catalogue.remote import is_remote
from couturier.dataset.buckets import choose_bucket
from couturier.dataset.compress import compress_all
from couturier.dataset.ledger import Ledger, Picture
from couturier.dataset.memory import MEMORY_FILE, Memory
from couturier.dataset.names import FileNames
from couturier.dataset.outcomes import Outcome
from couturier.dataset.plan import plan_catalogue
from couturier.dataset.records import HELD_OUT, TRAIN, Item, hash_items, write_items
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.split import hold_out
from couturier.dataset.tell import find_twin, pair_twins, tell_pictures
from couturier.dataset.unchanged import hash_sources, is_as_left, note_done
from couturier.errors import CatalogueError
from couturier.files import hash_file
from couturier.runs import OnStep, read_manifest, write_manifest

SHOWN = 5


@dataclass(frozen=True)
class DatasetSummary:
    """What became of a catalogue.

    Attributes:
        out: The data set folder.
        n_rows: Rows of the source.
        n_items: Pictures in the data set.
        n_held_out: Of these, how many are kept out of training.
        n_reused: Of these, how many were finished by an earlier run.
        n_left_out: Faults that cost a row or a picture.
        faults: How many of each fault, the costliest first.
        shown: The five costliest messages.
        seconds: What it took.
    """

    out: Path
    n_rows: int
    n_items: int
    n_held_out: int
    n_reused: int
    n_left_out: int
    faults: dict[str, int]
    shown: tuple[str, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Every field by its name, for JSON."""
        return {**asdict(self), "out": str(self.out)}


def build_dataset(
    product_data: Path,
    *,
    images: Path | None,
    out: Path,
    settings: DatasetSettings,
    on_step: OnStep | None = None,
) -> DatasetSummary:
    """Make a data set of a shop's product data and pictures, which are only read.

    The folder grows in place: each picture appears whole, `metadata.jsonl` last of all, and a
    run that was stopped goes on where it was.

    Args:
        product_data: The shop's file, as `catalogue.read.read_catalogue` reads it.
        images: The folder or zip with its pictures; None where all are downloaded.
        out: The data set folder; new, empty, or one that couturier made before.
        settings: Size, quality, captions, split.
        on_step: Called with how many are done, how many there are, and what is being done.

    Raises:
        CatalogueError: the product data cannot be read, nothing usable is in it, or something
            had to be left out and `settings.strict` is set; `out` is not to be written to.
        StorageError: no such file, or no room on the disk.
    """
    start_s = time.monotonic()
    _check_places(images, out)
    facts: dict[str, Any] = {"product_data": str(product_data), "settings": settings.model_dump()}
    with Memory(out / MEMORY_FILE) as memory:
        sources = hash_sources(product_data, images, settings)
        if is_as_left(out, memory, sources):
            return _read_summary(out, start_s, on_step)
        ledger, names = plan_catalogue(
            product_data, images=images, settings=settings, memory=memory, on_step=on_step
        )
        ledger.drop_unusable()
        _check_worth(product_data, ledger, strict=settings.strict)
        _name_files(ledger, names, settings.picture_format)
        write_manifest(out, "dataset", status="running", facts=facts)
        memory.create()
        memory.set_fact("done", "")
        memory.keep_told(ledger.told)
        n_reused = compress_all(ledger, out, settings, memory=memory, on_step=on_step)
        pair_twins(ledger)
        tell_pictures(ledger)
        write_faults(out, ledger.faults())
        _check_worth(product_data, ledger, strict=settings.strict)
        held_out = _hold_out(ledger, settings)
        write_items(out, _make_items(ledger, held_out, settings.size_px))
        for name in memory.forget_pictures(ledger.holds_file):
            (out / name).unlink(missing_ok=True)
        for torn in out.glob(".*.part"):  # what a killed run was writing
            torn.unlink(missing_ok=True)
        note_done(out, memory, sources)
    summary = DatasetSummary(
        out=out,
        n_rows=ledger.n_rows + _count_faults(ledger, "fault", LOSES_ITS_ROW),
        n_items=len(held_out),
        n_held_out=sum(held_out),
        n_reused=n_reused,
        n_left_out=_count_faults(ledger, "action", {LEFT_OUT}),
        faults=ledger.count_faults(),
        shown=tuple(fault.message for fault in islice(ledger.faults(), SHOWN)),
        seconds=round(time.monotonic() - start_s, 3),
    )
    dataset_hash = hash_items(_make_items(ledger, held_out, settings.size_px))
    facts |= {"product_data_sha256": _hash_data(product_data), "dataset_hash": dataset_hash}
    facts |= {key: value for key, value in summary.as_dict().items() if key != "shown"}
    write_manifest(out, "dataset", status="done", facts=facts)
    return summary


def _hash_data(product_data: Path) -> str:
    return "" if is_remote(product_data) else hash_file(product_data)


def _read_summary(out: Path, start_s: float, on_step: OnStep | None) -> DatasetSummary:
    """Tell again what became of a catalogue that has not changed since."""
    known = read_manifest(out)
    n_items = int(known["n_items"])
    if on_step:
        on_step(n_items, n_items, "nothing has changed")
    return DatasetSummary(
        out=out,
        n_rows=known["n_rows"],
        n_items=n_items,
        n_held_out=known["n_held_out"],
        n_reused=n_items,
        n_left_out=known["n_left_out"],
        faults=dict(known["faults"]),
        shown=tuple(fault.message for fault in islice(read_faults(out), SHOWN)),
        seconds=round(time.monotonic() - start_s, 3),
    )


def _check_places(images: Path | None, out: Path) -> None:
    """Refuse an `out` in which something of the user's could be lost or mixed up."""
    source, target = images.resolve() if images else None, out.resolve()
    if source and (target == source or source in target.parents or target in source.parents):
        raise CatalogueError(
            f"{out}: the data set may not go into the images folder, nor around it",
            fix="give another folder with --out, such as data/compressed_images",
        )
    if out.exists() and not out.is_dir():
        raise CatalogueError(f"{out}: a file, not a folder", fix="give another --out")
    holds = (
        [path for path in out.iterdir() if not path.name.startswith(".")] if out.exists() else []
    )
    if holds and read_manifest(out).get("stage") != "dataset":
        raise CatalogueError(
            f"{out}: holds other things, such as {min(holds).name}",
            fix="give an empty or new folder with --out",
        )


def _check_worth(product_data: Path, ledger: Ledger, *, strict: bool) -> None:
    n_usable = ledger.count(
        "SELECT count(*) FROM pictures p JOIN looks l ON l.n = p.look WHERE l.left_out IS NOT 1"
    )
    left_out = list(islice(ledger.faults(where="action = ?", values=(LEFT_OUT,)), SHOWN))
    if not n_usable:
        first = f"; first: {left_out[0].message}" if left_out else ""
        raise CatalogueError(
            f"{product_data}: not one row can be used{first}",
            fix="`couturier check PRODUCT_DATA --images DIR` lists what is wrong with each",
        )
    if strict and left_out:
        shown = "; ".join(_named(fault) for fault in left_out)
        n_left_out = _count_faults(ledger, "action", {LEFT_OUT})
        raise CatalogueError(
            f"{product_data}: {n_left_out} left out and --strict is set: {shown}",
            fix="mend these, or run without --strict",
        )


def _count_faults(ledger: Ledger, column: str, wanted: Collection[str]) -> int:
    marks = ", ".join("?" * len(wanted))
    sql = f"SELECT count(*) FROM faults WHERE {column} IN ({marks})"
    return ledger.count(sql, [*wanted])


def _named(fault: Fault) -> str:
    return f"row {fault.record}: {fault.fault}" if fault.record else fault.fault


def _name_files(ledger: Ledger, names: FileNames, suffix: str) -> None:
    for picture in ledger.pictures():
        stem = names.number(picture.draft.stem, picture.place, picture.draft.image_id)
        ledger.name_file(picture, f"{stem}.{suffix}")


def _list_kept(ledger: Ledger) -> Iterator[tuple[Picture, Outcome]]:
    for picture in ledger.pictures():
        found = ledger.find_look(picture.look)
        if not found.left_out:
            yield picture, found


def _hold_out(ledger: Ledger, settings: DatasetSettings) -> list[bool]:
    return hold_out(
        (picture.draft.image_id for picture, _ in _list_kept(ledger)),
        (_keys(ledger, picture, found) for picture, found in _list_kept(ledger)),
        share=settings.held_out_share,
        seed=settings.seed,
    )


def _make_items(ledger: Ledger, held_out: Sequence[bool], size_px: int) -> Iterator[Item]:
    for (picture, _), held in zip(_list_kept(ledger), held_out, strict=True):
        width, height, sha256 = ledger.find_made(picture)
        yield Item(
            file_name=picture.file_name,
            text=picture.draft.caption,
            image_id=picture.draft.image_id,
            garments=picture.draft.garments,
            split=HELD_OUT if held else TRAIN,
            extra={
                "width": width,
                "height": height,
                "bucket": list(choose_bucket(width, height, size_px)),
                "sha256": sha256,
                "source": picture.name,
            },
        )


def _keys(ledger: Ledger, picture: Picture, found: Outcome) -> list[str]:
    """Name what tells that two items show one product: number, picture, likeness, copy."""
    keys = [*picture.draft.alike, f"picture:{found.source_sha256}"]
    twin = find_twin(ledger, picture.look)
    if twin:  # also in another colour: a variant must not leak into what is measured on
        keys.append(f"picture:{twin[4]}")
    return keys
