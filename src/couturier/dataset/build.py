"""Makes the data set folder: compressed pictures, metadata.jsonl, and faults.jsonl for the rest."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from couturier.catalogue.faults import LEFT_OUT, LOSES_ITS_ROW, count_faults, sort_by_cost
from couturier.catalogue.read import read_catalogue
from couturier.catalogue.records import Fault, write_faults
from couturier.dataset.journal import PictureJournal
from couturier.dataset.opening import quiet_pillow
from couturier.dataset.pictures import Compressed, Job, compress_pictures, hash_recipe
from couturier.dataset.plan import Draft, plan_drafts, tell_kinds, usable
from couturier.dataset.records import HELD_OUT, TRAIN, Item, hash_items, write_items
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.split import hold_out
from couturier.dataset.tell import Opened, pair_twins, tell_pictures
from couturier.errors import CatalogueError
from couturier.files import hash_file, require_room
from couturier.runs import OnStep, read_manifest, write_manifest

SHOWN = 5

_PRODUCT_FIELDS = ("product_id", "item_group_id", "parent_id", "style_id", "group_id", "handle")
_COPY_WORDS = 8  # shorter texts, such as "A blue t-shirt.", are shared by different products
_JPEG_BYTES_A_PIXEL = 0.2


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


@dataclass(frozen=True)
class _Work:
    """One picture on its way: whose it is, where from and where to."""

    draft: Draft
    job: Job


def build_dataset(
    product_data: Path,
    *,
    images: Path,
    out: Path,
    settings: DatasetSettings,
    on_step: OnStep | None = None,
) -> DatasetSummary:
    """Make a data set of a shop's product data and pictures, which are only read.

    The folder grows in place: each picture appears whole, `metadata.jsonl` last of all, and a
    run that was stopped goes on where it was.

    Args:
        product_data: The shop's file, as `catalogue.read.read_catalogue` reads it.
        images: The folder or zip with its pictures.
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
    catalogue = read_catalogue(product_data, images=images, columns=settings.map)
    drafts, faults = plan_drafts(catalogue, settings, on_step=on_step)
    faults += tell_kinds(usable(drafts), settings)
    work = _plan_work(usable(drafts), out)
    _check_worth(product_data, work, faults, strict=settings.strict)
    facts: dict[str, Any] = {"product_data": str(product_data), "settings": settings.model_dump()}
    write_manifest(out, "dataset", status="running", facts=facts)
    with PictureJournal(out, hash_recipe(settings)) as journal:
        done, n_reused = _compress(work, settings, journal=journal, on_step=on_step)
        opened = pair_twins([(each.draft, each.job.source) for each in work], done)
        faults = sort_by_cost([*faults, *tell_pictures(opened, images)])
        items = _make_items(done, opened, images=images, settings=settings)
        write_faults(out, faults)
        _check_worth(product_data, items, faults, strict=settings.strict)
        write_items(out, items)
        journal.keep_only([item.file_name for item in items])
    for torn in out.glob(".*.part"):  # what a killed run was writing
        torn.unlink(missing_ok=True)
    summary = DatasetSummary(
        out=out,
        n_rows=len(catalogue.products) + sum(f.fault in LOSES_ITS_ROW for f in faults),
        n_items=len(items),
        n_held_out=sum(item.split == HELD_OUT for item in items),
        n_reused=n_reused,
        n_left_out=sum(fault.action == LEFT_OUT for fault in faults),
        faults=count_faults(faults),
        shown=tuple(fault.message for fault in faults[:SHOWN]),
        seconds=round(time.monotonic() - start_s, 3),
    )
    facts |= {"product_data_sha256": hash_file(product_data), "dataset_hash": hash_items(items)}
    facts |= {key: value for key, value in summary.as_dict().items() if key != "shown"}
    write_manifest(out, "dataset", status="done", facts=facts)
    return summary


def _check_places(images: Path, out: Path) -> None:
    """Refuse an `out` in which something of the user's could be lost or mixed up."""
    source, target = images.resolve(), out.resolve()
    if target == source or source in target.parents or target in source.parents:
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


def _plan_work(drafts: Sequence[Draft], out: Path) -> list[_Work]:
    return [
        _Work(draft, Job(source, out / name))
        for draft in drafts
        for source, name in zip(draft.product.pictures, draft.file_names, strict=True)
    ]


def _check_worth(
    product_data: Path, found: Sequence[object], faults: Sequence[Fault], *, strict: bool
) -> None:
    left_out = [fault for fault in sort_by_cost(faults) if fault.action == LEFT_OUT]
    if not found:
        first = f"; first: {left_out[0].message}" if left_out else ""
        raise CatalogueError(
            f"{product_data}: not one row can be used{first}",
            fix="`couturier check PRODUCT_DATA --images DIR` lists what is wrong with each",
        )
    if strict and left_out:
        shown = "; ".join(_named(fault) for fault in left_out[:SHOWN])
        raise CatalogueError(
            f"{product_data}: {len(left_out)} left out and --strict is set: {shown}",
            fix="mend these, or run without --strict",
        )


def _named(fault: Fault) -> str:
    return f"row {fault.record}: {fault.fault}" if fault.record else fault.fault


def _compress(
    work: Sequence[_Work],
    settings: DatasetSettings,
    *,
    journal: PictureJournal,
    on_step: OnStep | None,
) -> tuple[list[Compressed], int]:
    """Compress what is not finished yet; gives one outcome a picture and how many were."""
    finished = [journal.find(each.job) for each in work]
    todo = [each.job for each, done in zip(work, finished, strict=True) if done is None]
    n_reused = len(work) - len(todo)
    if todo:
        bytes_each = settings.size_px**2 * _JPEG_BYTES_A_PIXEL
        sources = sum(job.source.stat().st_size for job in todo if job.source.exists())
        require_room(todo[0].target.parent, int(min(sources, bytes_each * len(todo))))
    outcomes = []
    with quiet_pillow(), closing(compress_pictures(todo, settings)) as fresh:
        for each, known in zip(work, finished, strict=True):
            done = known or next(fresh)
            if not (known or done.left_out):
                journal.add(each.job, done)
            outcomes.append(done)
            if on_step:
                on_step(len(outcomes), len(work), each.job.target.name)
    return outcomes, n_reused


def _make_items(
    outcomes: Sequence[Compressed],
    opened: Sequence[Opened],
    *,
    images: Path,
    settings: DatasetSettings,
) -> list[Item]:
    kept = [pair for pair in zip(opened, outcomes, strict=True) if not pair[1].left_out]
    held_out = hold_out(
        [one.draft.product.image_id for one, _ in kept],
        [_keys(one, opened) for one, _ in kept],
        share=settings.held_out_share,
        seed=settings.seed,
    )
    return [
        Item(
            file_name=done.file_name,
            text=one.draft.caption,
            image_id=one.draft.product.image_id,
            garments=one.draft.garments,
            split=HELD_OUT if held else TRAIN,
            extra={
                "width": done.width,
                "height": done.height,
                "sha256": done.sha256,
                "source": one.path.relative_to(images).as_posix(),
            },
        )
        for (one, done), held in zip(kept, held_out, strict=True)
    ]


def _keys(one: Opened, opened: Sequence[Opened]) -> list[str]:
    """Name what tells that two items show one product: number, picture, likeness, copy."""
    product = one.draft.product
    keys = [f"id:{product.image_id}", f"picture:{one.outcome.source_sha256}"]
    if one.twin:  # also in another colour: a variant must not leak into what is measured on
        keys.append(f"picture:{opened[one.twin.first].outcome.source_sha256}")
    if len(product.description.split()) >= _COPY_WORDS and product.description != product.title:
        keys.append(f"copy:{product.description.casefold()}")
    told = [(name, product.fields.get(name)) for name in _PRODUCT_FIELDS]
    return [*keys, *(f"{name}:{value}" for name, value in told if value)]
