"""Plans a data set before any picture is opened: captions, garments, file names, faults."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from couturier.catalogue.faults import make_fault
from couturier.catalogue.folders import strip_suffix
from couturier.catalogue.records import Catalogue, Fault, Product
from couturier.dataset.captions import list_fields, template_fields, write_caption
from couturier.dataset.names import name_pictures
from couturier.dataset.seen import see_garments
from couturier.dataset.settings import AUTO, DESCRIPTION, DatasetSettings
from couturier.errors import CatalogueError
from couturier.garments.records import Garment
from couturier.runs import OnStep

_SPARED = 4  # in a small catalogue every kind is rare, and saying so helps nobody
_STEP_EVERY = 50


@dataclass(frozen=True)
class Draft:
    """A product with all that its items need but the pictures themselves.

    Attributes:
        product: The row.
        garments: What the row says the picture shows.
        caption: "" where there is nothing to make one of.
        file_names: One a picture of the product, in the data set folder.
    """

    product: Product
    garments: tuple[Garment, ...]
    caption: str
    file_names: tuple[str, ...] = ()


def plan_drafts(
    catalogue: Catalogue, settings: DatasetSettings, *, on_step: OnStep | None = None
) -> tuple[list[Draft], list[Fault]]:
    """Plan the items of every product, and tell what is wrong with the rows.

    Returns:
        One draft a product, in order, and the faults: the catalogue's own and those found here.

    Raises:
        CatalogueError: the caption template asks for a field that no row has.
    """
    _check_template(catalogue, settings.caption)
    faults = list(catalogue.faults)
    drafts: list[Draft] = []
    for done, product in enumerate(catalogue.products, start=1):
        draft, found = _draft(product, settings.caption)
        drafts.append(draft)
        faults += found
        if on_step and (done % _STEP_EVERY == 0 or done == len(catalogue.products)):
            on_step(done, len(catalogue.products), "captions")
    names = name_pictures(catalogue.products, settings.picture_format)
    for draft, own in zip(drafts, names, strict=True):
        faults += _name_faults(draft.product, own)
    return [replace(d, file_names=own) for d, own in zip(drafts, names, strict=True)], faults


def usable(drafts: list[Draft]) -> list[Draft]:
    """Keep the drafts that have both a caption and a picture to open."""
    return [draft for draft in drafts if draft.caption and draft.product.pictures]


def tell_kinds(drafts: Sequence[Draft], settings: DatasetSettings) -> list[Fault]:
    """Tell the kinds of garment that too few pictures show to learn from, the rarest first."""
    shown: dict[str, list[str]] = defaultdict(list)
    for draft in drafts:
        for kind in dict.fromkeys(garment.kind for garment in draft.garments):
            shown[kind] += [draft.product.image_id[:80]] * max(1, len(draft.product.pictures))
    if len(drafts) < _SPARED * settings.rare_below:
        return []
    rare = {kind: ids for kind, ids in shown.items() if len(ids) < settings.rare_below}
    return [
        make_fault("rare kind", _count_pictures(kind, ids), image_id=ids[0])
        for kind, ids in sorted(rare.items(), key=lambda pair: (len(pair[1]), pair[0]))
    ]


def _count_pictures(kind: str, ids: Sequence[str]) -> str:
    pictures = "picture shows" if len(ids) == 1 else "pictures show"
    return f"only {len(ids)} {pictures} '{kind}': {', '.join(dict.fromkeys(ids))}"


def _draft(product: Product, template: str) -> tuple[Draft, list[Fault]]:
    garments = see_garments(product)
    caption = write_caption(product, garments, template=template)
    faults = [
        make_fault(kind, reason, image_id=product.image_id, record=product.record)
        for kind, reason in caption.faults
    ]
    return Draft(product, garments, caption.text), faults


def _name_faults(product: Product, file_names: tuple[str, ...]) -> list[Fault]:
    if not file_names or Path(file_names[0]).stem == strip_suffix(product.image_id):
        return []
    reason = f"{product.image_id[:80]!r} makes no file name; it is called {file_names[0]}"
    return [
        make_fault(
            "unsafe id",
            reason,
            image_id=product.image_id,
            file=file_names[0],
            record=product.record,
        )
    ]


def _check_template(catalogue: Catalogue, template: str) -> None:
    if template in (AUTO, DESCRIPTION):
        return
    known = list_fields(catalogue.products)
    unknown = [name for name in template_fields(template) if name not in known]
    if unknown:
        raise CatalogueError(
            f"--caption {template!r}: no row has a field {', '.join(unknown)}",
            fix=f"the fields are {', '.join(known[:40])}",
        )
