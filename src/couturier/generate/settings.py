"""What drawing can be told."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from couturier.seeds import MAX_SEED
from couturier.settings import Settings

Sampler = Literal["ddim", "pndm", "dpm++2m-karras", "unipc", "euler", "euler-a"]
FAST_STEPS = 15
_SIZE = re.compile(r"\s*(-?\d+)\s*[xX×]\s*(-?\d+)\s*")


class GenerateSettings(Settings):
    """What one drawing run can be told; a prompt file may override some of it row by row."""

    base: str = Field(
        default="CompVis/stable-diffusion-v1-4",
        min_length=1,
        description="The Stable Diffusion that draws: `mini`, a hub id or a diffusers folder.",
    )
    lora: tuple[str, ...] = Field(
        default=(),
        description="Adapters as models/NAME or models/NAME:SCALE; scale 1 is as trained, 0 is "
        "the bare base.",
    )
    steps: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Denoising steps; time grows in step with them, 20 suffice for dpm++2m-karras.",
    )
    guidance: float = Field(
        default=7.5,
        ge=0,
        le=100,
        description="Scale of classifier-free guidance: more holds on to the sentence and burns "
        "colours; 1 or less switches it off and halves the time.",
    )
    negative: str = Field(default="", description="What to stay away from; needs guidance over 1.")
    size: str | None = Field(
        default=None,
        description="WIDTHxHEIGHT in pixels, multiples of 8, as in 512x768; not given: what the "
        "base was trained at, which it draws best.",
    )
    sampler: Sampler = Field(
        default="dpm++2m-karras",
        description="dpm++2m-karras and unipc need about 20 steps, ddim, pndm and the eulers 50; "
        "euler-a changes the picture with the number of steps.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        description="Of each sentence's first picture; its further ones count up from it.",
    )
    count: int = Field(default=1, ge=1, le=10_000, description="Pictures a sentence.")
    faithful: Literal["off", "guide", "verify"] = Field(
        default="verify",
        description="`verify` looks at each picture a third of the way, drops what does not show "
        "the sentence, guides, draws again and at last recolours: up to 3 times the time; `guide` "
        "draws several garments each alone first and goes on from them laid out, holds the words "
        "of one by attention; `off` is plain diffusers, bit for bit.",
    )
    fast: bool = Field(
        default=False,
        description="Leave out what changes little: the UNet's inner blocks on two of three steps, "
        "guidance on the last two fifths, and 5 of the 20 steps unless `steps` is given.",
    )
    starts: int = Field(
        default=3, ge=1, le=64, description="Starts that `verify` may try for one picture."
    )
    budget: float | None = Field(
        default=None,
        gt=0,
        description="Seconds a picture after which `verify` begins no further start; not given: "
        "the starts alone count, and the same seed gives the same picture however slow the "
        "machine.",
    )
    safety: Literal["general", "swim-lingerie", "kids", "off"] = Field(
        default="general",
        description="How strictly the safety checkers' flags are judged: `swim-lingerie` leaves "
        "more to the shop, `kids` less; `off` marks every picture unchecked. Anything sexual with "
        "a possible minor is blocked in every profile.",
    )
    second_opinion: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether a second checker (extra `safety`) is asked about a flag: `auto` "
        "where it is installed, `on` stops without it.",
    )
    reseeds: int = Field(
        default=2,
        ge=0,
        le=20,
        description="New seeds to try for a picture that would be blocked or put to review.",
    )
    hide: Literal["black", "blur"] = Field(
        default="black",
        description="What is shown in place of a picture that is blocked or waits for review; the "
        "original is kept apart.",
    )
    wildcards: Path | None = Field(
        default=None,
        description="Folder of lists: __colour__ in a prompt stands for a line of colour.txt.",
    )
    source: Path | None = Field(
        default=None,
        description="A picture to start from (img2img); its own size is drawn, and plainly: "
        "`faithful` has no part in it.",
    )
    strength: float = Field(
        default=0.6, gt=0, le=1, description="How much of the source is drawn anew; 1 is all."
    )
    only: str | None = Field(
        default=None,
        description="Garment of the source to draw anew, as in `jacket`; all else stays to the "
        "pixel.",
    )
    palette: Path | None = Field(
        default=None,
        description="File with the brand's own colour names and their hex values; prompts and "
        "receipts know them.",
    )
    upscale: Path | None = Field(
        default=None,
        description="A super-resolution model (safetensors) that makes every picture larger once "
        "it is drawn; needs the extra `upscale`.",
    )
    sign: Path | None = Field(
        default=None,
        description="PEM file with certificate, chain and private key: every picture is signed "
        "as made by AI (C2PA); needs the extra `sign`.",
    )
    receipts: bool = Field(
        default=True,
        description="Measure each garment's colour right after drawing; a few milliseconds each.",
    )
    device: str = Field(default="auto", description="auto, cuda, mps or cpu.")
    precision: str = Field(
        default="auto", description="auto, fp32, bf16 or fp16; halves the memory, changes pixels."
    )

    @model_validator(mode="before")
    @classmethod
    def _choose_steps(cls, given: Any) -> Any:
        """Take fewer steps where it shall be fast and nobody says how many."""
        if isinstance(given, dict) and given.get("fast") is True and "steps" not in given:
            return {**given, "steps": FAST_STEPS}
        return given

    @field_validator("size")
    @classmethod
    def _check_size(cls, size: str | None) -> str | None:
        if size is not None:
            parse_size(size)
        return size


def parse_size(size: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT.

    Raises:
        ValueError: not of that form, or a side is no multiple of 8 from 8 to 4096.
    """
    found = _SIZE.fullmatch(size)
    if not found:
        raise ValueError("expected WIDTHxHEIGHT in pixels, as in 512x768")
    width_px, height_px = int(found[1]), int(found[2])
    for side, length_px in (("width", width_px), ("height", height_px)):
        if length_px % 8 or not 8 <= length_px <= 4096:
            raise ValueError(
                f"the {side} {length_px} is no multiple of 8 from 8 to 4096{_nearest(length_px)}"
            )
    return width_px, height_px


def _nearest(length_px: int) -> str:
    return f"; nearest {round(length_px / 8) * 8}" if 8 <= length_px <= 4096 else ""
