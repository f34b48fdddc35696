"""Seconds and memory of scoring looks and writing their report.

    python -m benchmarks.evaluation 500 5000

Looks are made of the sample brand's pictures, each cropped and tinted anew; half the brand is the
data set they are measured against. CPU seconds tell what an idle core would take, wall seconds what
this machine took; each number runs in a process of its own, whose peak memory is told.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageEnhance

from couturier.evaluate.score import score_looks
from couturier.generate.records import Look, append_look
from couturier.report.write import write_report
from couturier.sample.locate import find_sample

LOOK_PX = 128
SENTENCES = ("a red dress", "blue jeans", "green skirt, white t-shirt", "black bag, red shoes")


def make_data(folder: Path, *, known: int) -> Path:
    """Make a data set of the sample brand's pictures, cropped to make up the number."""
    pictures = _list_pictures()
    folder.mkdir()
    rows = []
    for number in range(known):
        _vary(pictures[number % (len(pictures) // 2)], number).save(folder / f"{number}.png")
        rows.append({"file_name": f"{number}.png", "text": "a dress", "image_id": str(number)})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    return folder


def make_looks(folder: Path, n_looks: int) -> Path:
    """Make looks of the brand's other half."""
    pictures = _list_pictures()
    pictures = pictures[len(pictures) // 2 :]
    folder.mkdir()
    for number in range(n_looks):
        file = f"{number + 1:06d}.png"
        _vary(pictures[number % len(pictures)], -number).save(folder / file)
        sentence = SENTENCES[number % len(SENTENCES)]
        append_look(folder, Look(file, sentence, number, {"steps": 20}, {"verdict": "pass"}))
    return folder


def _list_pictures() -> list[Path]:
    """List the brand's sound pictures; some of its files are broken on purpose."""
    sound = []
    for path in sorted((find_sample() / "images").glob("*.jpg")):
        try:
            with Image.open(path) as picture:
                picture.load()
        except OSError:
            continue
        sound.append(path)
    return sound


def _vary(path: Path, seed: int) -> Image.Image:
    draw = random.Random(seed)
    with Image.open(path) as picture:
        whole = picture.convert("RGB")
    share = draw.uniform(0.7, 1.0)
    width, height = int(whole.width * share), int(whole.height * share)
    left, top = draw.randint(0, whole.width - width), draw.randint(0, whole.height - height)
    window = whole.crop((left, top, left + width, top + height)).resize((LOOK_PX, LOOK_PX))
    return ImageEnhance.Color(window).enhance(draw.uniform(0.5, 1.5))


def measure(n_looks: int, known: int) -> dict[str, object]:
    """Score and report once, then score again."""
    with tempfile.TemporaryDirectory() as home:
        data, looks = make_data(Path(home) / "data", known=known), Path(home) / "looks"
        make_looks(looks, n_looks)
        found: dict[str, object] = {"looks": n_looks, "known pictures": known}
        found["scored"] = _time(lambda: score_looks(looks, train=data))
        found["reported"] = _time(lambda: write_report(looks, out=Path(home) / "report"))
        found["scored again"] = _time(lambda: score_looks(looks, train=data))
    found["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def _time(work) -> dict[str, float]:  # type: ignore[no-untyped-def]
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "wall s": round(time.perf_counter() - wall, 1),
        "cpu s": round(time.process_time() - cpu, 1),
    }


def main() -> None:
    """Measure every number in its own process and print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("looks", type=int, nargs="+")
    parser.add_argument("--known", type=int, default=1000)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        print(json.dumps(measure(given.looks[0], given.known)), flush=True)
        return
    for n_looks in given.looks:
        command = [sys.executable, "-m", "benchmarks.evaluation", str(n_looks), "--here"]
        subprocess.run([*command, "--known", str(given.known)], check=True)


if __name__ == "__main__":
    main()
