"""`couturier run`: all six stages, going on where it stopped."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import whole_way
from couturier.cli.options import Sets
from couturier.cli.progress import say, show_progress
from couturier.pipeline import Given

NAME = "run"


def command(
    config: Annotated[
        Path,
        typer.Option("--config", metavar="FILE", help="What to run, in TOML; see docs/tutorial."),
    ] = Path("couturier.toml"),
    sets: Sets = None,
) -> None:
    """Do all six stages in the settings file's folder; what is done already is not repeated."""
    page = whole_way.run_all(
        config.parent,
        given=Given(config, tuple(sets or ())),
        show=show_progress,
        say=say,
    )
    sys.stdout.write(f"{page}\n")
