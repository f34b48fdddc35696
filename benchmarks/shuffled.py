"""A planted run whose truth is known: one adapter trained on true captions, one on shuffled ones.

    python -m benchmarks.shuffled --seeds 1 2 3

Mini draws one-coloured garments; two adapters are trained on these pictures, alike in all but that
the second one's captions name the next picture's colour. Both then draw the same new prompts with
the same seeds, and the evaluation has to say which one learnt it wrong.
"""

import argparse
import json
import tempfile
from pathlib import Path

from couturier.evaluate.records import Summary, read_summary
from couturier.evaluate.score import score_looks
from couturier.generate.draw import render_looks
from couturier.generate.prompts import read_prompts
from couturier.generate.records import read_looks
from couturier.generate.settings import GenerateSettings
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings

COLOURS = ("red", "blue", "green", "yellow")
KINDS = ("dress", "t-shirt", "trousers", "handbag")
STEPS, BATCH = 60, 4
_DRAW_STEPS = 8


def measure(home: Path, *, seed: int, steps: int = STEPS) -> Summary:
    """Train both, draw with both, and compare: the shuffled one against the true one.

    Args:
        home: An empty folder to work in.
        seed: Of the pictures, the training and the drawing.
        steps: Of each training.
    """
    prompts = [f"{colour} {kind}" for kind in KINDS for colour in COLOURS]
    shown = home / "shown"
    _draw(prompts, shown, seed=seed)
    for name, shift in (("true", 0), ("shuffled", 1)):
        _write_captions(shown, shift)
        settings = TrainSettings(
            base="mini",
            max_steps=steps,
            batch_size=BATCH,
            rank=8,
            alpha=8.0,
            learning_rate=2e-3,
            checkpoint_every=steps,
            seed=seed,
        )
        train_adapter(shown, out=home / "models" / name, settings=settings)
        asked = [f"a {prompt}" for prompt in prompts]
        _draw(asked, home / name, seed=seed + 1000, lora=(str(home / "models" / name),))
    score_looks(home / "shuffled", against=[home / "true"])
    return read_summary(home / "shuffled")


def _draw(prompts: list[str], out: Path, *, seed: int, lora: tuple[str, ...] = ()) -> None:
    settings = GenerateSettings(
        base="mini",
        lora=lora,
        steps=_DRAW_STEPS,
        guidance=5.0,
        seed=seed,
        faithful="off",
        safety="off",
        receipts=False,
    )
    render_looks(read_prompts(prompts, None), out=out, settings=settings)


def _write_captions(folder: Path, shift: int) -> None:
    """Name each picture's own colour, or the one `shift` further in the list."""
    rows = []
    for look in read_looks(folder):
        colour, kind = look.prompt.split(maxsplit=1)
        said = COLOURS[(COLOURS.index(colour) + shift) % len(COLOURS)]
        rows.append({"file_name": look.file, "text": f"{said} {kind}", "image_id": look.file})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")


def main() -> None:
    """Measure every seed and print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as home:
            summary = measure(Path(home), seed=seed, steps=given.steps)
        paired = summary.paired
        assert paired is not None
        assert summary.other is not None
        found = {
            "seed": seed,
            "true captions": f"{summary.other.looks.right} of {summary.other.looks.n}",
            "shuffled captions": f"{summary.measured.looks.right} of {summary.measured.looks.n}",
            "became wrong": paired.only_other,
            "became right": paired.only_this,
            "p": round(paired.p_value, 4),
            "verdict": summary.lines[0],
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
