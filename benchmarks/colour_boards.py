"""Measure the colour verifier on boards with known truth, under changed light and white balance.

    python -m benchmarks.colour_boards --boards 300

A board is one to three shaded garments, drawn by tools/mini/drawings.py in a known colour.
Then the light changes: exposure by a factor of 0.7 to 1.15, red against blue by up to a tenth,
and a soft shadow falls across. Every garment is asked for twice: in its own colour, which must be
"right", and in one that is far from it, which must be "wrong". "unsure" is counted apart. With
`--judge masks` the true masks are used, so that a segmenter's own faults do not count; `second` is
the judge that counts faithful drawing (tools/mini/judge.py).
"""

import argparse
import time
from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.faithful import open_judge
from couturier.evaluate.statistics import measure_rate
from couturier.garments.colours import difference, find_colour
from couturier.garments.records import Garment
from couturier.seeds import derive_seed
from couturier.vision.masks import LabelledPicture
from couturier.vision.receipts import judge_labelled
from couturier.vision.records import RIGHT, WRONG
from tools.mini.drawings import DRAWN_CLASSES, draw_garment
from tools.mini.kinds import CLASSES

SIZE_PX = 128
COLOURS = (
    "black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink",
    "brown", "beige", "navy", "teal", "burgundy", "olive",
)  # fmt: skip
FAR = 28.0  # ΔE2000 from which another colour is plainly another


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--boards", type=int, default=300)
    parser.add_argument("--judge", choices=("packaged", "second", "masks"), default="packaged")
    parser.add_argument("--plain", action="store_true", help="leave the light as it is")
    options = parser.parse_args()
    ask = None if options.judge == "masks" else open_judge(options.judge)[0]
    own: Counter[str] = Counter()
    other: Counter[str] = Counter()
    misses: Counter[tuple[str, str | None]] = Counter()
    spent_s, n_judged = 0.0, 0
    for number in range(options.boards):
        draws = np.random.default_rng(derive_seed("benchmarks.colour_boards", number))
        pixels, labels, garments = draw_board(draws)
        if not options.plain:
            pixels = change_light(pixels, draws)
        for counts, asked in ((own, garments), (other, [_swap(g, draws) for g in garments])):
            began_s = time.process_time()
            if ask is None:
                receipt = judge_labelled(LabelledPicture(pixels, labels, tuple(CLASSES)), asked)
            else:
                receipt = ask(Image.fromarray(pixels), asked)
            spent_s += time.process_time() - began_s
            n_judged += len(asked)
            for entry in receipt:
                counts[entry.verdict] += 1
                if counts is own and entry.verdict == WRONG:
                    misses[entry.asked or "", entry.seen] += 1
    _tell("asked as it is, must be right", own, RIGHT)
    _tell("asked otherwise, must be wrong", other, WRONG)
    both = own[RIGHT] + other[WRONG]
    judged = both + own[WRONG] + other[RIGHT]
    rate = measure_rate(both, judged)
    print(f"together: {both / judged:.1%} of {judged} judged ({rate.low:.1%} to {rate.high:.1%})")
    print(f"{1000 * spent_s / n_judged:.1f} ms of CPU a garment")
    for (asked_word, seen), count in misses.most_common(8):
        print(f"  {count:3d}  drawn {asked_word}, seen {seen}")


def draw_board(
    draws: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[Garment]]:
    """Draw one to three garments side by side or above one another on white."""
    count = int(draws.integers(1, min(3, len(DRAWN_CLASSES)) + 1))
    kinds = [str(kind) for kind in draws.choice(sorted(DRAWN_CLASSES), count, replace=False)]
    canvas = Image.new("RGB", (SIZE_PX, SIZE_PX), "white")
    labels = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    garments = []
    for place, kind in enumerate(kinds):
        word = str(draws.choice(COLOURS))
        colour = find_colour(word)
        assert colour is not None
        pixels, alpha, _ = draw_garment(kind, np.asarray(colour.lab), draws)
        wide, high = SIZE_PX // count - 6, SIZE_PX - 16
        scale = min(wide / pixels.shape[1], high / pixels.shape[0])
        size = max(round(pixels.shape[1] * scale), 4), max(round(pixels.shape[0] * scale), 4)
        left = place * (SIZE_PX // count) + 3 + (wide - size[0]) // 2
        top = 8 + (high - size[1]) // 2
        soft = Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8))
        soft = soft.resize(size, Image.Resampling.BILINEAR)
        piece = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BICUBIC)
        canvas.paste(piece, (left, top), soft)
        labels[top : top + size[1], left : left + size[0]][np.asarray(soft) > 127] = CLASSES.index(
            kind
        )
        garments.append(Garment(kind, word))
    return np.asarray(canvas).copy(), labels, garments


def change_light(pixels: NDArray[np.uint8], draws: np.random.Generator) -> NDArray[np.uint8]:
    """Change exposure and white balance in linear light, and let a soft shadow fall across."""
    linear = (pixels / 255.0) ** 2.2
    warm = draws.uniform(-0.1, 0.1)
    gains = draws.uniform(0.7, 1.15) * np.array([1 + warm, 1.0, 1 - warm])
    angle, (rows, columns) = draws.uniform(0, 2 * np.pi), np.mgrid[-1:1:128j, -1:1:128j]
    across = rows * np.sin(angle) + columns * np.cos(angle)
    shadow = 1 - draws.uniform(0, 0.2) / (1 + np.exp(-4 * across))
    lit = np.clip(linear * gains * shadow[..., None], 0, 1) ** (1 / 2.2)
    return (lit * 255).round().astype(np.uint8)


def _swap(garment: Garment, draws: np.random.Generator) -> Garment:
    """Ask for a colour that is plainly another."""
    own = find_colour(garment.colour or "")
    assert own is not None
    far = [word for word in COLOURS if _distance(word, own.lab) > FAR]
    return Garment(garment.kind, str(draws.choice(far)))


def _distance(word: str, lab: tuple[float, float, float]) -> float:
    colour = find_colour(word)
    assert colour is not None
    return float(difference(colour.lab, lab))


def _tell(what: str, counts: Counter[str], wanted: str) -> None:
    judged = counts[RIGHT] + counts[WRONG]
    rate = measure_rate(counts[wanted], judged)
    print(
        f"{what}: {counts[wanted]} of {judged} judged, {counts[wanted] / judged:.1%} "
        f"({rate.low:.1%} to {rate.high:.1%}); {dict(counts)}"
    )


if __name__ == "__main__":
    main()
