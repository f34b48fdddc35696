"""The painter: a base with its adapters and its safety checker, ready to draw."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from couturier.diffusion.adapters.attach import attach_adapter
from couturier.diffusion.bases import resolve_base
from couturier.diffusion.device import choose_placement
from couturier.diffusion.hashes import hash_base
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture, find_cut_words, find_native_size
from couturier.generate.metadata import hash_lora_for_a1111
from couturier.generate.plan import Adapter, Request, find_adapters
from couturier.generate.safety import (
    BROKEN,
    UNCHECKED,
    Verdict,
    find_breakage,
    judge_picture,
)
from couturier.generate.settings import GenerateSettings
from couturier.runs import list_versions

_QUOTED_LETTERS = 120


@dataclass(frozen=True)
class Painting:
    """A picture drawn and judged, not yet on disk.

    Attributes:
        image: As drawn, nothing blacked out.
        verdict: What is to be done with it.
        seconds: What drawing and judging took.
    """

    image: Image.Image
    verdict: Verdict
    seconds: float


class Painter:
    """Draws requests with one loaded base; the same request gives the same bits."""

    def __init__(self, pipeline: Any, facts: dict[str, Any], *, check: bool) -> None:
        self._pipeline = pipeline
        self._check = check
        self._facts = facts

    @property
    def facts(self) -> dict[str, Any]:
        """Give what is the same for all its pictures: base, adapters, device, number format."""
        return dict(self._facts)

    def fit(self, request: Request) -> Request:
        """Fill in the size the base was made for, where the request leaves it open."""
        return replace(request, size_px=request.size_px or find_native_size(self._pipeline))

    def describe(self, request: Request) -> dict[str, Any]:
        """List all that changes a pixel of a request's picture, but prompt and seed."""
        assert request.size_px is not None  # fit() has filled it in
        return {
            "steps": request.steps,
            "guidance": request.guidance,
            "negative": request.negative,
            "sampler": request.sampler,
            "width": request.size_px[0],
            "height": request.size_px[1],
            **self._facts,
        }

    def list_notes(self, request: Request) -> list[str]:
        """Tell what a user should know before the picture is drawn; often nothing."""
        notes = []
        for what, text in (("prompt", request.prompt), ("negative prompt", request.negative)):
            if cut := find_cut_words(self._pipeline.tokenizer, text):
                notes.append(f"the {what} is too long for the base, not read: {_quote(cut)}")
        return notes

    def paint(self, request: Request, *, on_step: Callable[[int], None] | None = None) -> Painting:
        """Draw one picture and judge it."""
        assert request.size_px is not None  # fit() has filled it in
        began = time.perf_counter()
        draw = Draw(
            prompt=request.prompt,
            negative=request.negative,
            seed=request.seed,
            steps=request.steps,
            guidance=request.guidance,
            sampler=request.sampler,
            width_px=request.size_px[0],
            height_px=request.size_px[1],
        )
        pixels = draw_picture(self._pipeline, draw, on_step=on_step)
        image = to_image(pixels)
        verdict = self._judge(pixels, image)
        return Painting(image, verdict, time.perf_counter() - began)

    def _judge(self, pixels: NDArray[np.float32], image: Image.Image) -> Verdict:
        if breakage := find_breakage(pixels):
            return Verdict(BROKEN, (breakage,))
        if not self._check:
            return Verdict(UNCHECKED, ("the safety check was switched off",))
        checker, extractor = self._pipeline.safety_checker, self._pipeline.feature_extractor
        if checker is None or extractor is None:
            return Verdict(UNCHECKED, (f"the base {self._facts['base']} has no safety checker",))
        return judge_picture(image, checker, extractor)


def open_painter(settings: GenerateSettings) -> Painter:
    """Load the base with its adapters and its safety checker.

    Raises:
        DeviceError: the machine lacks the device or precision asked for.
        AdapterError: an adapter is missing, damaged, or does not fit the base.
        BaseModelError: there is no such base.
    """
    placement = choose_placement(settings.device, settings.precision)
    adapters = find_adapters(settings.lora)
    check = settings.safety != "off"
    pipeline = load_pipeline(settings.base, placement, safety=check)
    hashes = [attach_adapter(pipeline, a.weights, a.scale).sha256 for a in adapters]
    facts = {
        "base": settings.base,
        "base_hash": hash_base(resolve_base(settings.base)),
        **_describe_adapters(adapters, hashes),
        "device": placement.device,
        "dtype": placement.precision,
        "faithful": settings.faithful,
    }
    return Painter(pipeline, facts, check=check)


def describe_environment() -> dict[str, Any]:
    """Name what else the last bits of a picture depend on: versions, threads, processor."""
    return {
        **list_versions(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def to_image(pixels: NDArray[np.float32]) -> Image.Image:
    """Round a picture to 8 bits a channel as diffusers does; what is no number becomes black.

    Args:
        pixels: Shape (height, width, 3), 0 to 1.
    """
    finite = np.nan_to_num(pixels, nan=0.0, posinf=1.0, neginf=0.0)
    return Image.fromarray((finite * 255).round().astype(np.uint8))


def _quote(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= _QUOTED_LETTERS:
        return f"“{words}”"
    return f"“{words[:_QUOTED_LETTERS].rstrip()} …” ({len(words.split())} words)"


def _describe_adapters(adapters: list[Adapter], hashes: list[str]) -> dict[str, Any]:
    return {
        "lora": [adapter.path for adapter in adapters],
        "lora_scale": [adapter.scale for adapter in adapters],
        "lora_hash": hashes,
        "lora_hash_a1111": [hash_lora_for_a1111(adapter.weights) for adapter in adapters],
    }
