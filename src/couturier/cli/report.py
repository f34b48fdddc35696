"""`couturier report`: one page a designer and a lawyer can read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline

NAME = "report"


def command(
    looks_dir: Annotated[Path, typer.Argument(metavar="LOOKS_DIR", help="Looks with scores.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: report/<name of LOOKS_DIR>."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="LOOKS_DIR", help="The looks to stand beside: before."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="models/NAME", help="The training run, for its curves."),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option("--train", metavar="DATASET_DIR", help="The data set, for its summary."),
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="DIR", help="What `couturier sweep` wrote, for its table."),
    ] = None,
) -> None:
    """Write the report: one HTML file that opens offline and prints, and the table as Markdown."""
    page = pipeline.report(looks_dir, out=out, against=against, run=run, train=train, sweep=sweep)
    sys.stdout.write(f"{page}\n")
