"""Measure mini: every figure with its 95 % interval, on rows and prompts it never saw.

python -m tools.mini.measure --photos ../shared/fashion-products --work build/mini
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from couturier.vision.segmenter import GarmentSegmenter, load_segmenter, segment
from tools.mini.autoencoder import measure_psnr
from tools.mini.classifier import (
    KINDS,
    KindClassifier,
    classify,
    gather_pictures,
    load_classifier,
    train_classifier,
)
from tools.mini.figures import Figure, count_figure, format_table
from tools.mini.kinds import CLASSES
from tools.mini.palette import CORE_NAMES, name_core
from tools.mini.photos import Pixels, read_products, read_squares
from tools.mini.segment import measure_iou
from tools.mini.towers import measure_retrieval

WEIGHTS = Path("src/couturier/mini/weights")

# The words of the prompts and the segmenter class each must be found as.
KIND_WORDS = {
    "t-shirt": "t-shirt", "shirt": "shirt", "sweater": "sweater", "jacket": "jacket",
    "dress": "dress", "skirt": "skirt", "trousers": "trousers", "shorts": "shorts",
    "shoe": "shoes", "handbag": "bag", "hat": "hat", "scarf": "scarf",
}  # fmt: skip
# Kinds that real photographs do not tell apart reliably count as one for the classifier.
ALIKE = ({"t-shirt", "shirt", "top", "sweater"}, {"shoes", "heels", "sandals"}, {"bag", "wallet"})
TOPS = ("t-shirt", "shirt", "sweater", "jacket")
REST = ("trousers", "shorts", "skirt", "shoe", "handbag", "hat")


def draw(
    pipeline: StableDiffusionPipeline, prompts: list[str], *, seed: int, guidance: float, steps: int
) -> Pixels:
    """Draw one picture a prompt; each has a seed of its own."""
    made = []
    for start in range(0, len(prompts), 12):
        chunk = prompts[start : start + 12]
        generators = [
            torch.Generator().manual_seed(seed * 100_003 + start + i) for i in range(len(chunk))
        ]
        out = pipeline(
            chunk, num_inference_steps=steps, guidance_scale=guidance, generator=generators,
            output_type="np",
        )  # fmt: skip
        made.append((out.images * 255).round().astype(np.uint8))
    return np.concatenate(made)


def see_colour(picture: Pixels, labels: np.ndarray, kind: str) -> str | None:
    """Name the core colour of a kind's pixels without their rim; None where there are none."""
    mask = labels == CLASSES.index(kind)
    inner = ndimage.binary_erosion(mask)
    mask = inner if inner.sum() > 30 else mask
    if mask.sum() < 30:
        return None
    return name_core(np.median(rgb2lab(picture[mask][None])[0], 0))


def find_shown(picture: Pixels) -> np.ndarray:
    """Find what stands off the white ground."""
    lab = rgb2lab(picture)
    away = np.sqrt(((lab - np.array([99.0, 0, 0])) ** 2).sum(-1)) > 8
    return np.asarray(ndimage.binary_erosion(ndimage.binary_fill_holes(away)))


def label(segmenter: GarmentSegmenter, pictures: Pixels) -> list[np.ndarray]:
    """Label pictures with the segmenter."""
    return [labels for labels, _ in segment(segmenter, [Image.fromarray(p) for p in pictures])]


def measure_singles(
    pipeline: StableDiffusionPipeline, segmenter: GarmentSegmenter, arguments: argparse.Namespace
) -> list[Figure]:
    """Draw 12 colours x 12 kinds x seeds: is the colour right, is the kind right."""
    cases = [(colour, word) for word in KIND_WORDS for colour in CORE_NAMES]
    prompts = [f"{colour} {word}" for colour, word in cases]
    right = total = found = 0
    named: dict[str, int] = {"all": 0, "alike": 0, "asked": 0}
    judge = load_classifier(arguments.work) if arguments.classifier_steps else None
    for seed in range(arguments.seeds):
        pictures = draw(
            pipeline, prompts, seed=arguments.seed + seed, guidance=arguments.guidance,
            steps=arguments.steps,
        )  # fmt: skip
        _save_sheet(pictures, arguments.work / "sheets" / f"singles-{seed}.png", columns=12)
        if judge:
            _count_kinds(named, judge, pictures, [KIND_WORDS[word] for _, word in cases])
        for (colour, word), picture, labels in zip(
            cases, pictures, label(segmenter, pictures), strict=True
        ):
            asked = KIND_WORDS[word]
            total += 1
            seen = see_colour(picture, labels, asked)
            found += seen is not None
            if seen is None:  # the segmenter calls it another kind: take all that is no ground
                shown = find_shown(picture)
                if shown.sum() > 30:
                    seen = name_core(np.median(rgb2lab(picture[shown][None])[0], 0))
            right += seen == colour
    figures = [
        count_figure("one garment: colour right", right, total, wanted=">= 95 %"),
        count_figure("one garment: found by the segmenter", found, total),
    ]
    if judge is None:
        return figures
    return [
        *figures,
        count_figure(
            "one garment: kind right, among all 21", named["all"], total, wanted=">= 90 %"
        ),
        count_figure("the same, among the 12 asked for", named["asked"], total),
        count_figure("the same, among all 21, near kinds as one", named["alike"], total),
    ]


def _count_kinds(
    named: dict[str, int], judge: KindClassifier, pictures: Pixels, asked: list[str]
) -> None:
    """Count what the classifier names rightly: among all kinds, and among those asked for."""
    for kind, wanted in zip(classify(judge, pictures), asked, strict=True):
        named["all"] += kind == wanted
        named["alike"] += kind == wanted or any({kind, wanted} <= group for group in ALIKE)
    among = tuple(KIND_WORDS.values())
    named["asked"] += sum(
        kind == wanted
        for kind, wanted in zip(classify(judge, pictures, among=among), asked, strict=True)
    )


def measure_binding(
    pipeline: StableDiffusionPipeline, segmenter: GarmentSegmenter, arguments: argparse.Namespace
) -> list[Figure]:
    """Draw 100 prompts of three garments in three colours: is every colour on its garment."""
    rng = np.random.default_rng(arguments.seed + 77)
    cases = []
    for _ in range(arguments.boards):
        top = str(rng.choice(TOPS))
        words = [top, *(str(w) for w in rng.choice(REST, 2, replace=False))]
        colours = [str(c) for c in rng.choice(CORE_NAMES, 3, replace=False)]
        order = rng.permutation(3)
        cases.append([(colours[i], words[i]) for i in order])
    prompts = [", ".join(f"{colour} {word}" for colour, word in case) for case in cases]
    pictures = draw(
        pipeline, prompts, seed=arguments.seed + 1, guidance=arguments.guidance,
        steps=arguments.steps,
    )  # fmt: skip
    _save_sheet(pictures, arguments.work / "sheets" / "boards.png", columns=10)
    every = single = there = 0
    for case, picture, labels in zip(cases, pictures, label(segmenter, pictures), strict=True):
        seen = [see_colour(picture, labels, KIND_WORDS[word]) for _, word in case]
        hits = [got == colour for got, (colour, _) in zip(seen, case, strict=True)]
        every += all(hits)
        single += sum(hits)
        there += sum(got is not None for got in seen)
    return [
        count_figure(
            "three garments: every colour on its garment", every, len(cases), wanted=">= 60 %"
        ),
        count_figure("three garments: garments right, each", single, 3 * len(cases)),
        count_figure("three garments: garments found, each", there, 3 * len(cases)),
    ]


def measure_seconds(pipeline: StableDiffusionPipeline) -> Figure:
    """Time one picture, 20 steps with guidance, on this machine's processor."""
    times = []
    for seed in range(6):
        start = time.monotonic()
        pipeline(
            "red t-shirt", num_inference_steps=20, generator=torch.Generator().manual_seed(seed)
        )
        times.append(time.monotonic() - start)
    ordered = sorted(times[1:])
    return Figure(
        "one picture, 20 steps, seconds", ordered[2], ordered[0], ordered[-1], 5, "<= 3 s"
    )


def measure_parts(arguments: argparse.Namespace) -> list[Figure]:
    """Measure autoencoder, segmenter and towers on held-out rows."""
    photos, work = arguments.photos, arguments.work
    products = read_products(photos)
    squares = read_squares(photos, products, work=work, name="squares")
    held = np.array([i for i, p in enumerate(products) if p.held_out])
    vae = AutoencoderKL.from_pretrained(arguments.folder / "vae")
    psnr = measure_psnr(vae, squares[held])
    half = 1.96 * psnr.std() / math.sqrt(len(psnr))
    iou = measure_iou(work)
    common = [value for name, (value, n) in iou.items() if n >= 50 and name not in CLASSES[:2]]
    spread = 1.96 * float(np.std(common)) / math.sqrt(len(common))
    mean = float(np.mean(common))
    print(json.dumps({k: (round(v, 3), n) for k, (v, n) in iou.items()}), file=sys.stderr)
    return [
        Figure(
            "autoencoder, held-out photographs, PSNR dB",
            float(psnr.mean()),
            float(psnr.mean() - half),
            float(psnr.mean() + half),
            len(psnr),
            ">= 28 dB",
        ),
        Figure(
            "segmenter, held-out boards, mean IoU",
            mean,
            mean - spread,
            mean + spread,
            len(common),
            ">= 0.75",
        ),
        count_figure("right caption among 100", *measure_retrieval(photos, work), wanted=">= 60 %"),
    ]


def measure_judge(arguments: argparse.Namespace) -> list[Figure]:
    """Measure the judging classifier itself on held-out photographs."""
    judge = load_classifier(arguments.work)
    pixels, kinds = gather_pictures(arguments.photos, arguments.work, held_out=True)
    names = np.array([KINDS[kind] for kind in kinds])
    among = tuple(KIND_WORDS.values())
    asked = np.isin(names, among)
    right = np.array(classify(judge, pixels)) == names
    right_asked = np.array(classify(judge, pixels[asked], among=among)) == names[asked]
    return [
        count_figure("the classifier itself, among all 21", int(right.sum()), len(right)),
        count_figure(
            "the classifier itself, among the 12", int(right_asked.sum()), len(right_asked)
        ),
    ]


def _save_sheet(pictures: Pixels, path: Path, *, columns: int) -> None:
    rows = [
        np.concatenate(list(pictures[i : i + columns]), 1)
        for i in range(0, len(pictures) // columns * columns, columns)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows, 0)).save(path)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tools.mini.measure")
    parser.add_argument("--photos", type=Path, default=Path("../shared/fashion-products"))
    parser.add_argument("--work", type=Path, default=Path("build/mini"))
    parser.add_argument("--folder", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=Path("docs/mini-figures.json"))
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--boards", type=int, default=100)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument(
        "--classifier-steps", type=int, default=3000, help="0: leave out who names the kinds"
    )
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*negative Z values.*")
    if arguments.classifier_steps:
        train_classifier(
            arguments.photos,
            arguments.work,
            steps=arguments.classifier_steps,
            on_step=lambda a, b, what: print(f"classifier {a}/{b} {what}", file=sys.stderr),
        )
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.folder, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    segmenter = load_segmenter(arguments.folder / "segmenter")
    figures = measure_parts(arguments)
    figures += measure_singles(pipeline, segmenter, arguments)
    figures += measure_binding(pipeline, segmenter, arguments)
    if arguments.classifier_steps:
        figures += measure_judge(arguments)
    figures.append(measure_seconds(pipeline))
    record = {
        "format": 1,
        "seed": arguments.seed,
        "steps": arguments.steps,
        "guidance": arguments.guidance,
        "figures": [asdict(f) for f in figures],
    }
    beside = arguments.out.with_suffix(".partial")
    beside.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    beside.replace(arguments.out)
    print(format_table(figures))


if __name__ == "__main__":
    main()
