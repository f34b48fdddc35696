"""`couturier dataset`: pictures and captions to train on."""

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
    Json,
    Map,
    ProductData,
    Sets,
)
from couturier.cli.progress import show_progress
from couturier.cli.tables import print_summary

NAME = "dataset"

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the data set goes.")]
Size = Annotated[
    int | None, typer.Option("--size", metavar="PX", help="Longest side, pixels. Never enlarges.")
]
Quality = Annotated[int | None, typer.Option("--quality", metavar="Q", help="JPEG quality, 1-95.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if any row is left out.")]


def command(
    product_data: ProductData,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR",
            help="Folder or zip with the pictures; also s3://, gs://. Default: data/images, which "
            "need not be there with --download.",
        ),
    ] = None,
    maps: Map = None,
    download: Download = False,
    allow_hosts: AllowHosts = None,
    out: Out = Path("data/compressed_images"),
    caption: Caption = None,
    size: Size = None,
    quality: Quality = None,
    strict: Strict = False,
    config: Config = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Make the data set: compressed pictures, metadata.jsonl, and faults.jsonl for the rest.

    `datasets.load_dataset("imagefolder", data_dir=DIR)` reads the folder as it is. Run again, it
    does only what has changed.

    Example: couturier dataset shop.csv --images photos.zip --size 768 --out data/summer
    """
    options = {
        "map": tuple(maps) if maps else None,
        "caption": caption,
        "size_px": size,
        "quality": quality,
        "strict": strict or None,
        "download": download or None,
        "allow_hosts": tuple(allow_hosts) if allow_hosts else None,
    }
    given = pipeline.Given(config, tuple(sets or ()), options)
    images = images or pipeline.find_images(Path(), given)
    with show_progress("pictures") as on_step:
        summary = pipeline.dataset(product_data, images, out, given=given, on_step=on_step)
    if as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        print_summary(out, summary)
