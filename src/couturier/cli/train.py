"""`couturier train`: a LoRA adapter on a data set."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from couturier import pipeline
from couturier.cli.options import Base, Config, Json, Sets
from couturier.cli.progress import say, show_progress
from couturier.sweeps import choose_checkpoint

NAME = "train"
_SEEDS_A_CAPTION = 2


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
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="With --resume: go on though settings, base or data set changed since.",
        ),
    ] = False,
    processes: Annotated[
        int,
        typer.Option(
            "--processes",
            min=1,
            metavar="N",
            help="Train with N processes on this machine, one a device; they share each step's "
            "pictures. `accelerate launch -m couturier train ...` does so on several machines.",
        ),
    ] = 1,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Train nothing: say how long it would take, how much memory and disk, and what "
            "to set where it does not fit.",
        ),
    ] = False,
    choose: Annotated[
        bool,
        typer.Option(
            "--choose",
            help="When done, draw held-out captions with every checkpoint, score the pictures, and "
            "make the most faithful checkpoint final_tensors.",
        ),
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
    if plan:
        _show_plan(pipeline.plan_training(dataset_dir, out, given=given), as_json=as_json)
        return
    if processes > 1 and "WORLD_SIZE" not in os.environ:
        raise typer.Exit(pipeline.train_together(_without_processes(sys.argv[1:]), processes))
    if int(os.environ.get("RANK", "0")):
        pipeline.train(  # the first process does the talking
            dataset_dir,
            out,
            given=given,
            resume=resume,
            allow_changes=allow_changes,
            on_step=lambda *_: None,
        )
        return
    with show_progress("training") as on_step:
        facts = pipeline.train(
            dataset_dir,
            out,
            given=given,
            resume=resume,
            allow_changes=allow_changes,
            on_step=on_step,
        )
    for note in facts["manifest"].get("notes", ()):
        say(f"note: {note}")
    if choose:
        drawing = pipeline.Given(config, tuple(sets or ()), {"count": _SEEDS_A_CAPTION})
        found, _ = choose_checkpoint(out, dataset_dir, given=drawing, show=show_progress)
        facts["choice"] = {"best": found["best"], "why": found["why"]}
        say(f"chosen: {found['best']}. {found['why']}")
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{facts['weights']}\n")
    say(f'next: couturier generate "a red dress" --base {facts["base"]} --lora {out}')


def _without_processes(arguments: Sequence[str]) -> list[str]:
    """Give the command line without --processes N, for each of the processes."""
    kept: list[str] = []
    takes_next = False
    for argument in arguments:
        if takes_next or argument.startswith("--processes="):
            takes_next = False
        elif argument == "--processes":
            takes_next = True
        else:
            kept.append(argument)
    return kept


def _show_plan(plan: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(plan, ensure_ascii=False) + "\n")
        return
    for line in plan["lines"]:
        sys.stdout.write(f"{line}\n")
    for warning in plan["warnings"]:
        say(f"warning: {warning}")
