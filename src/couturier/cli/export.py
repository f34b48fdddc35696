"""`couturier export`: a trained adapter as a file for A1111, ComfyUI, Forge, or a merged base."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from couturier import pipeline
from couturier.cli.options import Json
from couturier.cli.progress import say

NAME = "export"


class Form(StrEnum):
    """What can be written."""

    KOHYA = "kohya"
    KOHYA_FULL = "kohya-full"
    DIFFUSERS = "diffusers"
    MERGED = "merged"


class Precision(StrEnum):
    """Number formats of files."""

    AUTO = "auto"
    FP16 = "fp16"
    FP32 = "fp32"


def command(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="What `couturier train` left, or any LoRA's .safetensors file."
        ),
    ] = Path("models/first"),
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="kohya: for A1111, ComfyUI, Forge and kohya's scripts. kohya-full: the whole "
            "change of each weight, for what kohya cannot hold (DoRA); large. diffusers: for "
            "load_lora_weights. merged: a whole base with the adapter in its weights.",
        ),
    ] = Form.KOHYA,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="The file, or the folder of a merged base. Default: RUN/kohya/NAME.safetensors, "
            "RUN/diffusers/ or RUN/merged/.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="mini|HUB_ID|PATH",
            help="The base it was trained on. Default: the one the file names.",
        ),
    ] = None,
    precision: Annotated[
        Precision,
        typer.Option(
            "--precision",
            help="Number format of what is written. auto: fp16, or fp32 where fp16 is too coarse.",
        ),
    ] = Precision.AUTO,
    scale: Annotated[
        float, typer.Option("--scale", min=0.0, help="Strength of a merge; 1 is as trained.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Write an adapter for other tools, read it back, and say how exact it is.

    couturier export models/first --format kohya

    The written file's changes of weights are compared with the trained ones; a file that differs
    by more than a thousandth is refused.
    """
    written = pipeline.export(
        run, form=form.value, out=out, base=base, precision=precision.value, scale=scale
    )
    if as_json:
        sys.stdout.write(json.dumps(written, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{written['path']}\n")
    say(
        f"{written['n_modules']} modules, {written['n_bytes'] / 1e6:.1f} MB, "
        f"{written['precision']}; "
        f"read back: largest difference {written['error']:.1e} (in {written['worst']})"
    )
