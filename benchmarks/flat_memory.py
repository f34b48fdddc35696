"""Measures the peak memory of `check` and `dataset` on catalogues of ever more generated rows.

    python -m benchmarks.flat_memory [--home build/memory] [--rows 10000 1000000]
        [--format json|jsonl|csv] [--command check|dataset] [--picture] [--short]

Rows are made of 12 kinds, 12 colours and 10 materials with two sentences of copy, about 330 bytes
each; with --short they have a title alone, which the grammar reads three times as fast. With
--picture every row names one shared picture of 8 x 8 px, else rows alone are judged.
Each run is a process of its own; its peak and the seconds it computed are what the system tells
when it ends (ru_maxrss, ru_utime and ru_stime).
Prints a Markdown table; nothing is remembered from one run to the next.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

# fmt: off
KINDS = (
    "dress", "skirt", "shirt", "blouse", "t-shirt", "top", "jacket", "coat", "jeans", "trousers",
    "shorts", "jumpsuit",
)
COLOURS = (
    "red", "navy", "ivory", "black", "white", "sage", "rust", "blush", "emerald", "mustard",
    "lilac", "teal",
)
MATERIALS = (
    "cotton", "satin", "denim", "linen", "silk", "wool", "velvet", "jersey", "chiffon", "corduroy",
)
DETAILS = (
    "v-neck", "long sleeve", "puff sleeve", "cropped", "high-waisted", "floral", "striped",
    "pleated",
)
# fmt: on


def make_rows(n_rows: int, picture: str, *, short: bool) -> Iterator[dict[str, str]]:
    """Make rows as a shop would export them, the same for the same number."""
    draw = random.Random(0)
    for n in range(n_rows):
        kind, colour = draw.choice(KINDS), draw.choice(COLOURS)
        material, detail = draw.choice(MATERIALS), draw.choice(DETAILS)
        if short:
            row = {"image_id": f"sku-{n:07d}", "title": f"{colour} {material} {kind}"}
            yield {**row, "file_name": picture} if picture else row
            continue
        row = {
            "image_id": f"sku-{n:07d}",
            "title": f"{colour.title()} {material.title()} {kind.title()} No {n}",
            "description": f"<p>A {detail} {kind} in {colour}, made from {material}.</p><p>Style "
            f"{n} goes from desk to dance floor. Machine wash cold, hang to dry, and mind the "
            f"buttons: there are {draw.randint(2, 12)} of them.</p>",
            "product_type": kind,
            "price": f"{draw.randint(9, 300)}.00",
        }
        yield {**row, "file_name": picture} if picture else row


def write_rows(path: Path, rows: Iterator[dict[str, str]]) -> None:
    """Write rows in the format that the file's ending names, one at a time."""
    with path.open("w", encoding="utf-8") as out:
        if path.suffix == ".jsonl":
            out.writelines(f"{json.dumps(row)}\n" for row in rows)
        elif path.suffix == ".json":
            out.write("[")
            lines = (json.dumps(row) for row in rows)
            out.writelines(itertools.chain([next(lines)], (f",\n{line}" for line in lines)))
            out.write("]\n")
        else:
            first = next(rows)
            out.write(",".join(first) + "\n")
            for row in itertools.chain([first], rows):
                cells = (value.replace('"', '""') for value in row.values())
                out.write(",".join(f'"{cell}"' for cell in cells) + "\n")


def measure(command: list[str], home: Path) -> tuple[float, float, float, int]:
    """Run a command line; gives seconds, CPU seconds, peak memory in MB, and its exit status."""
    environment = os.environ | {"COUTURIER_HOME": str(home / "home")}
    started_s = time.monotonic()
    with (home / "output.txt").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "couturier", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    cpu_s = usage.ru_utime + usage.ru_stime
    exit_status = os.waitstatus_to_exitcode(status)
    return time.monotonic() - started_s, cpu_s, usage.ru_maxrss / 1024, exit_status


def main() -> None:
    """Measure all sizes one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("build/memory"))
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--format", choices=["json", "jsonl", "csv"], default="json")
    parser.add_argument("--command", choices=["check", "dataset"], default="check")
    parser.add_argument("--picture", action="store_true")
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    print("| rows | file MB | command | seconds | CPU s | peak MB | to the first | exit status |")
    print("|---|---|---|---|---|---|---|---|")
    first_mb = 0.0
    for n_rows in options.rows:
        shutil.rmtree(options.home, ignore_errors=True)
        images = options.home / "images"
        images.mkdir(parents=True)
        Image.new("RGB", (8, 8), "navy").save(images / "shared.png")
        picture = "shared.png" if options.picture else ""
        data = options.home / f"rows.{options.format}"
        write_rows(data, make_rows(n_rows, picture, short=options.short))
        command = [options.command, str(data)]
        if options.picture or options.command == "dataset":
            command += ["--images", str(images)]
        if options.command == "dataset":
            command += ["--out", str(options.home / "out"), "--set", "dataset.min_side_px=1"]
        seconds, cpu_s, peak_mb, status = measure(command, options.home)
        first_mb = first_mb or peak_mb
        size_mb = data.stat().st_size / 1e6
        print(
            f"| {n_rows:,} | {size_mb:,.0f} | {' '.join(command[:1])}"
            f"{', one shared picture' if options.picture else ''} | {seconds:,.0f} | "
            f"{cpu_s:,.0f} | {peak_mb:,.0f} | {peak_mb / first_mb:.2f} | {status} |",
            flush=True,
        )
    shutil.rmtree(options.home, ignore_errors=True)


if __name__ == "__main__":
    main()
