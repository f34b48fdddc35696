"""One training run in a process of its own, couturier's or the peer's, timed step by step.

Started by benchmarks.training; prints one line of JSON last.
"""

import argparse
import json
import resource
import runpy
import sys
import time
from pathlib import Path
from typing import Any

STEPS_BAR = "Steps"  # the peer's progress bar


class _Stamps:
    """When each step ended: wall clock and computing time, since the process began."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float]] = []

    def take(self) -> None:
        since_start = time.time() - _process_began()
        self.rows.append((since_start, time.process_time()))

    def report(self) -> dict[str, Any]:
        pairs = list(zip(self.rows, self.rows[1:], strict=False))[1:]  # the second step warms up
        wall, cpu = ([after[n] - before[n] for before, after in pairs] for n in (0, 1))
        return {
            "first_step_s": self.rows[0][0],
            "first_step_cpu_s": self.rows[0][1],
            "step_wall_s": _median(wall),
            "step_cpu_s": _median(cpu),
            "whole_wall_s": self.rows[-1][0],
            "whole_cpu_s": self.rows[-1][1],
            "peak_mb": _find_peak_mb(),
        }


def run_peer(script: Path, stand_in: Path, arguments: list[str]) -> dict[str, Any]:
    """Run diffusers' own script as it is, its progress bar listened to."""
    # These look for torchvision when they load, and must not find the stand-in.
    import datasets  # noqa: F401
    import diffusers
    import peft  # noqa: F401
    import tqdm.auto
    import transformers

    for name in ("StableDiffusionPipeline", "AutoencoderKL", "UNet2DConditionModel"):
        getattr(diffusers, name)
    for name in ("CLIPTextModel", "CLIPTokenizer"):
        getattr(transformers, name)
    sys.path.insert(0, str(stand_in))
    stamps = _Stamps()

    class Listening(tqdm.auto.tqdm):  # type: ignore[misc]
        def update(self, n: float = 1) -> Any:
            if self.desc == STEPS_BAR:
                stamps.take()
            return super().update(n)

    tqdm.auto.tqdm = Listening
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")
    return stamps.report()


def run_own(dataset: Path, out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Run couturier's training with the same settings."""
    from couturier.train.run import train_adapter
    from couturier.train.settings import TrainSettings

    stamps = _Stamps()

    def listen(_done: int, _total: int, note: str) -> None:
        if note.startswith("loss"):
            stamps.take()

    train_adapter(dataset, out=out, settings=TrainSettings(**settings), on_step=listen)
    return stamps.report()


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def _find_peak_mb() -> float:
    """Find the most memory that was held: of the GPU where one was used, else of the process."""
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _process_began() -> float:
    import psutil

    return float(psutil.Process().create_time())


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("who", choices=["peer", "own"])
    parser.add_argument("request", help="JSON")
    chosen = parser.parse_args()
    request = json.loads(chosen.request)
    if chosen.who == "peer":
        found = run_peer(Path(request["script"]), Path(request["stand_in"]), request["arguments"])
    else:
        found = run_own(Path(request["dataset"]), Path(request["out"]), request["settings"])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
