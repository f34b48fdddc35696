"""Options that several commands share, so that one name means one thing everywhere."""

from pathlib import Path
from typing import Annotated

import typer

ProductData = Annotated[
    Path,
    typer.Argument(
        metavar="PRODUCT_DATA",
        help="The shop's file: product_data.json (a list, or an object keyed by id), "
        "JSON lines, CSV, TSV, Parquet, XLSX, a Shopify, WooCommerce or Google Merchant export. "
        "Also at s3:// or gs://. Read, never written to.",
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="DIR",
        help="Folder or zip with the pictures, <image_id>.jpg|png; also s3://, gs://.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which of the shop's columns is what, where the names do not say it: --map id=sku "
        "--map text=body. Fields: id, title, text, images, or any other such as colour.",
    ),
]
Download = Annotated[
    bool,
    typer.Option(
        "--download",
        help="Fetch pictures that rows name by web address, several at once; those that are here "
        "are not fetched twice. Public hosts only.",
    ),
]
AllowHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST",
        help="A host to fetch pictures from though it is not public, as in media.intern or "
        "localhost:8080; may be given again.",
    ),
]
Caption = Annotated[
    str | None,
    typer.Option(
        "--caption",
        metavar="TEMPLATE|description",
        help="`description`: the shop's copy as it is, as the original did. A template such as "
        '"{colour} {kind}, {title}" fills in fields. Default: what can be seen first, then copy.',
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings in TOML, one [section] a stage."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One setting, as in --set train.max_steps=50; may be given again. "
        "docs/settings.md lists all.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON on stdout, for machines.")]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="mini|HUB_ID|PATH",
        help="The Stable Diffusion to start from: `mini` (comes along, offline), a hub id, or a "
        "diffusers folder. Default: CompVis/stable-diffusion-v1-4.",
    ),
]
