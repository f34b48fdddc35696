"""The catalogue doctor: reads everything, says what is wrong and what each row will teach."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from couturier.catalogue.faults import LEFT_OUT, sort_by_cost
from couturier.catalogue.read import read_catalogue
from couturier.catalogue.records import Fault
from couturier.dataset.opening import quiet_pillow
from couturier.dataset.pictures import Outcome, count_workers, open_picture
from couturier.dataset.plan import Draft, plan_drafts, tell_kinds, usable
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.tell import Opened, name_twins, pair_twins, tell_pictures
from couturier.garments.records import Garment
from couturier.runs import OnStep

_LOOK_PX = 128  # what hash and colours are taken from; a large JPEG costs an eighth of the work


@dataclass(frozen=True)
class CheckedRow:
    """One row and what it will teach.

    Attributes:
        record: Its number in the source, from 1.
        image_id: "" where the row has none.
        caption: "" where the row gives nothing to write.
        garments: What the row says the picture shows.
        faults: What is wrong with it, the costliest first.
        pictures: Of the product, those that were found.
    """

    record: int
    image_id: str
    caption: str
    garments: tuple[Garment, ...]
    faults: tuple[Fault, ...]
    pictures: tuple[Path, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Say whether an item would come of it."""
        return bool(self.caption) and all(fault.action != LEFT_OUT for fault in self.faults)

    def as_dict(self) -> dict[str, Any]:
        """Give the row as `couturier check --json` prints it."""
        return {
            "image_id": self.image_id,
            "caption": self.caption,
            "garments": [garment.as_dict() for garment in self.garments],
            "faults": [asdict(fault) for fault in self.faults],
        }


@dataclass(frozen=True)
class CatalogueCheck:
    """A catalogue examined.

    Attributes:
        rows: Every row of the source in its order, also those that cannot be used.
        faults: All faults, the costliest first.
        images: The pictures' folder, from which faults name their files; None without one.
        twins: The earlier file that a file looks like, for those that were told.
    """

    rows: tuple[CheckedRow, ...]
    faults: tuple[Fault, ...]
    images: Path | None = None
    twins: Mapping[str, str] = field(default_factory=dict)


def check_catalogue(
    product_data: Path,
    *,
    images: Path | None,
    settings: DatasetSettings,
    on_step: OnStep | None = None,
) -> CatalogueCheck:
    """Examine a catalogue as `build_dataset` would take it; writes nothing.

    Args:
        product_data: The shop's file.
        images: The pictures' folder, each of which is opened; None looks at the rows alone.
        settings: What the data set would be made with.
        on_step: Called with how many are done, how many there are, and what is being done.

    Raises:
        CatalogueError: the file as a whole cannot be read; no such images folder.
        StorageError: there is no such file.
    """
    catalogue = read_catalogue(product_data, images=images, columns=settings.map)
    drafts, faults = plan_drafts(catalogue, settings, on_step=on_step)
    faults += tell_kinds(drafts if images is None else usable(drafts), settings)
    twins: dict[str, str] = {}
    if images is not None:
        opened = _open_pictures(drafts, settings, on_step=on_step)
        faults += tell_pictures(opened, images)
        twins = name_twins(opened, images)
    return CatalogueCheck(
        rows=tuple(_make_rows(drafts, faults)),
        faults=tuple(sort_by_cost(faults)),
        images=images,
        twins=twins,
    )


def _make_rows(drafts: Sequence[Draft], faults: Sequence[Fault]) -> list[CheckedRow]:
    # By id too: one row of a shop, with its variants, may make several products.
    by_row: dict[tuple[int, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        if fault.record:  # 0 is of no row, such as a folder that may not be read
            by_row[fault.record, fault.image_id].append(fault)
    rows = [
        CheckedRow(
            record=draft.product.record,
            image_id=draft.product.image_id,
            caption=draft.caption,
            garments=draft.garments,
            faults=tuple(
                sort_by_cost(by_row.pop((draft.product.record, draft.product.image_id), []))
            ),
            pictures=draft.product.pictures,
        )
        for draft in drafts
    ]
    rows += [
        CheckedRow(record, image_id, "", (), tuple(sort_by_cost(own)))
        for (record, image_id), own in by_row.items()
    ]
    return sorted(rows, key=lambda row: row.record)


def _open_pictures(
    drafts: Sequence[Draft], settings: DatasetSettings, *, on_step: OnStep | None
) -> list[Opened]:
    work = [(draft, path) for draft in drafts for path in draft.product.pictures]
    found: list[Outcome] = []
    pool = ThreadPoolExecutor(count_workers(settings.workers))
    try:
        with quiet_pillow():
            for outcome in pool.map(lambda pair: _look(pair[1], settings), work):
                found.append(outcome)
                if on_step:
                    on_step(len(found), len(work), work[len(found) - 1][1].name)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return pair_twins(work, found)


def _look(path: Path, settings: DatasetSettings) -> Outcome:
    return open_picture(path, settings, size_px=_LOOK_PX)[1]
