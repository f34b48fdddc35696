"""`couturier colourways`: one look in other colours."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import Json
from couturier.cli.progress import say, show_progress

NAME = "colourways"


def command(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE.png", help="A picture `couturier generate` drew.")
    ],
    colours: Annotated[
        str,
        typer.Option(
            "--colours", metavar="NAMES", help='Names or hex values, as in "sage,rust,#0a3161".'
        ),
    ],
    garment: Annotated[
        str | None,
        typer.Option(
            "--garment",
            metavar="KIND",
            help="Which one, as the sentence names it; default: the one that takes most room.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: beside the picture, NAME-colourways."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the same design in other colours: outside the garment not a pixel changes.

    Inside it light and folds stay. A sheet with swatches goes beside the pictures; each of them
    can be replayed.
    """
    target = out or image.with_name(f"{image.stem}-colourways")
    words = [word.strip() for word in colours.split(",") if word.strip()]
    with show_progress("recolouring") as on_step:
        looks = pipeline.colourways(image, words, out=target, kind=garment, on_step=on_step)
    for look in looks:
        sys.stdout.write((json.dumps(look) if as_json else str(target / look["file"])) + "\n")
    say(f"sheet: {target / 'colourways.jpg'}")
