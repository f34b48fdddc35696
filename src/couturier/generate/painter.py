"""The painter: a base with its adapters and its safety checker, ready to draw."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from couturier.diffusion.adapters.attach import attach_adapter
from couturier.diffusion.bases import resolve_base
from couturier.diffusion.beginning import Beginning
from couturier.diffusion.collage import begin_again_inside, begin_with_collage
from couturier.diffusion.device import choose_placement
from couturier.diffusion.guidance import Guide
from couturier.diffusion.hashes import hash_base
from couturier.diffusion.layout import Box
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.rework import Source, rework_picture
from couturier.diffusion.sampling import Draw, DroppedError, Peek, draw_picture, find_native_size
from couturier.diffusion.shortcut import Shortcut
from couturier.diffusion.text import count_chunks
from couturier.garments.grammar import find_garments
from couturier.garments.palette import read_palette, use_palette
from couturier.generate.faithful import Climb, Ladder, Placing, Start, to_picture
from couturier.generate.metadata import hash_lora_for_a1111
from couturier.generate.opinions import PROFILES, SecondChecker, load_second, settle
from couturier.generate.outfit import pick, plan_collage
from couturier.generate.plan import Adapter, Request, find_adapters
from couturier.generate.records import BLOCK, REVIEW
from couturier.generate.safety import (
    BROKEN,
    UNCHECKED,
    Verdict,
    find_breakage,
    find_damage,
    judge_picture,
    require_checker,
)
from couturier.generate.settings import GenerateSettings
from couturier.generate.source import describe_source, open_source
from couturier.generate.upscale import Upscaler, load_upscaler
from couturier.generate.words import find_word_groups
from couturier.runs import list_versions
from couturier.seeds import derive_seed
from couturier.vision.receipts import find_sightings
from couturier.vision.segmenter import GarmentSegmenter, load_own_segmenter


@dataclass(frozen=True)
class Painting:
    """A picture drawn and judged, not yet on disk.

    Attributes:
        image: As drawn, nothing blacked out.
        verdict: What is to be done with it.
        seconds: What drawing and judging took.
        climb: What was decided on the way; None where nothing was.
        seed: The request's, or the new one taken in its place.
        refused: Drawings of the same request that must not be shown and were replaced by a new
            seed's.
    """

    image: Image.Image
    verdict: Verdict
    seconds: float
    climb: Climb | None = None
    seed: int = 0
    refused: "tuple[Painting, ...]" = ()


class Painter:
    """Draws requests with one loaded base; the same request gives the same bits."""

    def __init__(
        self,
        pipeline: Any,
        facts: dict[str, Any],
        *,
        settings: GenerateSettings,
        segmenter: GarmentSegmenter | None = None,
        second: SecondChecker | None = None,
        source: Source | None = None,
        upscaler: Upscaler | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._upscaler = upscaler
        self._settings = settings
        self._segmenter = segmenter
        self._second = second
        self._source = source
        self._facts = facts
        self._faithful: str = facts["faithful"]

    @property
    def facts(self) -> dict[str, Any]:
        """Give what is the same for all its pictures: base, adapters, device, number format."""
        return dict(self._facts)

    def fit(self, request: Request) -> Request:
        """Fill in the size: the source's, else that the base was made for where none is asked."""
        if self._source:
            return replace(request, size_px=self._source.image.size)
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
            n_chunks = count_chunks(self._pipeline.tokenizer, text)
            if n_chunks > 1:
                notes.append(f"the {what} is long: read in {n_chunks} parts of 75 tokens")
        return notes

    def paint(
        self,
        request: Request,
        *,
        climb: Climb | None = None,
        on_step: Callable[[int], None] | None = None,
    ) -> Painting:
        """Draw one picture and judge it; a refused one is tried again with new seeds.

        Args:
            request: What to draw.
            climb: What was decided when it was first drawn; nothing is decided anew then.
            on_step: Told the steps done.

        Returns:
            The first picture that may be shown; where there is none, that of the request's seed.
        """
        refused: list[Painting] = []
        for number in range(1 if climb else self._settings.reseeds + 1):
            seed = derive_seed(request.seed, "safety", number) if number else request.seed
            painting = self._paint_once(replace(request, seed=seed), climb, on_step)
            if painting.verdict.verdict not in (BLOCK, REVIEW):
                break
            refused.append(painting)
        else:
            painting, refused = refused[0], refused[1:]
        if painting.climb is None and painting.seed != request.seed:
            guided = self._faithful == "guide"
            painting = replace(painting, climb=Climb(Start(painting.seed, guided=guided)))
        return replace(painting, refused=tuple(refused))

    def _paint_once(
        self, request: Request, climb: Climb | None, on_step: Callable[[int], None] | None
    ) -> Painting:
        began = time.perf_counter()
        easel = _Easel(self._pipeline, request, on_step, self._settings.fast, self._source)
        asked = [garment for garment in find_garments(request.prompt) if garment.colour]
        if climb is None and self._faithful == "verify" and asked:
            pixels, climb = self._climb(easel, request)
        else:
            guided = self._faithful == "guide"
            start = climb.start if climb else Start(request.seed, guided=guided)
            drawn = easel.draw(start, look_after=1.0, look=None)
            assert drawn is not None  # nobody looks, nobody drops
            pixels = drawn
            for placing in climb.placed if climb else ():
                placed = easel.place(pixels, placing)
                assert placed is not None  # it was, when it was first drawn
                pixels = placed
        image = to_picture(pixels)
        for change in climb.changes if climb else ():
            image = change.apply(image)
        verdict = self._judge(pixels, image)
        if self._upscaler and verdict.verdict != BROKEN:
            image = self._upscaler.enlarge(image)
        return Painting(image, verdict, time.perf_counter() - began, climb, request.seed)

    def _climb(self, easel: "_Easel", request: Request) -> tuple[NDArray[np.float32], Climb]:
        garments = find_garments(request.prompt)
        ladder = Ladder(
            garments,
            easel,
            lambda image: find_sightings(image, garments, self._segmenter),
            n_starts=self._settings.starts,
            budget_s=self._settings.budget,
        )
        return ladder.climb(request.seed)

    def _judge(self, pixels: NDArray[np.float32], image: Image.Image) -> Verdict:
        if breakage := find_breakage(pixels):
            damage = find_damage(self._pipeline)
            return Verdict(BROKEN, (breakage, damage) if damage else (breakage,))
        if self._settings.safety == "off":
            return Verdict(UNCHECKED, ("the safety check was switched off",))
        checker, extractor = self._pipeline.safety_checker, self._pipeline.feature_extractor
        first = Verdict(UNCHECKED, (f"the base {self._facts['base']} has no safety checker",))
        if checker is not None and extractor is not None:
            first = judge_picture(image, checker, extractor)
        profile = PROFILES[self._settings.safety]
        return settle(first, image, profile=profile, second=self._second)


def open_painter(
    settings: GenerateSettings,
    *,
    palette: Mapping[str, str] | None = None,
    mask: dict[str, Any] | None = None,
) -> Painter:
    """Load the base with its adapters and its safety checker.

    Args:
        settings: For all pictures.
        palette: A brand's colours; None for those of the settings' file.
        mask: Of the source, as recorded; None to look for the garment of `only`.

    Raises:
        DeviceError: the machine lacks the device or precision asked for.
        AdapterError: an adapter is missing, damaged, or does not fit the base.
        BaseModelError: there is no such base.
        MissingExtraError, SettingsError: the upscaling model cannot be loaded.
    """
    if palette is None:
        palette = read_palette(settings.palette) if settings.palette else {}
    use_palette(palette)
    source = open_source(settings, mask)
    placement = choose_placement(settings.device, settings.precision)
    upscaler = load_upscaler(settings.upscale, placement.device) if settings.upscale else None
    adapters = find_adapters(settings.lora)
    check = settings.safety != "off"
    if check:
        require_checker(resolve_base(settings.base))
    pipeline = load_pipeline(settings.base, placement, safety=check)
    hashes = [attach_adapter(pipeline, a.weights, a.scale).sha256 for a in adapters]
    facts = {
        "base": settings.base,
        "base_hash": hash_base(resolve_base(settings.base)),
        **_describe_adapters(adapters, hashes),
        "device": placement.device,
        "dtype": placement.precision,
        "faithful": "off" if source else settings.faithful,
        "fast": settings.fast and not source,
        **describe_source(settings, source),
        **({"palette": dict(palette)} if palette else {}),
        **(upscaler.facts if upscaler else {}),
    }
    segmenter = load_own_segmenter() if settings.faithful == "verify" else None
    second = load_second(settings.second_opinion) if check else None
    return Painter(
        pipeline,
        facts,
        settings=settings,
        segmenter=segmenter,
        second=second,
        source=source,
        upscaler=upscaler,
    )


def describe_environment() -> dict[str, Any]:
    """Name what else the last bits of a picture depend on: versions, threads, processor."""
    return {
        **list_versions(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


class _Easel:
    """One request being drawn, in as many starts as it takes."""

    def __init__(
        self,
        pipeline: Any,
        request: Request,
        on_step: Callable[[int], None] | None,
        fast: bool,
        source: Source | None,
    ) -> None:
        self._source = source
        self._pipeline = pipeline
        self._shortcut = Shortcut() if fast else None
        self._request = request
        self._on_step = on_step
        self._guide: Guide | None = None
        self._collage = plan_collage(request.prompt)

    def draw(
        self, start: Start, *, look_after: float, look: Callable[[Image.Image], bool] | None
    ) -> NDArray[np.float32] | None:
        """Draw a start; None where `look` gave it up."""
        draw = self._write_draw(start.seed)
        if self._source:
            return rework_picture(self._pipeline, draw, self._source, on_step=self._on_step)
        guide = beginning = None
        if start.guided:
            beginning = self._begin(draw)
            guide = None if beginning else self._find_guide()
        first = beginning.count_skipped(draw.steps) if beginning else 0
        peek = None
        if look:
            after = first + max(round((draw.steps - first) * look_after), 1)
            peek = Peek(after, lambda pixels: look(to_picture(pixels)))
        try:
            return draw_picture(
                self._pipeline,
                draw,
                guide=guide,
                shortcut=self._shortcut,
                beginning=beginning,
                peek=peek,
                on_step=self._on_step,
            )
        except DroppedError:
            return None

    def place(self, pixels: NDArray[np.float32], placing: Placing) -> NDArray[np.float32] | None:
        """Draw garments alone into their places in a finished picture; None where it cannot be."""
        if self._collage is None or self._source:
            return None
        draw, collage = self._write_draw(placing.seed), pick(self._collage, placing.garments)
        beginning = begin_again_inside(self._pipeline, draw, collage, pixels)
        if beginning is None:
            return None
        made = draw_picture(self._pipeline, draw, shortcut=self._shortcut, beginning=beginning)
        assert beginning.inside is not None
        cell_px = self._pipeline.vae_scale_factor
        inside = beginning.inside.numpy().astype(bool).repeat(cell_px, 0).repeat(cell_px, 1)
        return np.where(inside[..., None], made, pixels)

    def find_places(self) -> tuple[Box, ...]:
        """Give each garment's place as shares of the picture; () where they have none."""
        return self._collage.boxes if self._collage else ()

    def _begin(self, draw: Draw) -> Beginning | None:
        return begin_with_collage(self._pipeline, draw, self._collage) if self._collage else None

    def _write_draw(self, seed: int) -> Draw:
        request = self._request
        assert request.size_px is not None  # Painter.fit has filled it in
        return Draw(
            prompt=request.prompt,
            negative=request.negative,
            seed=seed,
            steps=request.steps,
            guidance=request.guidance,
            sampler=request.sampler,
            width_px=request.size_px[0],
            height_px=request.size_px[1],
        )

    def _find_guide(self) -> Guide | None:
        if self._guide is None:
            groups = find_word_groups(self._pipeline, self._request.prompt)
            self._guide = Guide(groups) if groups else None
        return self._guide


def _describe_adapters(adapters: list[Adapter], hashes: list[str]) -> dict[str, Any]:
    return {
        "lora": [adapter.path for adapter in adapters],
        "lora_scale": [adapter.scale for adapter in adapters],
        "lora_hash": hashes,
        "lora_hash_a1111": [hash_lora_for_a1111(adapter.weights) for adapter in adapters],
    }
