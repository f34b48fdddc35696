"""Measure drawing's speed on mini: the fast default against diffusers' own default, in turns.

    python -m benchmarks.speed --pictures 40

Against: plain diffusers, PNDM, 50 steps. For: dpm++2m-karras, 20 steps, with and without `--fast`.
Same prompts, seeds and guidance; batch 1; CPU seconds of this process, so that other programs on
the machine count less. Each picture's garments are judged by the packaged segmenter, and pairs are
compared by McNemar's exact test.
"""

import argparse
import statistics
import time

from scipy.stats import binomtest

from benchmarks.faithful import write_prompt
from couturier.evaluate.statistics import measure_rate
from couturier.garments.grammar import find_garments
from couturier.generate.painter import open_painter
from couturier.generate.plan import plan_pictures
from couturier.generate.prompts import PromptRow
from couturier.generate.settings import GenerateSettings
from couturier.vision.receipts import read_receipt
from couturier.vision.records import MISSING, RIGHT, UNSURE
from couturier.vision.segmenter import load_own_segmenter

WAYS = {
    "pndm, 50 steps": {"sampler": "pndm", "steps": 50},
    "dpm++2m-karras, 20 steps": {},
    "20 steps, --fast": {"fast": True, "steps": 20},
    "--fast (15 steps)": {"fast": True},
}


def main() -> None:
    """Draw in turns and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--guidance", type=float, default=5.0)
    options = parser.parse_args()
    plain = {"base": "mini", "faithful": "off", "safety": "off", "guidance": options.guidance}
    settings = {name: GenerateSettings(**plain, **way) for name, way in WAYS.items()}
    painters = {name: open_painter(one) for name, one in settings.items()}
    segmenter = load_own_segmenter()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    right: dict[str, list[bool]] = {name: [] for name in WAYS}
    found: dict[str, list[bool]] = {name: [] for name in WAYS}
    for number in range(-1, options.pictures):  # the first round warms up and does not count
        prompt, seed = write_prompt(1 + number % 3, 10_000 + number)
        for name, painter in painters.items():
            row = PromptRow(prompt, overrides={"seed": seed})
            (request,) = plan_pictures([row], settings[name])
            began_s = time.process_time()
            image = painter.paint(painter.fit(request)).image
            spent_s = time.process_time() - began_s
            if number < 0:
                continue
            seconds[name].append(spent_s)
            for entry in read_receipt(image, find_garments(prompt), segmenter):
                right[name].append(entry.verdict == RIGHT)
                found[name].append(entry.verdict not in (MISSING, UNSURE))
    first = next(iter(WAYS))
    print("| way | CPU s, median | faster | colour right | kind found | p, colour | p, kind |")
    print("|---|---|---|---|---|---|---|")
    for name in WAYS:
        ratio = statistics.median(
            slow / quick for slow, quick in zip(seconds[first], seconds[name], strict=True)
        )
        p_values = [_compare(flags[first], flags[name]) for flags in (right, found)]
        print(
            f"| {name} | {statistics.median(seconds[name]):.2f} | {ratio:.2f}x | "
            f"{_tell(right[name])} | {_tell(found[name])} | "
            f"{p_values[0]:.2f} | {p_values[1]:.2f} |"
        )


def _tell(flags: list[bool]) -> str:
    rate = measure_rate(sum(flags), len(flags))
    return f"{rate.right / rate.n:.0%} ({rate.low:.0%} to {rate.high:.0%})"


def _compare(first: list[bool], second: list[bool]) -> float:
    """McNemar's exact test, two-sided."""
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    won = sum(b and not a for a, b in zip(first, second, strict=True))
    return float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0


if __name__ == "__main__":
    main()
