"""Colourways: one look's garment in other colours, all else the same to the pixel."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from couturier.errors import LooksError
from couturier.files import replace_whole
from couturier.garments.colours import Colour, find_colour, hex_of
from couturier.garments.grammar import find_garments
from couturier.garments.palette import use_palette
from couturier.garments.records import Garment
from couturier.generate.faithful import Change, Climb, Start
from couturier.generate.folder import LooksFolder
from couturier.generate.metadata import Making, hash_pixels, read_making
from couturier.generate.records import BLOCK, Look
from couturier.runs import OnStep
from couturier.vision.foreground import Mask
from couturier.vision.receipts import Sighting, find_sightings
from couturier.vision.recolour import fit_mask, pack_mask
from couturier.vision.segmenter import load_own_segmenter

SHEET_FILE = "colourways.jpg"
_TILE_PX, _GAP_PX, _SWATCH_PX, _FONT_PX = 256, 16, 28, 13


@dataclass(frozen=True)
class Wanted:
    """What to recolour: a garment of the look and where it is."""

    number: int
    garment: Garment
    sighting: Sighting
    others: tuple[Mask, ...]


def write_colourways(
    image: Path,
    colours: Sequence[str],
    *,
    out: Path,
    kind: str | None = None,
    on_step: OnStep | None = None,
) -> list[Look]:
    """Write a look once for each colour, and a sheet of all with their swatches.

    Outside the garment's mask not a pixel is changed; inside, light and folds stay. The new
    pictures know how they were made and can be replayed.

    Args:
        image: A PNG that `render_looks` wrote.
        colours: Words or hex values.
        out: A looks folder; nothing there is overwritten.
        kind: Which garment, as the prompt names it; None for the one that takes most room.
        on_step: Told colours done and in all.

    Raises:
        LooksError: an unknown colour, no such garment in the prompt or the picture, a blocked
            look.
    """
    making = read_making(image)
    use_palette(making.settings.get("palette", {}))
    wanted_colours = [_find_colour(word) for word in colours]
    if not wanted_colours:
        raise LooksError("no colour given", fix='name some: --colours "sage,rust,#0a3161"')
    if making.safety.get("verdict") == BLOCK:
        raise LooksError(f"{image}: was blocked", fix="recolour a look that was not")
    if "upscale" in making.settings:
        raise LooksError(
            f"{image}: was enlarged by a model after it was drawn",
            fix="recolour the same look drawn without --upscale",
        )
    with Image.open(image) as opened:
        picture = opened.convert("RGB")
    wanted = _find_garment(picture, making.prompt, kind, image)
    assert wanted.sighting.mask is not None
    mask = fit_mask(wanted.sighting.mask, np.asarray(picture), others=wanted.others)
    folder, looks, made = LooksFolder(out), [], []
    for number, colour in enumerate(wanted_colours, start=1):
        change = Change(wanted.number, wanted.garment.kind, colour.lab, pack_mask(mask))
        after = change.apply(picture)
        told = _tell_making(making, after, change, wanted, colour.name)
        looks.append(folder.add(after, told, seconds=0.0, notes=[]))
        made.append(after)
        if on_step:
            on_step(number, len(wanted_colours), colour.name)
    receipts = [look.receipt[wanted.number] for look in looks]
    first = asdict(wanted.sighting.receipt)
    sheet = _lay_out([picture, *made], [first, *receipts], ["as drawn", *colours])
    with replace_whole(out / SHEET_FILE) as temporary:
        sheet.save(temporary, format="JPEG", quality=92)
    return looks


def _find_colour(word: str) -> Colour:
    colour = find_colour(word)
    if colour is None:
        raise LooksError(
            f"--colours: '{word.strip()}' is no colour couturier knows",
            fix="give a colour's name, or its hex value as in #0a3161",
        )
    return colour


def _find_garment(picture: Image.Image, prompt: str, kind: str | None, path: Path) -> Wanted:
    garments = find_garments(prompt)
    sightings = find_sightings(picture, garments, load_own_segmenter())
    found = [
        Wanted(number, garment, sighting, _list_others(sightings, number))
        for number, (garment, sighting) in enumerate(zip(garments, sightings, strict=True))
        if sighting.mask is not None
    ]
    named = [one for one in found if kind is None or kind.lower() in one.garment.kind]
    if not named:
        shown = ", ".join(one.garment.kind for one in found) or "none"
        raise LooksError(
            f"{path}: no {kind or 'garment'} of its sentence can be found in it (found: {shown})",
            fix="name one of these with --garment, or take a look whose receipt shows it",
        )
    return max(named, key=lambda one: one.sighting.receipt.share)


def _list_others(sightings: Sequence[Sighting], number: int) -> tuple[Mask, ...]:
    others = (one.mask for place, one in enumerate(sightings) if place != number)
    return tuple(mask for mask in others if mask is not None)


def _tell_making(
    making: Making, after: Image.Image, change: Change, wanted: Wanted, colour: str
) -> Making:
    """Tell how a colourway was made: as the look was, and then one garment recoloured."""
    if making.faithful:
        climb = Climb.from_dict(making.faithful)
    else:
        climb = Climb(Start(making.seed, guided=making.settings["faithful"] == "guide"))
    climb = replace(climb, changes=(*climb.changes, change))
    garments = find_garments(making.prompt)
    garments[wanted.number] = replace(garments[wanted.number], colour=colour)
    seen = find_sightings(after, garments, load_own_segmenter())
    return replace(
        making,
        receipt=tuple(one.receipt.as_dict() for one in seen),
        pixels=hash_pixels(after),
        faithful=climb.as_dict(),
    )


def _lay_out(
    pictures: Sequence[Image.Image], receipts: Sequence[dict[str, Any]], names: Sequence[str]
) -> Image.Image:
    """Lay the look and its colourways side by side, under each its swatch, name and ΔE."""
    columns = min(len(pictures), 4)
    rows = -(-len(pictures) // columns)
    cell = _TILE_PX + _GAP_PX, _TILE_PX + _GAP_PX + _SWATCH_PX + 24
    sheet = Image.new("RGB", (columns * cell[0] + _GAP_PX, rows * cell[1] + _GAP_PX), "#ffffff")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_PX)
    for number, (picture, receipt, name) in enumerate(zip(pictures, receipts, names, strict=True)):
        row, column = divmod(number, columns)
        left, top = _GAP_PX + column * cell[0], _GAP_PX + row * cell[1]
        fitted = picture.copy()
        scale = _TILE_PX / max(picture.size)
        width, height = (max(round(side * scale), 1) for side in picture.size)
        fitted = picture.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(fitted, (left, top))
        below = top + _TILE_PX + 6
        asked = find_colour(name)
        seen = receipt["seen_hex"] or "#ffffff"
        swatches = [hex_of(asked.lab), seen] if asked else [seen]
        for place, value in enumerate(swatches):
            x = left + place * (_SWATCH_PX + 4)
            pen.rectangle((x, below, x + _SWATCH_PX, below + _SWATCH_PX), value, "#cccccc")
        x = left + len(swatches) * (_SWATCH_PX + 4) + 6
        delta = "" if receipt["delta_e"] is None or not asked else f", ΔE {receipt['delta_e']}"
        pen.text((x, below), f"{receipt['kind']}: {name.strip()}", fill="#1b1b1b", font=font)
        pen.text((x, below + 15), f"seen {seen}{delta}", fill="#6b6b6b", font=font)
    return sheet
