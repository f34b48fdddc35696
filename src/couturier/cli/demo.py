"""`couturier demo`: the whole way, offline, on what the package brings along."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import whole_way
from couturier.cli.options import Sets
from couturier.cli.progress import say, show_progress
from couturier.pipeline import Given

NAME = "demo"


def command(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the demo's folders go.")
    ] = Path("demo"),
    sets: Sets = None,
) -> None:
    """Sample catalogue to data set to LoRA to looks before and after to report. No network.

    Takes minutes on two CPU cores. Stopped and started again, it goes on where it was.
    """
    page = whole_way.demo(out, given=Given(None, tuple(sets or ())), show=show_progress, say=say)
    sys.stdout.write(f"{page}\n")
