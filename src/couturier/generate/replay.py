"""Replay: a picture drawn again from its own metadata, and every difference named."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from couturier.errors import CouturierError, LooksError
from couturier.generate.faithful import Climb
from couturier.generate.metadata import Making, hash_pixels, read_making
from couturier.generate.painter import describe_environment, open_painter
from couturier.generate.plan import Request
from couturier.generate.records import QUARANTINE_FOLDER, REVIEW_FOLDER, find_original
from couturier.generate.settings import GenerateSettings
from couturier.runs import OnStep

_OPTIONAL = ("source", "strength", "only", "upscale")
_CHANGES_PIXELS = ("base_hash", "lora_hash", "device", "dtype", "source_pixels", "upscale_hash")


@dataclass(frozen=True)
class ReplayResult:
    """How a picture drawn again compares with the first drawing.

    Attributes:
        image: The picture's path.
        equal: True when every bit of the drawing is the same.
        differences: Whatever is not as it was, one plain sentence each: versions, weights,
            processor, the file's own pixels, the drawing.
        n_pixels_differing: Of the new drawing against the file's; None where the file no longer
            shows the drawing (a black tile without its original).
        max_difference: Largest difference in a channel, 0 to 255; None likewise.
    """

    image: str
    equal: bool
    differences: tuple[str, ...]
    n_pixels_differing: int | None
    max_difference: int | None


def replay_image(image: Path, *, on_step: OnStep | None = None) -> ReplayResult:
    """Draw a picture again from its metadata and compare bit by bit.

    Args:
        image: A PNG that `render_looks` wrote. A blocked one is compared with its original in
            `quarantine/`.
        on_step: Told denoising steps done, steps in all, and a note.

    Raises:
        LooksError: the file is no couturier picture.
        CouturierError: its base or an adapter is no longer there.
    """
    making = read_making(image)
    with _threads(making.environment.get("threads")):
        palette = making.settings.get("palette", {})
        mask = making.settings.get("mask")
        painter = open_painter(_to_settings(making, image), palette=palette, mask=mask)
        environment = describe_environment()
        again = painter.paint(
            _to_request(making),
            climb=_to_climb(making, image),
            on_step=lambda step: on_step(step, making.settings["steps"], "") if on_step else None,
        ).image
    differences = [
        *_compare(making.settings, painter.facts, _CHANGES_PIXELS),
        *_compare(making.environment, environment, sorted(environment)),
    ]
    stored = _open_drawing(image, making)
    equal = hash_pixels(again) == making.pixels
    n_differing, largest = _count(stored, again) if stored else (None, None)
    if stored and hash_pixels(stored) != making.pixels:
        differences += ["the file's pixels were changed after it was drawn"]
    if not equal:
        differences += [_tell_drawing(n_differing, largest)]
    return ReplayResult(str(image), equal, tuple(differences), n_differing, largest)


def _to_settings(making: Making, image: Path) -> GenerateSettings:
    known = making.settings
    try:
        pairs = zip(known["lora"], known["lora_scale"], strict=True)
        return GenerateSettings(
            base=known["base"],
            lora=tuple(f"{path}:{scale!r}" for path, scale in pairs),
            device=known["device"],
            precision=known["dtype"],
            faithful=known["faithful"],
            fast=known.get("fast", False),
            **{
                key: known[key] for key in ("source", "strength", "only", "upscale") if key in known
            },
            safety="off",
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise _unknown(image, fault) from fault


def _to_request(making: Making) -> Request:
    known = making.settings
    return Request(
        prompt=making.prompt,
        negative=known["negative"],
        seed=making.seed,
        steps=known["steps"],
        guidance=known["guidance"],
        sampler=known["sampler"],
        size_px=(known["width"], known["height"]),
    )


def _to_climb(making: Making, image: Path) -> Climb | None:
    try:
        return Climb.from_dict(making.faithful) if making.faithful else None
    except (KeyError, TypeError, ValueError) as fault:
        raise _unknown(image, fault) from fault


def _open_drawing(image: Path, making: Making) -> Image.Image | None:
    """Open what was drawn: the file itself, or for a black tile its original if still there."""
    path = image
    if image.parent.name not in (QUARANTINE_FOLDER, REVIEW_FOLDER):
        path = find_original(image.parent, image.name, making.safety.get("verdict"))
        if not path.is_file():
            return None
    with Image.open(path) as opened:
        return opened.convert("RGB")


def _compare(then: Mapping[str, Any], now: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if then.get(key) != now.get(key):
            yield f"{key}: {_short(then.get(key))} then, {_short(now.get(key))} now"


def _tell_drawing(n_differing: int | None, largest: int | None) -> str:
    if n_differing is None:
        return "the drawing is another one; its original is no longer there to count by how much"
    return f"the drawing is another one: {n_differing:,} pixels differ, by up to {largest} of 255"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    text = str(value)
    return text[:12] if len(text) == 64 else text


def _count(first: Image.Image, second: Image.Image) -> tuple[int, int]:
    """Count pixels that differ, and find the largest difference in a channel."""
    if first.size != second.size:
        return max(first.width * first.height, second.width * second.height), 255
    gap = np.abs(np.asarray(first, np.int16) - np.asarray(second.convert("RGB"), np.int16))
    return int(np.count_nonzero(gap.max(axis=2))), int(gap.max())


@contextmanager
def _threads(wanted: Any) -> Iterator[None]:
    """Compute with as many threads as then: sums are split otherwise, and round otherwise."""
    before = torch.get_num_threads()
    if isinstance(wanted, int) and 0 < wanted <= 1024:
        torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _unknown(image: Path, fault: Exception) -> CouturierError:
    return LooksError(
        f"{image}: its metadata lacks what drawing needs ({fault})",
        fix="use the couturier version that drew it",
    )
