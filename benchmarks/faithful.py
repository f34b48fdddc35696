"""Measure faithful drawing on mini: garments x off/guide/verify, every colour right, time ratios.

    python -m benchmarks.faithful --out build/faithful --pictures 100
    python -m benchmarks.faithful --out build/faithful --part 1/2 &   # or in two processes
    python -m benchmarks.faithful --out build/faithful --part 2/2
    python -m benchmarks.faithful --out build/faithful --pictures 0   # count anew, draw nothing

Prompts and seeds are drawn from names of their own, so training has never seen them. The judge
`second` (tools/mini/judge.py) is never asked while drawing; `packaged` is the segmenter that
`verify` itself asks, and the table says so. Goes on where it was stopped: every picture's
line is in OUT/lines*.jsonl, and a line is drawn once. Times are CPU seconds of this process; the
three modes take turns, so that other programs slow them alike. How often each judge errs on
boards with known truth, `python -m benchmarks.colour_boards --judge second` tells.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from couturier.evaluate.statistics import measure_rate
from couturier.garments.grammar import find_garments
from couturier.garments.records import Garment
from couturier.generate.painter import Painter, open_painter
from couturier.generate.plan import plan_pictures
from couturier.generate.prompts import PromptRow
from couturier.generate.settings import GenerateSettings
from couturier.seeds import derive_seed
from couturier.vision.masks import LabelledPicture, settle_labels
from couturier.vision.receipts import judge_labelled, list_classes, read_receipt
from couturier.vision.records import RIGHT, GarmentReceipt
from couturier.vision.segmenter import load_own_segmenter
from tools.mini.judge import judge_labels, load_judge
from tools.mini.kinds import CLASSES

Ask = Callable[[Image.Image, Sequence[Garment]], Sequence[GarmentReceipt]]

MODES = ("off", "guide", "verify")
COLOURS = (
    "black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink",
    "brown", "beige", "navy", "teal",
)  # fmt: skip
TOPS = ("t-shirt", "shirt", "sweater", "jacket", "dress")
BOTTOMS = ("skirt", "trousers", "shorts")
OTHERS = ("shoes", "handbag", "hat", "scarf")
FRAMES = ("{}", "a look with {}", "{} on white", "outfit: {}", "product photo of {}")


def main() -> None:
    """Draw what is missing and print the table."""
    options = _read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    part, n_parts = (int(number) for number in options.part.split("/"))
    lines = options.out / ("lines.jsonl" if n_parts == 1 else f"lines-{part}of{n_parts}.jsonl")
    known = _read_lines(options.out)
    judge, name = open_judge(options.judge)
    todo = [
        (mode, count, number)
        for number in range(options.pictures)  # rows grow evenly, so that a stop costs none
        for count in options.garments
        for mode in options.modes
        if number % n_parts == part - 1
        if (mode, count, number) not in known
    ]
    painters: dict[str, Painter] = {}
    for mode, count, number in todo:
        painter = painters.setdefault(mode, _open(mode, options))
        row = _draw_one(painter, count, number, out=options.out, mode=mode)
        with lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    rows = list(_read_lines(options.out).values())
    print(_format_table([_judge_row(row, judge, options.out) for row in rows], name))


def write_prompt(count: int, number: int) -> tuple[str, int]:
    """Write a prompt of so many garments, each of its own colour, and its seed."""
    draws = np.random.default_rng(derive_seed("benchmarks.faithful", count, number))
    kinds = [str(draws.choice(TOPS))]
    if count == 1:
        kinds = [str(draws.choice((*TOPS, *BOTTOMS, *OTHERS)))]
    elif count > 2 or draws.random() < 0.6:
        kinds.append(str(draws.choice(BOTTOMS)))
    kinds += [str(k) for k in draws.choice(OTHERS, count - len(kinds), replace=False)]
    colours = draws.choice(COLOURS, count, replace=False)
    pairs = [f"{colour} {kind}" for colour, kind in zip(colours, kinds, strict=True)]
    listed = ", ".join(pairs[i] for i in draws.permutation(count))
    frame = str(draws.choice(FRAMES))
    return frame.format(listed), derive_seed("benchmarks.faithful", "seed", count, number)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=100, help="a row")
    parser.add_argument("--garments", type=int, nargs="+", default=[1, 2, 3, 5])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--judge", choices=("second", "packaged"), default="second")
    parser.add_argument("--part", default="1/1", help="K/N: only every N-th picture, from K")
    parser.add_argument("--guidance", type=float, default=5.0)
    return parser.parse_args()


def _open(mode: str, options: argparse.Namespace) -> Painter:
    return open_painter(
        GenerateSettings(
            base="mini", faithful=mode, guidance=options.guidance, safety="off", receipts=False
        )
    )


def _draw_one(painter: Painter, count: int, number: int, *, out: Path, mode: str) -> dict[str, Any]:
    prompt, seed = write_prompt(count, number)
    settings = painter._settings.model_copy(update={"seed": seed})
    (request,) = plan_pictures([PromptRow(prompt)], settings)
    began_s = time.process_time()
    painting = painter.paint(painter.fit(request))
    seconds = time.process_time() - began_s
    file = f"{count}-{number:04d}-{mode}.png"
    painting.image.save(out / file)
    rungs = list(painting.climb.rungs) if painting.climb else []
    return {
        "mode": mode, "garments": count, "number": number, "prompt": prompt, "seed": seed,
        "file": file, "seconds": round(seconds, 3), "rungs": rungs,
    }  # fmt: skip


def _judge_row(row: dict[str, Any], judge: Ask, out: Path) -> dict[str, Any]:
    with Image.open(out / row["file"]) as image:
        receipt = judge(image.convert("RGB"), find_garments(row["prompt"]))
    right = [entry.verdict == RIGHT for entry in receipt]
    return {**row, "all": all(right), "each": sum(right), "asked": len(right)}


def _format_table(rows: list[dict[str, Any]], judge: str) -> str:
    groups: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["garments"], row["mode"]].append(row)
    lines = [
        f"judge: {judge}",
        "| garments | mode | n | every colour right | 95 % interval | each garment | CPU s |"
        " against off | rungs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (count, mode), group in sorted(groups.items()):
        rate = measure_rate(sum(row["all"] for row in group), len(group))
        each = sum(row["each"] for row in group) / sum(row["asked"] for row in group)
        seconds = float(np.mean([row["seconds"] for row in group]))
        plain = [row["seconds"] for row in groups.get((count, "off"), [])]
        ratio = f"{seconds / float(np.mean(plain)):.2f}x" if plain else ""
        rungs: dict[str, int] = defaultdict(int)
        for row in group:
            for rung in row["rungs"]:
                rungs[rung] += 1
        told = ", ".join(f"{name} {n}" for name, n in sorted(rungs.items()))
        lines.append(
            f"| {count} | {mode} | {len(group)} | {rate.right / rate.n:.1%} | {rate.low:.1%} to "
            f"{rate.high:.1%} | {each:.1%} | {seconds:.2f} | {ratio} | {told} |"
        )
    return "\n".join(lines)


def _read_lines(folder: Path) -> dict[tuple[str, int, int], dict[str, Any]]:
    rows = [
        json.loads(line)
        for path in sorted(folder.glob("lines*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if line
    ]
    return {(row["mode"], row["garments"], row["number"]): row for row in rows}


def open_judge(name: str) -> tuple[Ask, str]:
    """Open who counts; also what the table says of it."""
    if name == "packaged":
        segmenter = load_own_segmenter()
        return (
            lambda image, garments: read_receipt(image, garments, segmenter),
            "the packaged segmenter, which verify asks too",
        )
    model = load_judge()
    return (
        lambda image, garments: _ask_second(model, image, garments),
        "the second judge of tools/mini, which drawing never asks",
    )


def _ask_second(
    model: Any, image: Image.Image, garments: Sequence[Garment]
) -> tuple[GarmentReceipt, ...]:
    small = image.resize((128, 128), Image.Resampling.BOX)
    pixels = np.asarray(small)
    picture = LabelledPicture(pixels, judge_labels(model, pixels[None])[0], tuple(CLASSES))
    return judge_labelled(settle_labels(picture, list_classes(garments)), garments)


if __name__ == "__main__":
    main()
