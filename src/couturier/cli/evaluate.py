"""`couturier evaluate`: what each picture shows, against what its sentence said."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import Config, Json, Sets
from couturier.cli.progress import show_progress
from couturier.cli.tables import print_scores

NAME = "evaluate"


def command(
    looks_dir: Annotated[
        Path, typer.Argument(metavar="LOOKS_DIR", help="What `couturier generate` made.")
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="LOOKS_DIR",
            help="The same prompts and seeds drawn otherwise, as by the bare base; again for "
            "what lies between.",
        ),
    ] = None,
    kept: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--kept",
            metavar="BEFORE AFTER",
            help="The base's own sentences drawn before and after: what was forgotten.",
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            "--train", metavar="DATASET_DIR", help="The data set trained on, for likeness."
        ),
    ] = None,
    config: Config = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Measure every garment's colour, and write scores.jsonl beside the looks.

    couturier evaluate looks/first --against looks/base --train data/compressed_images
    """
    given = pipeline.Given(config, tuple(sets or ()))
    with show_progress("looking") as on_step:
        scores, summary = pipeline.evaluate(
            looks_dir,
            against=against or (),
            kept=kept or (),
            train=train,
            given=given,
            on_step=on_step,
        )
    if as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        print_scores(scores, summary)
