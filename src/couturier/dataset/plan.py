"""Plans a data set before any picture is opened: captions, garments, file names, faults."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from couturier.catalogue.download import Downloads
from couturier.catalogue.faults import make_fault
from couturier.catalogue.folders import strip_suffix
from couturier.catalogue.read import stream_catalogue
from couturier.catalogue.readers.rows import plain_name
from couturier.catalogue.records import Fault, Product
from couturier.dataset.captions import list_fields, template_fields
from couturier.dataset.ledger import Draft, Ledger
from couturier.dataset.memory import Memory
from couturier.dataset.names import FileNames
from couturier.dataset.settings import AUTO, DESCRIPTION, DatasetSettings
from couturier.dataset.told import Told, hash_row, read_told, tell_row, write_told
from couturier.errors import CatalogueError
from couturier.files import find_home
from couturier.garments.records import Garment
from couturier.runs import OnStep

_SPARED = 4  # in a small catalogue every kind is rare, and saying so helps nobody
_MOST_RARE = 1_000  # what `rare_below` may be at most
_STEP_EVERY = 50
_PRODUCT_FIELDS = ("product_id", "item_group_id", "parent_id", "style_id", "group_id", "handle")
_COPY_WORDS = 8  # shorter texts, such as "A blue t-shirt.", are shared by different products


def plan_catalogue(
    product_data: Path,
    *,
    images: Path | None,
    settings: DatasetSettings,
    memory: Memory,
    on_step: OnStep | None = None,
) -> tuple[Ledger, FileNames]:
    """Read a catalogue and plan the items of every product.

    Args:
        product_data: The shop's file.
        images: The pictures' folder or zip; None looks at the rows alone.
        settings: Captions and their fields, and which kinds are rare.
        memory: Knows what rows told before; nothing is written to it.
        on_step: Called with how many rows are done, and 0 while nobody knows of how many.

    Returns:
        A ledger with one draft a product, in order, and the faults that rows and names have;
        and the names that the drafts' pictures will have.

    Raises:
        CatalogueError: the catalogue cannot be read; the caption template asks for a field that
            no row has.
    """
    planning = _Planning(settings, memory)
    kinds = _Kinds(only_usable=images is not None or settings.download)
    stream = stream_catalogue(
        product_data,
        images=images,
        columns=settings.map,
        downloads=_open_downloads(settings),
        on_step=on_step,
    )
    for one in stream:
        if isinstance(one, Fault):
            planning.ledger.add_faults([one])
            continue
        draft = planning.draft(one)
        kinds.add(draft, len(one.pictures))
        if on_step and planning.n_drafts % _STEP_EVERY == 0:
            on_step(planning.n_drafts, 0, "captions")
    if on_step:
        on_step(planning.n_drafts, planning.n_drafts, "captions")
    planning.check_template()
    planning.ledger.add_faults(kinds.tell_rare(settings.rare_below))
    planning.ledger.index()
    return planning.ledger, planning.names


def _open_downloads(settings: DatasetSettings) -> Downloads | None:
    """Downloads are kept in couturier's own folder: check and dataset share them."""
    if not settings.download:
        return None
    folder = find_home() / "downloads"
    return Downloads(folder, settings.allow_hosts, max_mb=settings.max_download_mb)


@dataclass
class _Planning:
    """A catalogue being planned."""

    settings: DatasetSettings
    memory: Memory
    ledger: Ledger = field(default_factory=Ledger)
    names: FileNames = field(default_factory=FileNames)
    n_drafts: int = 0
    _fields: set[str] = field(default_factory=set)

    def draft(self, product: Product) -> Draft:
        """Write down one product: what it tells, and what is wrong with it."""
        self.n_drafts += 1
        template = self.settings.caption
        if template not in (AUTO, DESCRIPTION):
            self._fields.update(map(plain_name, product.fields))
        told = self._find_told(product, template)
        draft = Draft(
            record=product.record,
            image_id=product.image_id,
            stem=self.names.choose_stem(product.image_id),
            caption=told.caption,
            garments=told.garments,
            alike=tuple(_keys(product)),
        )
        self.ledger.add_draft(draft, list(zip(product.pictures, product.names, strict=True)))
        faults = [
            make_fault(kind, reason, image_id=product.image_id, record=product.record)
            for kind, reason in told.faults
        ]
        if product.pictures:
            faults += _name_faults(draft, self.settings.picture_format)
        self.ledger.add_faults(faults)
        return draft

    def check_template(self) -> None:
        """Check, after the last row, that the caption template asks for fields there are.

        Raises:
            CatalogueError: no row has one of them.
        """
        template = self.settings.caption
        if template in (AUTO, DESCRIPTION):
            return
        known = list_fields(self._fields)
        unknown = [name for name in template_fields(template) if name not in known]
        if unknown:
            raise CatalogueError(
                f"--caption {template!r}: no row has a field {', '.join(unknown)}",
                fix=f"the fields are {', '.join(known[:40])}",
            )

    def _find_told(self, product: Product, template: str) -> Told:
        key = hash_row(product, template)
        known = self.memory.find_told(key)
        told = read_told(known) if known else tell_row(product, template)
        self.ledger.add_told(key, known or write_told(told))
        return told


@dataclass
class _Kinds:
    """Counts by how many pictures each kind of garment is shown."""

    only_usable: bool
    _n_drafts: int = 0
    _shown: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, draft: Draft, n_pictures: int) -> None:
        if self.only_usable and not (draft.caption and n_pictures):
            return
        self._n_drafts += 1
        for kind in _kinds_of(draft.garments):
            count, ids = self._shown.get(kind, (0, []))
            if count < _MOST_RARE:
                ids = [*ids, draft.image_id[:80]]
            self._shown[kind] = (count + max(1, n_pictures), ids)

    def tell_rare(self, rare_below: int) -> list[Fault]:
        """Tell the kinds that too few pictures show to learn from, the rarest first."""
        if self._n_drafts < _SPARED * rare_below:
            return []
        rare = {kind: told for kind, told in self._shown.items() if told[0] < rare_below}
        return [
            make_fault("rare kind", _count_pictures(kind, *told), image_id=told[1][0])
            for kind, told in sorted(rare.items(), key=lambda pair: (pair[1][0], pair[0]))
        ]


def _kinds_of(garments: Sequence[Garment]) -> Iterable[str]:
    return dict.fromkeys(garment.kind for garment in garments)


def _count_pictures(kind: str, count: int, ids: Sequence[str]) -> str:
    pictures = "picture shows" if count == 1 else "pictures show"
    return f"only {count} {pictures} '{kind}': {', '.join(dict.fromkeys(ids))}"


def _keys(product: Product) -> list[str]:
    """Name what tells that two rows show one product: number, copy, the shop's own groups."""
    keys = [f"id:{product.image_id}"]
    if len(product.description.split()) >= _COPY_WORDS and product.description != product.title:
        keys.append(f"copy:{product.description.casefold()}")
    told = [(name, product.fields.get(name)) for name in _PRODUCT_FIELDS]
    return [*keys, *(f"{name}:{value}" for name, value in told if value)]


def _name_faults(draft: Draft, suffix: str) -> list[Fault]:
    if draft.stem == strip_suffix(draft.image_id):
        return []
    file_name = f"{draft.stem}.{suffix}"
    reason = f"{draft.image_id[:80]!r} makes no file name; it is called {file_name}"
    return [
        make_fault(
            "unsafe id", reason, image_id=draft.image_id, file=file_name, record=draft.record
        )
    ]
