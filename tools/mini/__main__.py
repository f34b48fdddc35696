"""Command line of the recipe: `python -m tools.mini PART --photos DIR --work DIR --preset cpu`."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.mini.adopt import adopt_weights
from tools.mini.assemble import assemble
from tools.mini.autoencoder import train_autoencoder
from tools.mini.denoiser import cache_latents, train_unet
from tools.mini.judge import train_judge
from tools.mini.render import read_scenes, render_scenes
from tools.mini.segment import train_segmenter
from tools.mini.towers import train_towers
from tools.mini.vision import train_vision
from tools.mini.words import train_tokenizer

PACKAGED = Path("src/couturier/mini/weights")


@dataclass(frozen=True)
class Preset:
    """How much of everything: steps of each part, and scenes rendered."""

    scenes: int
    autoencoder_steps: int
    towers_steps: int
    vision_steps: int
    segmenter_steps: int
    unet_steps: int


# The first is near what the packaged weights had, in three sittings on 2 cores that others used too
# (autoencoder 1,338 steps, segmenter 10,200); any part can go on with more `--steps`. The second is
# for an accelerator, in runs of ten minutes; it was not tried yet.
PRESETS = {
    "cpu": Preset(
        scenes=24000,
        autoencoder_steps=1650,
        towers_steps=330,
        vision_steps=4600,
        segmenter_steps=5500,
        unet_steps=12400,
    ),
    "gpu": Preset(
        scenes=60000,
        autoencoder_steps=20000,
        towers_steps=8000,
        vision_steps=8000,
        segmenter_steps=8000,
        unet_steps=60000,
    ),
}


def main() -> None:
    """Run one part, or all that are not finished, in order."""
    arguments = _parse()
    warnings.filterwarnings("ignore", message=".*negative Z values.*")
    preset = PRESETS[arguments.preset]
    photos, work = arguments.photos, arguments.work
    on_step = _show(time.monotonic())
    if arguments.part == "adopt":
        print(adopt_weights(arguments.out, work))
        return
    if arguments.part == "judge":
        render_scenes(photos, work, count=preset.scenes // 2, split="judge", on_step=on_step)
        train_judge(work, steps=arguments.steps or preset.segmenter_steps, on_step=on_step)
        return
    parts: dict[str, Callable[[], object]] = {
        "scenes": lambda: _render(photos, work, preset.scenes, on_step),
        "tokenizer": lambda: _make_tokenizer(work),
        "autoencoder": lambda: train_autoencoder(
            photos, work, steps=arguments.steps or preset.autoencoder_steps, on_step=on_step
        ),
        "towers": lambda: train_towers(
            photos, work, steps=arguments.steps or preset.towers_steps, on_step=on_step
        ),
        "segmenter": lambda: train_segmenter(
            work, steps=arguments.steps or preset.segmenter_steps, on_step=on_step
        ),
        "latents": lambda: cache_latents(work, on_step=on_step),
        "unet": lambda: train_unet(
            work, steps=arguments.steps or preset.unet_steps, on_step=on_step
        ),
        "vision": lambda: train_vision(
            photos, work, steps=arguments.steps or preset.vision_steps, on_step=on_step
        ),
        "assemble": lambda: print(assemble(work, arguments.out)),
    }
    for name in parts if arguments.part == "all" else [arguments.part]:
        print(f"== {name}", file=sys.stderr, flush=True)
        parts[name]()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mini", description=__doc__)
    parser.add_argument(
        "part",
        choices=(
            "all", "adopt", "judge", "scenes", "tokenizer", "autoencoder", "towers",
            "segmenter", "latents", "unet", "vision", "assemble",
        ),
    )  # fmt: skip
    parser.add_argument("--photos", type=Path, default=Path("../shared/fashion-products"))
    parser.add_argument("--work", type=Path, default=Path("build/mini"))
    parser.add_argument("--preset", choices=sorted(PRESETS), default="cpu")
    parser.add_argument("--steps", type=int, help="instead of the preset's, for one part")
    parser.add_argument(
        "--out", type=Path, default=PACKAGED, help="where `assemble` writes and `adopt` reads"
    )
    return parser.parse_args()


def _show(start: float) -> Callable[[int, int, str], None]:
    """Print progress, one line a report."""

    def show(step: int, steps: int, what: str) -> None:
        seconds = time.monotonic() - start
        print(f"{seconds:6.0f} s  {step}/{steps}  {what}", file=sys.stderr, flush=True)

    return show


def _render(photos: Path, work: Path, count: int, on_step: Callable[[int, int, str], None]) -> None:
    render_scenes(photos, work, count=1000, split="check", on_step=on_step)
    render_scenes(photos, work, count=count, split="train", on_step=on_step)


def _make_tokenizer(work: Path) -> None:
    """Train the tokenizer unless it is there: later parts depend on its very numbers."""
    if not (work / "tokenizer").exists():
        train_tokenizer(read_scenes(work, "check").notes).save_pretrained(work / "tokenizer")


if __name__ == "__main__":
    main()
