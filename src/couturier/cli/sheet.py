"""`couturier sheet`: looks on paper, as a PDF or PNG to print and to send."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline

NAME = "sheet"


class Paper(StrEnum):
    """Sizes of paper."""

    A4 = "a4"
    LETTER = "letter"


def command(
    looks_dir: Annotated[
        Path, typer.Argument(metavar="LOOKS_DIR", help="What `couturier generate` made.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="A .pdf or .png. Default: report/<name>/sheet.pdf."
        ),
    ] = None,
    columns: Annotated[
        int, typer.Option("--columns", min=1, max=8, help="Pictures a row: 2 to show, 6 to choose.")
    ] = 4,
    paper: Annotated[Paper, typer.Option("--paper", help="Size of the page.")] = Paper.A4,
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="Over every page. Default: the name.")
    ] = "",
) -> None:
    """Lay looks out as a line sheet: picture, sentence, swatches as measured, number and seed.

    couturier sheet looks/first --out autumn.pdf --columns 3 --title "Autumn, first ideas"
    """
    files = pipeline.sheet(looks_dir, out=out, columns=columns, paper=paper.value, title=title)
    sys.stdout.write("".join(f"{file}\n" for file in files))
