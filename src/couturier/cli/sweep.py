"""`couturier sweep`: which strength and which checkpoint of an adapter, and why."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier.cli.options import Config, Json, Sets
from couturier.cli.progress import show_progress
from couturier.cli.tables import print_sweep
from couturier.errors import SettingsError
from couturier.pipeline import Given
from couturier.sweeps import SweepPlan, run_sweep

NAME = "sweep"


def command(
    model: Annotated[
        Path, typer.Argument(metavar="models/NAME", help="What `couturier train` made.")
    ],
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT...", help="Sentences. Default: captions held out of --train."
        ),
    ] = None,
    prompts_file: Annotated[
        Path | None, typer.Option("--prompts", metavar="FILE", help="More sentences, one a line.")
    ] = None,
    strengths: Annotated[
        str, typer.Option("--strengths", metavar="A,B,...", help="Of the final adapter.")
    ] = "0.5,0.75,1,1.25",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Seeds a sentence.")
    ] = 2,
    train: Annotated[
        Path | None,
        typer.Option("--train", metavar="DATASET_DIR", help="For likeness and copying."),
    ] = None,
    own_prompts: Annotated[
        Path | None,
        typer.Option(
            "--own-prompts",
            metavar="FILE",
            help="Sentences the base could draw before, to see what it has forgotten.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: looks/<name>-sweep."),
    ] = None,
    config: Config = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Draw the same sentences and seeds with every strength and checkpoint; choose one and say why.

    couturier sweep models/first --train data/compressed_images --strengths 0.5,1
    """
    given = Given(config, tuple(sets or ()), options={"count": count})
    plan = SweepPlan(
        model=model,
        prompts=tuple(prompts or ()),
        prompts_file=prompts_file,
        strengths=_read_strengths(strengths),
        train=train,
        own_prompts=own_prompts,
    )
    folder = out or Path("looks") / f"{model.resolve().name}-sweep"
    result = run_sweep(plan, folder, given=given, show=show_progress)
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        print_sweep(result)


def _read_strengths(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as fault:
        raise SettingsError(
            f"--strengths {text}: not numbers with commas between", fix="give --strengths 0.5,1"
        ) from fault
