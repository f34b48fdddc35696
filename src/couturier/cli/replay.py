"""`couturier replay`: draws a picture again from its own metadata."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import Json
from couturier.cli.progress import show_progress

NAME = "replay"


def command(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE.png", help="A picture `couturier generate` drew.")
    ],
    as_json: Json = False,
) -> None:
    """Draw a picture again and say bit-equal, or what differs. Exits with 1 where it differs."""
    with show_progress("drawing again") as on_step:
        result = pipeline.replay(image, on_step=on_step)
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        differences = result["differences"]
        sys.stdout.write("bit-equal\n" if result["equal"] else "differs\n")
        sys.stdout.writelines(f"  {difference}\n" for difference in differences)
    if not result["equal"]:
        raise typer.Exit(1)
