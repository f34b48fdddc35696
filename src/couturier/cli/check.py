"""`couturier check`: the catalogue doctor."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import (
    AllowHosts,
    Caption,
    Config,
    Download,
    Images,
    Json,
    Map,
    ProductData,
    Sets,
)
from couturier.cli.progress import show_progress
from couturier.cli.tables import print_check

NAME = "check"


def command(
    product_data: ProductData,
    images: Images = None,
    maps: Map = None,
    download: Download = False,
    allow_hosts: AllowHosts = None,
    caption: Caption = None,
    config: Config = None,
    sets: Sets = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with pictures, as check.html."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a catalogue, say what is wrong and how to mend it. Changes nothing.

    Shows what each row will teach: the caption, and the garments seen in it. With --json one
    object a row: image_id, caption, garments, faults.

    Example: couturier check shop.csv --images photos --map id=sku --html check.html
    """
    options = {
        "map": tuple(maps) if maps else None,
        "caption": caption,
        "download": download or None,
        "allow_hosts": tuple(allow_hosts) if allow_hosts else None,
    }
    given = pipeline.Given(config, tuple(sets or ()), options)
    with show_progress("reading") as on_step:
        result = pipeline.check(product_data, images, given=given, on_step=on_step, page=html)
    if as_json:
        for row in result.rows:
            sys.stdout.write(json.dumps(row.as_dict(), ensure_ascii=False) + "\n")
        return
    print_check(product_data, result)
