"""Takes two real catalogues through all six stages on mini, and times each stage.

    python -m benchmarks.real_catalogues [--home build/real] [--steps 300] [--rows 800]

Needs ../shared/fashion-products (8,548 product photographs) and ../shared/catalogue (406 messy
products of demo shops). Prints a Markdown table; looks before and after end as contact sheets.
`--rows` trains on the first rows alone: encoding 8,548 pictures takes minutes on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from couturier.generate.sheet import write_sheet

SHARED = Path(__file__).resolve().parents[2] / "shared"
NAMES = ("catalogue", "fashion-products")
PROMPTS = (
    "red t-shirt",
    "a pair of blue jeans",
    "black jacket",
    "a white shirt",
    "green dress",
    "yellow hat, grey shorts",
)


def main() -> None:
    """Run both catalogues and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path("build/real"))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rows", type=int, default=10_000)
    arguments = parser.parse_args()
    print("| catalogue | rows | pictures kept | left out | told | data set s | all stages s |")
    print("|---|---|---|---|---|---|---|")
    for name in NAMES:
        print(
            run(name, arguments.home / name, steps=arguments.steps, n_rows=arguments.rows),
            flush=True,
        )


def take_rows(source: Path, target: Path, n_rows: int) -> Path:
    """Write the first rows of a catalogue to a file of their own."""
    rows = json.loads(source.read_text(encoding="utf-8"))
    few = dict(list(rows.items())[:n_rows]) if isinstance(rows, dict) else rows[:n_rows]
    target.write_text(json.dumps(few), encoding="utf-8")
    return target


def run(name: str, home: Path, *, steps: int, n_rows: int) -> str:
    """Take one catalogue through the stages; gives its row of the table."""
    source = SHARED / name
    home.mkdir(parents=True, exist_ok=True)
    rows = take_rows(source / "product_data.json", home / "product_data.json", n_rows)
    data, model = home / "data", home / "model"
    before, after = home / "before", home / "after"
    settings = ["--set", f"train.max_steps={steps}", "--set", "train.batch_size=8"]
    settings += ["--set", "train.learning_rate=0.002", "--set", "train.rank=16"]
    images = ["--images", str(source / "images")]
    started_s = time.monotonic()
    told = couturier("dataset", str(rows), *images, "--out", str(data), "--json")
    dataset_s = time.monotonic() - started_s
    couturier("train", str(data), "--base", "mini", "--out", str(model), *settings)
    drawing = [*PROMPTS, "--base", "mini", "--seed", "1"]
    couturier("generate", *drawing, "--out", str(before))
    couturier("generate", *drawing, "--out", str(after), "--lora", str(model))
    couturier("evaluate", str(after), "--against", str(before), "--train", str(data))
    report = ["--against", str(before), "--run", str(model), "--train", str(data)]
    couturier("report", str(after), *report, "--out", str(home / "report"))
    all_s = time.monotonic() - started_s
    for looks in (before, after):
        write_sheet(looks, home / f"{looks.name}.jpg", columns=len(PROMPTS))
    summary = json.loads(told)
    n_told = sum(summary["faults"].values()) - summary["n_left_out"]
    return (
        f"| {name} | {summary['n_rows']} | {summary['n_items']} | {summary['n_left_out']} "
        f"| {n_told} | {dataset_s:.0f} | {all_s:.0f} |"
    )


def couturier(*arguments: str) -> str:
    """Run one command as a user would; gives its stdout."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "couturier", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
