"""Times compressing large JPEGs against a plain Pillow loop, in turns in one run.

    python -m benchmarks.compression [--home build/compression] [--pictures 200] [--side 2048]

Pictures are made of photographs of ../shared where it is there, else drawn: enlarged to `--side`,
with grain, saved at quality 92. In turns of 20 pictures each: the loop that anyone would write
(open, convert, resize with LANCZOS, save at quality 90), Pillow's own thumbnail(), and
`couturier.dataset.pictures.compress_picture` on as many threads as there are cores. Last, the
whole command `couturier dataset` once and once more with nothing changed. Prints Markdown tables.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from couturier.dataset.opening import quiet_pillow
from couturier.dataset.pictures import Job, compress_picture, count_workers, work_ahead
from couturier.dataset.settings import DatasetSettings
from couturier.garments.colours import difference
from couturier.vision.colours import to_lab

SHARED = Path(__file__).resolve().parents[2] / "shared"
SIZE_PX, QUALITY, TURN = 512, 90, 20

Way = Callable[[Sequence[Path], Path], None]


def make_pictures(folder: Path, n_pictures: int, side: int) -> list[Path]:
    """Make large JPEGs, the same each time."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted((SHARED / "catalogue/images").glob("*"))
    draw = np.random.default_rng(0)
    paths = []
    for n in range(n_pictures):
        path = folder / f"{n:04d}.jpg"
        paths.append(path)
        if path.is_file():
            continue
        if sources:
            with Image.open(sources[n % len(sources)]) as opened:
                small = opened.convert("RGB")
        else:
            small = Image.fromarray(draw.integers(0, 256, (24, 18, 3), dtype=np.uint8))
        scale = side / max(small.size)
        size = (round(small.width * scale), round(small.height * scale))
        large = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
        grain = draw.normal(0, 3, large.shape).astype(np.int16)
        Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8)).save(path, quality=92)
    return paths


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


def compare(paths: Sequence[Path], home: Path) -> None:
    """Time the three ways in turns, then compare what they wrote."""
    ways: dict[str, Way] = {"loop": loop, "thumbnail": thumbnail, "couturier": ours}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    worked_s = dict.fromkeys(ways, 0.0)
    for name in ways:
        (home / name).mkdir(exist_ok=True)
    turns = [paths[start : start + TURN] for start in range(0, len(paths), TURN)]
    for turn, some in enumerate(turns):
        order = [*ways.items()]
        for name, way in order[turn % 3 :] + order[: turn % 3]:
            started_s, began_s = time.monotonic(), time.process_time()
            way(some, home / name)
            taken[name].append(len(some) / (time.monotonic() - started_s))
            worked_s[name] += time.process_time() - began_s
    base = statistics.median(taken["loop"])
    print(
        "| way | pictures/s (median of turns) | against the loop | CPU ms a picture | "
        "kB a picture | ΔE2000 |"
    )
    print("|---|---|---|---|---|---|")
    for name, rates in taken.items():
        kilobytes = statistics.mean((home / name / p.name).stat().st_size for p in paths) / 1e3
        deltas = [measure_delta(home / "loop" / p.name, home / name / p.name) for p in paths[:60]]
        rate = statistics.median(rates)
        print(
            f"| {name} | {rate:.1f} | {rate / base:.2f} | "
            f"{1e3 * worked_s[name] / len(paths):.0f} | {kilobytes:.1f} | "
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
        started_s = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.monotonic() - started_s)
    print("\n| couturier dataset | seconds | share of the first |\n|---|---|---|")
    for name, taken in zip(("first run", "second run, nothing changed"), seconds, strict=True):
        print(f"| {name} | {taken:.1f} | {taken / seconds[0]:.3f} |")


def main() -> None:
    """Make the pictures, then compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("build/compression"))
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--side", type=int, default=2048)
    options = parser.parse_args()
    paths = make_pictures(options.home / "sources", options.pictures, options.side)
    print(f"{len(paths)} JPEGs of {options.side} px to {SIZE_PX} px, {count_workers(0)} threads\n")
    compare(paths, options.home)
    time_command(paths, options.home)


if __name__ == "__main__":
    main()
