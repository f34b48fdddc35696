"""Training speed and memory beside diffusers' own script: same base, pictures, batch and steps.

    python -m benchmarks.training --peer train_text_to_image_lora.py --stand-in DIR --base mini

The peer is diffusers' examples/text_to_image/train_text_to_image_lora.py, unchanged. It wants
torchvision.transforms; DIR holds a package `torchvision` that stands in for what it uses of it.
Both run in turns, `--rounds` times, each in a process of its own on the same number of threads.
On a shared machine trust the ratios of computing time; with --compile the first step's holds the
compiler's. On a GPU: --device cuda --precision bf16 --px 512 --base full --rate, with the largest
--batch that fits both; --rate says which share of the device's own matrix rate a step reaches.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from couturier.diffusion.adapters.training import AdapterPlan
from couturier.diffusion.families import read_family
from couturier.mini.locate import find_mini
from couturier.train.cost import count_step
from tools.full_size.base import make_full_size_base

_FIGURES = (
    "step_wall_s",
    "step_cpu_s",
    "whole_cpu_s",
    "first_step_s",
    "first_step_cpu_s",
    "peak_mb",
)
_RATE_SIDE = {"cuda": 8192, "cpu": 1024}
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def make_pictures(folder: Path, n_pictures: int, side_px: int) -> None:
    """Write a data set both can read: smooth coloured squares with a caption each."""
    random = np.random.default_rng(0)
    rows = []
    folder.mkdir(parents=True)
    for number in range(n_pictures):
        patches = Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        patches.resize((side_px, side_px), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
        text = f"a red satin dress, number {number}"
        rows.append({"file_name": f"{number}.png", "text": text, "image_id": str(number)})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")


def ask_peer(chosen: argparse.Namespace, base: Path, work: Path) -> dict[str, Any]:
    """Word one run of the peer."""
    precision = {"fp32": "no"}.get(chosen.precision, chosen.precision)
    arguments = {
        "pretrained_model_name_or_path": base,
        "train_data_dir": work / "data",
        "resolution": chosen.px,
        "train_batch_size": chosen.batch,
        "max_train_steps": chosen.steps,
        "rank": chosen.rank,
        "mixed_precision": precision,
        "image_interpolation_mode": "lanczos",
        "dataloader_num_workers": chosen.workers,
        "seed": 0,
        "output_dir": work / "peer",
    }
    words = [f"--{name}={value}" for name, value in arguments.items()]
    return {"script": str(chosen.peer), "stand_in": str(chosen.stand_in), "arguments": words}


def ask_own(chosen: argparse.Namespace, base: Path, work: Path, turn: int) -> dict[str, Any]:
    """Word one run of couturier; its caches start empty each time."""
    settings = {
        "base": str(base),
        "resolution_px": chosen.px,
        "batch_size": chosen.batch,
        "max_steps": chosen.steps,
        "rank": chosen.rank,
        "mixed_precision": chosen.precision,
        "device": chosen.device,
        "validation_pictures": 0,
        "compile": chosen.compile,
    }
    return {"dataset": str(work / "data"), "out": str(work / f"own-{turn}"), "settings": settings}


def run(who: str, request: dict[str, Any], work: Path, threads: int) -> dict[str, float]:
    """Run one of them and read what it printed last."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_CACHE": str(work / "datasets"),
        "TRANSFORMERS_VERBOSITY": "error",
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.timed_run", who, json.dumps(request)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{who} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def tell(chosen: argparse.Namespace, found: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians of all rounds and their ratios."""
    medians = {
        who: {name: statistics.median(row[name] for row in rows) for name in _FIGURES}
        for who, rows in found.items()
    }
    print(f"{chosen.base}, {chosen.px} px, batch {chosen.batch}, {chosen.precision}, ", end="")
    print(f"{chosen.threads} threads, {chosen.rounds} rounds of {chosen.steps} steps")
    print(f"{'':28}{'peer':>10}{'couturier':>12}{'ratio':>8}")
    for name in _FIGURES:
        peer, own = medians["peer"][name], medians["own"][name]
        ratio = own / peer if name == "peak_mb" else peer / own
        print(f"{name:28}{peer:10.2f}{own:12.2f}{ratio:8.2f}")
    for who in ("peer", "own"):
        rate = chosen.batch / medians[who]["step_cpu_s"]
        print(f"{who}: {rate:.2f} pictures a second of computing time")


def tell_share(chosen: argparse.Namespace, base: Path, step_s: float) -> None:
    """Print which share of the device's own matrix rate a step of couturier's reaches."""
    side = chosen.px // read_family(base).vae_scale
    work, _, _ = count_step(
        base,
        AdapterPlan(rank=chosen.rank),
        batch_size=chosen.batch,
        cells=(side, side),
        n_tokens=77,
        checkpointing=False,
        precision=chosen.precision,
        device=chosen.device,
    )
    reached, rate = sum(work.flops.values()) / step_s, measure_rate(chosen.device, chosen.precision)
    print(f"{reached / 1e12:.3g} of {rate / 1e12:.3g} TFLOP/s a step: {reached / rate:.0%}")


def measure_rate(device: str, precision: str) -> float:
    """Measure the operations a second of one large product; median of seven."""
    side = _RATE_SIDE[device]
    left = torch.randn(side, side, device=device).to(_DTYPES[precision])
    seconds = []
    for _ in range(8):
        begun = time.perf_counter()
        made = left @ left
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
        del made
    return 2 * side**3 / statistics.median(seconds[1:])


def main() -> None:
    """Run both in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--stand-in", type=Path, required=True)
    parser.add_argument("--base", choices=["mini", "full"], default="mini")
    parser.add_argument("--px", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16", "fp16"], default="fp32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compile", action="store_true", help="couturier's with train.compile")
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--workers", type=int, default=0, help="of the peer's loader of pictures")
    parser.add_argument("--rate", action="store_true", help="the device's matrix rate, too")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_pictures(work / "data", chosen.pictures, max(chosen.px, 256))
        base = find_mini() if chosen.base == "mini" else make_full_size_base(work / "base")
        found: dict[str, list[dict[str, float]]] = {"peer": [], "own": []}
        for turn in range(chosen.rounds):
            asked = {
                "peer": ask_peer(chosen, base, work),
                "own": ask_own(chosen, base, work, turn),
            }
            for who, request in asked.items():
                found[who].append(run(who, request, work, chosen.threads))
                print(json.dumps({who: found[who][-1]}), flush=True)
        tell(chosen, found)
        if chosen.rate:
            torch.set_num_threads(chosen.threads)
            tell_share(chosen, base, statistics.median(row["step_wall_s"] for row in found["own"]))


if __name__ == "__main__":
    main()
