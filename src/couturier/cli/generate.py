"""`couturier generate`: pictures from sentences."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from couturier import pipeline
from couturier.cli.options import Base, Config, Json, Sets
from couturier.cli.progress import say, show_progress
from couturier.errors import LooksError

NAME = "generate"

Samplers = "ddim, pndm, dpm++2m-karras, unipc, euler, euler-a"


def command(
    prompts: Annotated[
        list[str] | None, typer.Argument(metavar="PROMPT...", help="One sentence a picture.")
    ] = None,
    prompts_file: Annotated[
        Path | None,
        typer.Option(
            "--prompts",
            metavar="FILE",
            help="More sentences: one a line, or JSON lines or CSV with columns for settings.",
        ),
    ] = None,
    base: Base = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            "--lora", metavar="models/NAME[:SCALE]", help="An adapter, its strength after a colon."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the looks go; never overwritten.")
    ] = Path("looks/first"),
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", help="Of a sentence's first picture; its others count up."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="Pictures a sentence.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="Denoising steps.")
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option("--guidance", metavar="G", help="How hard to hold on to the sentence."),
    ] = None,
    negative: Annotated[
        str | None, typer.Option("--negative", metavar="TEXT", help="What to stay away from.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="WxH", help="Pixels; default: what the base was made for."),
    ] = None,
    sampler: Annotated[
        str | None, typer.Option("--sampler", metavar="NAME", help=f"One of {Samplers}.")
    ] = None,
    faithful: Annotated[
        str | None,
        typer.Option(
            "--faithful",
            metavar="off|guide|verify",
            help="How hard to see to it that each garment is there in its colour: `verify` "
            "(default) looks, redraws and repairs, up to 3 times the time; `guide` draws each "
            "garment alone first and goes on from all of them; `off` is plain diffusers.",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", metavar="SECONDS", help="A picture's time, after which verify stops trying."
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PICTURE", help="Start from this picture (img2img)."),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option("--strength", metavar="0..1", help="How much of it is drawn anew."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="GARMENT", help="Draw only this garment of it anew, as in jacket."
        ),
    ] = None,
    palette: Annotated[
        Path | None,
        typer.Option(
            "--palette",
            metavar="FILE",
            help="The brand's own colours, name and hex value a line; prompts may name them.",
        ),
    ] = None,
    fast: Annotated[
        bool | None,
        typer.Option(
            "--fast", help="Under a quarter of the time of diffusers' default; small differences."
        ),
    ] = None,
    safety: Annotated[
        str | None,
        typer.Option(
            "--safety",
            metavar="PROFILE",
            help="`general`, `swim-lingerie`, `kids`, or `off` (told in the files).",
        ),
    ] = None,
    wildcards: Annotated[
        Path | None,
        typer.Option(
            "--wildcards",
            metavar="DIR",
            help="Lists: __colour__ stands for a line of DIR/colour.txt; {red|blue} needs none.",
        ),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="NAME=VALUES",
            help="Draw over several values of a setting, as in --grid steps=10,20 --grid "
            "guidance=3,5,7: columns, rows, sheets; DIR/grid-01.jpg shows them.",
        ),
    ] = None,
    upscale: Annotated[
        Path | None,
        typer.Option(
            "--upscale",
            metavar="MODEL.safetensors",
            help="Make every picture larger with this model once it is drawn (extra upscale).",
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="FILE.pem",
            help="Sign every picture as made by AI (C2PA): certificate, chain and key in one PEM.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Draw only what is not in the folder yet.")
    ] = False,
    config: Config = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """Draw looks from sentences, each a PNG that knows how it was made.

    A picture that the safety checkers block is drawn with new seeds; where none helps it is
    blacked out, the reason told, and the original kept in DIR/quarantine, or in DIR/review where
    a person has to decide. DIR/safety.jsonl logs every decision.
    """
    options = {
        "base": base,
        "lora": tuple(lora) if lora else None,
        "seed": seed,
        "count": count,
        "steps": steps,
        "guidance": guidance,
        "negative": negative,
        "size": size,
        "sampler": sampler,
        "faithful": faithful,
        "budget": budget,
        "palette": palette,
        "upscale": upscale,
        "sign": sign,
        "wildcards": wildcards,
        "source": source,
        "strength": strength,
        "only": only,
        "fast": fast,
        "safety": safety,
    }
    given = pipeline.Given(config, tuple(sets or ()), options)
    with show_progress("drawing") as on_step:
        looks = pipeline.generate(
            prompts or (),
            prompts_file,
            out,
            given=given,
            resume=resume,
            on_step=on_step,
            grid=tuple(grid or ()),
        )
    for look in looks:
        sys.stdout.write((json.dumps(look) if as_json else str(out / look["file"])) + "\n")
        _tell_notes(look)
    _require_one_whole(looks)
    say(f"next: couturier evaluate {out}")


def _require_one_whole(looks: list[dict[str, Any]]) -> None:
    """End with a fault where not one picture could be drawn."""
    if looks and all(look["safety"]["verdict"] == "broken" for look in looks):
        raise LooksError(
            f"not one of {len(looks)} pictures could be drawn: {looks[0]['safety']['reasons'][-1]}",
            fix="check the base and the adapters, or try --set generate.precision=fp32",
        )


def _tell_notes(look: dict[str, Any]) -> None:
    for note in look["extra"].get("notes", ()):
        say(f"{look['file']}: {note}")
    verdict, reasons = look["safety"]["verdict"], look["safety"]["reasons"]
    if verdict != "pass":
        say(f"{look['file']}: {verdict}: {'; '.join(reasons)}")
