"""`couturier train`: a LoRA adapter on a data set."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import Base, Config, Json, Sets
from couturier.cli.progress import say, show_progress

NAME = "train"


def command(
    dataset_dir: Annotated[
        Path, typer.Argument(metavar="DATASET_DIR", help="What `couturier dataset` made.")
    ] = Path("data/compressed_images"),
    base: Base = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The run folder, models/NAME.")
    ] = Path("models/first"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on at the newest whole checkpoint, exactly.")
    ] = False,
    config: Config = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Fine-tune the UNet's attention with LoRA, as the original recipe did.

    Leaves settings.toml, metrics.jsonl, samples/, checkpoints/ and final_tensors/ in the run
    folder. Plain diffusers loads it: pipe.load_lora_weights("models/NAME/final_tensors").
    """
    given = pipeline.Given(config, tuple(sets or ()), {"base": base})
    with show_progress("training") as on_step:
        facts = pipeline.train(dataset_dir, out, given=given, resume=resume, on_step=on_step)
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{facts['weights']}\n")
    say(f'next: couturier generate "a red dress" --base {facts["base"]} --lora {out}')
