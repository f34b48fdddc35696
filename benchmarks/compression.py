"""Times compressing large JPEGs against a plain Pillow loop, in turns in one run.

    python -m benchmarks.compression [--home build/compression] [--pictures 2000] [--side 2048]
        [--minutes 3.5]

Pictures are made of 400 photographs of ../shared where it is there, else drawn: enlarged to
`--side`, with grain, saved at quality 92; further ones are files of their own with the same
pixels and another comment. In turns of 20 pictures each: the loop that anyone would write
(open, convert, resize with LANCZOS, save at quality 90), Pillow's own thumbnail(), and
`couturier.dataset.pictures.compress_picture` on as many threads as there are cores. Last, the
whole command `couturier dataset` once and once more with nothing changed. Prints Markdown tables.

Every turn is written to `turns.jsonl` in `--home`. After `--minutes` it stops between two turns
and goes on from there when it is called again; the tables are of all turns so far.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from couturier.dataset.opening import quiet_pillow
from couturier.dataset.pictures import Job, compress_picture, count_workers, work_ahead
from couturier.dataset.settings import DatasetSettings
from couturier.garments.colours import difference
from couturier.vision.colours import to_lab

SHARED = Path(__file__).resolve().parents[2] / "shared"
SIZE_PX, QUALITY, TURN = 512, 90, 20
DIFFERENT = 400  # pictures that are made; making one takes longer than compressing it ten times
COMPARED = 100  # pictures whose colours are held against the loop's

Way = Callable[[Sequence[Path], Path], None]


def make_pictures(folder: Path, n_pictures: int, side: int) -> list[Path]:
    """Make large JPEGs, the same each time; those that are there are left as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted((SHARED / "catalogue/images").glob("*"))
    paths = [folder / f"{n:04d}.jpg" for n in range(n_pictures)]
    for n, path in enumerate(paths):
        if path.is_file():
            continue
        part = path.with_suffix(".part")
        if n < DIFFERENT:
            source = sources[n % len(sources)] if sources else None
            _make_picture(n, source, side).save(part, "JPEG", quality=92)
        else:
            part.write_bytes(_add_comment(paths[n % DIFFERENT].read_bytes(), f"number {n}"))
        part.rename(path)
    return paths


def _add_comment(jpeg: bytes, comment: str) -> bytes:
    """Put a comment behind the two bytes that open a JPEG."""
    said = comment.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + jpeg[2:]


def _make_picture(n: int, source: Path | None, side: int) -> Image.Image:
    draw = np.random.default_rng(n)
    if source:
        with Image.open(source) as opened:
            small = opened.convert("RGB")
    else:
        small = Image.fromarray(draw.integers(0, 256, (24, 18, 3), dtype=np.uint8))
    scale = side / max(small.size)
    size = (round(small.width * scale), round(small.height * scale))
    large = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
    grain = draw.integers(-5, 6, large.shape, dtype=np.int8)  # as far about 0 as a phone's, 3
    return Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))


def loop(paths: Sequence[Path], out: Path) -> None:
    """Compress as anyone would: one after the other, every pixel decoded."""
    for path in paths:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        scale = SIZE_PX / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        image.resize(size, Image.Resampling.LANCZOS).save(out / path.name, quality=QUALITY)


def thumbnail(paths: Sequence[Path], out: Path) -> None:
    """Compress with Pillow's own thumbnail(), which lets libjpeg decode a smaller picture."""
    for path in paths:
        with Image.open(path) as opened:
            opened.thumbnail((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
            opened.convert("RGB").save(out / path.name, quality=QUALITY)


def ours(paths: Sequence[Path], out: Path) -> None:
    """Compress as `couturier dataset` does."""
    settings = DatasetSettings(size_px=SIZE_PX, quality=QUALITY)
    jobs = [Job(path, out / path.name) for path in paths]
    compress = partial(compress_picture, settings=settings)
    with quiet_pillow(), closing(work_ahead(compress, jobs, workers=0)) as made:
        for _, done in made:
            assert not done.left_out, done.notes


WAYS: dict[str, Way] = {"loop": loop, "thumbnail": thumbnail, "couturier": ours}


def take_turns(paths: Sequence[Path], home: Path, until_s: float) -> list[dict[str, Any]]:
    """Time the three ways in turns until the clock says so; gives all turns so far."""
    log = home / "turns.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    for name in WAYS:
        (home / name).mkdir(exist_ok=True)
    for turn in range(len(done), -(-len(paths) // TURN)):
        if time.monotonic() > until_s:
            break
        done.append(take_turn(turn, paths[turn * TURN : (turn + 1) * TURN], home))
        with log.open("a") as out:
            out.write(json.dumps(done[-1]) + "\n")
    return done


def take_turn(turn: int, paths: Sequence[Path], home: Path) -> dict[str, Any]:
    """Let each way do the same few pictures, another one first each time."""
    taken: dict[str, Any] = {"n": len(paths)}
    order = [*WAYS.items()]
    for name, way in order[turn % 3 :] + order[: turn % 3]:
        started_s, began_s = time.monotonic(), time.process_time()
        way(paths, home / name)
        taken[name] = [time.monotonic() - started_s, time.process_time() - began_s]
    return taken


def print_turns(turns: Sequence[dict[str, Any]], paths: Sequence[Path], home: Path) -> None:
    """Print speed, size and colours of the three ways, over all turns."""
    n_pictures = sum(turn["n"] for turn in turns)
    done = paths[:n_pictures]
    some = done[:: max(1, n_pictures // COMPARED)]
    wall_s = {name: sum(turn[name][0] for turn in turns) for name in WAYS}
    print(f"{n_pictures} of {len(paths)} pictures, {len(turns)} turns\n")
    print(
        "| way | pictures/s | median of turns | against the loop | CPU ms a picture | "
        "kB a picture | ΔE2000 |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in WAYS:
        rates = statistics.median(turn["n"] / turn[name][0] for turn in turns)
        cpu_ms = 1e3 * sum(turn[name][1] for turn in turns) / n_pictures
        kilobytes = statistics.mean((home / name / p.name).stat().st_size for p in done) / 1e3
        deltas = [measure_delta(home / "loop" / p.name, home / name / p.name) for p in some]
        print(
            f"| {name} | {n_pictures / wall_s[name]:.1f} | {rates:.1f} | "
            f"{wall_s['loop'] / wall_s[name]:.2f} | {cpu_ms:.0f} | {kilobytes:.1f} | "
            f"{statistics.median(deltas):.2f} |"
        )


def measure_delta(one: Path, other: Path) -> float:
    """Measure the median CIEDE2000 between two pictures, on every third pixel."""
    with Image.open(one) as first, Image.open(other) as second:
        labs = [to_lab(np.asarray(image.convert("RGB"))[::3, ::3]) for image in (first, second)]
    return float(np.median(difference(labs[0], labs[1])))


def time_command(paths: Sequence[Path], home: Path) -> None:
    """Time the command itself, and again with nothing changed."""
    rows = [{"image_id": path.stem, "title": f"Red Dress No {path.stem}"} for path in paths]
    (home / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    shutil.rmtree(home / "set", ignore_errors=True)
    command = [sys.executable, "-m", "couturier", "dataset", str(home / "rows.json")]
    command += ["--images", str(home / "sources"), "--out", str(home / "set"), "--json"]
    seconds = []
    for _ in range(2):
        began, started_s = os.times(), time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        ended = os.times()
        cpu_s = ended.children_user + ended.children_system
        cpu_s -= began.children_user + began.children_system
        seconds.append((time.monotonic() - started_s, cpu_s))
    print("\n| couturier dataset | seconds | CPU seconds | share of the first |\n|---|---|---|---|")
    for name, taken in zip(("first run", "second run, nothing changed"), seconds, strict=True):
        print(f"| {name} | {taken[0]:.1f} | {taken[1]:.1f} | {taken[0] / seconds[0][0]:.3f} |")


def main() -> None:
    """Make the pictures, then compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("build/compression"))
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--minutes", type=float, default=3.5, help="stop after so many; 0: make")
    options = parser.parse_args()
    paths = make_pictures(options.home / "sources", options.pictures, options.side)
    print(f"{len(paths)} JPEGs of {options.side} px to {SIZE_PX} px, {count_workers(0)} threads")
    if not options.minutes:
        return
    until_s = time.monotonic() + 60 * options.minutes
    turns = take_turns(paths, options.home, until_s)
    print_turns(turns, paths, options.home)
    if len(turns) * TURN < len(paths):
        print("\nstopped; call it again to go on")
    elif time.monotonic() < until_s:
        time_command(paths, options.home)
    else:
        print("\ncall it again for the command's own times")


if __name__ == "__main__":
    main()
