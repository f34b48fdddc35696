"""How many planted copies are found, and how often a new picture is called one.

    python -m benchmarks.copies /path/to/fashion-products --pictures 400

Products are parted by name (without its colour words) into known ones, new ones to calibrate on
and new ones to measure on. New ones that are known after all count apart: the same product spelt
otherwise ("Girl" and "Girls"), or the very photograph in another row, told by its perceptual hash
(pHash, up to 6 of 64 bits), which the search itself does not use. Known pictures are planted as
copies: cropped, turned, recompressed, recoloured and all of it at once. The threshold is set on
the first half and measured on the other.
"""

import argparse
import io
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from imagehash import phash
from PIL import Image, ImageEnhance, ImageOps
from scipy.stats import binomtest

from couturier.seeds import MAX_SEED, derive_seed
from couturier.vision.copies import CopyIndex

LOOK_PX = 128
KNOWN_SHARE, CALIBRATE_SHARE = 0.6, 0.2
_WORDS = "navy multi coloured"
_COLOURS = (
    "black white red blue green yellow orange pink purple brown grey navy maroon beige cream olive "
    "teal silver gold copper rust tan coffee lavender magenta mustard peach turquoise khaki "
    "burgundy charcoal bronze nude mauve skin off multi"
)
# Words that part no product from another: colours, and for whom it is. Without their last "s".
_WEARERS = "men women unisex kid girl boy c"
_SAID_ANYWAY = frozenset(f"{_COLOURS} {_WEARERS}".split())
NEW, KNOWN_ANYWAY = "new", "known anyway"
_SAME_BITS = 6


@dataclass(frozen=True)
class Found:
    """One picture searched for."""

    kind: str
    score: float
    right: bool
    name: str
    nearest: str


def crop(image: Image.Image, draw: random.Random, *, least: float = 0.6) -> Image.Image:
    """Cut a window of 60 to 95 % a side out."""
    share = draw.uniform(least, 0.95)
    width, height = int(image.width * share), int(image.height * share)
    left, top = draw.randint(0, image.width - width), draw.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def turn(image: Image.Image, draw: random.Random) -> Image.Image:
    """Turn left to right."""
    return ImageOps.mirror(image)


def recompress(image: Image.Image, draw: random.Random) -> Image.Image:
    """Compress as JPEG of quality 15 to 50."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=draw.randint(15, 50))
    return Image.open(data).convert("RGB")


def turn_hue(image: Image.Image, draw: random.Random) -> Image.Image:
    """Turn all hues."""
    pixels = np.array(image.convert("HSV")).astype(int)
    pixels[..., 0] = (pixels[..., 0] + draw.randint(40, 215)) % 256
    return Image.fromarray(pixels.astype(np.uint8), "HSV").convert("RGB")


def dye(image: Image.Image, draw: random.Random) -> Image.Image:
    """Dye what stands off the ground in a random colour that keeps light and shade."""
    pixels = np.asarray(image).astype(float)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    shown = np.clip(np.abs(pixels - np.median(rim, 0)).max(-1) / 40, 0, 1)[..., None]
    light = pixels.mean(-1, keepdims=True) / 255
    middle = max(float(np.median(light[shown > 0.5])) if (shown > 0.5).any() else 0.5, 0.08)
    colour = np.array([draw.uniform(0, 255) for _ in range(3)])
    dyed = np.clip(colour * (light / middle) ** 0.8, 0, 255)
    return Image.fromarray((pixels * (1 - shown) + dyed * shown).astype(np.uint8))


def light(image: Image.Image, draw: random.Random) -> Image.Image:
    """Change brightness and contrast by up to 30 %."""
    brighter = ImageEnhance.Brightness(image).enhance(draw.uniform(0.7, 1.3))
    return ImageEnhance.Contrast(brighter).enhance(draw.uniform(0.7, 1.3))


def halve(image: Image.Image, draw: random.Random) -> Image.Image:
    """Halve the size."""
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)


def do_all(image: Image.Image, draw: random.Random) -> Image.Image:
    """Turn every second, crop to 75 % or more a side, dye, recompress."""
    turned = ImageOps.mirror(image) if draw.random() < 0.5 else image
    return recompress(dye(crop(turned, draw, least=0.75), draw), draw)


DEEDS: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "cropped": crop,
    "turned": turn,
    "recompressed": recompress,
    "hues turned": turn_hue,
    "dyed": dye,
    "lighter or darker": light,
    "halved": halve,
    "all at once": do_all,
}


def as_look(image: Image.Image) -> Image.Image:
    """Make a picture a square look of mini's size, padded with its ground, else with white."""
    pixels = np.asarray(image).astype(int)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(rim, axis=0)
    plain = (np.abs(rim - ground).max(-1) < 12).mean() > 0.5
    colour = tuple(int(value) for value in ground) if plain else (255, 255, 255)
    return ImageOps.pad(image, (LOOK_PX, LOOK_PX), color=colour, method=Image.Resampling.BICUBIC)


def part_products(rows: dict[str, dict[str, str]]) -> tuple[list[str], list[str], list[str]]:
    """Part picture ids into known ones and new ones to calibrate and to measure on."""
    colours = sorted({row["base_colour"].lower() for row in rows.values()}, key=len, reverse=True)
    words = re.compile(r"\b(" + "|".join([*map(re.escape, colours), *_WORDS.split()]) + r")\b")
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for image_id in sorted(rows):
        product = " ".join(words.sub("", rows[image_id]["title"].lower()).split())
        lot = derive_seed(0, "copies", product) / (MAX_SEED + 1)
        parts[(lot >= KNOWN_SHARE) + (lot >= KNOWN_SHARE + CALIBRATE_SHARE)].append(image_id)
    return parts


def name_family(title: str) -> frozenset[str]:
    """Name a product's family: its words without colours, for whom it is, plurals and codes."""
    words = (word.rstrip("s") for word in re.findall(r"[a-z0-9&]+", title.lower()))
    return frozenset(word for word in words if word not in _SAID_ANYWAY and word[:1].isalpha())


def find_known(
    folder: Path, rows: dict[str, dict[str, str]], new: list[str], known: list[str]
) -> set[str]:
    """Find the new pictures whose product or photograph is known after all."""
    families = {name_family(rows[image_id]["title"]) for image_id in known}
    hashes = np.stack([_hash(picture) for _, picture in open_pictures(folder, known)])
    return {
        image_id
        for image_id, picture in open_pictures(folder, new)
        if name_family(rows[image_id]["title"]) in families
        or (hashes != _hash(picture)).sum(1).min() <= _SAME_BITS
    }


def _hash(picture: Image.Image) -> np.ndarray:
    return np.asarray(phash(picture).hash).ravel()


def open_pictures(folder: Path, ids: list[str]) -> Iterator[tuple[str, Image.Image]]:
    """Open packshots one after the other."""
    for image_id in ids:
        with Image.open(folder / "images" / f"{image_id}.webp") as picture:
            yield image_id, picture.convert("RGB")


def plant(index: CopyIndex, folder: Path, ids: list[str]) -> list[Found]:
    """Plant each picture with one deed after the other, and search for it."""
    found = []
    deeds = list(DEEDS.items())
    for number, (image_id, picture) in enumerate(open_pictures(folder, ids)):
        kind, deed = deeds[number % len(deeds)]
        draw = random.Random(derive_seed(0, image_id, kind))
        found.append(_search(index, as_look(deed(picture, draw)), image_id, kind))
    return found


def _search(index: CopyIndex, look: Image.Image, image_id: str, kind: str) -> Found:
    match = index.find(look)
    assert match is not None
    return Found(kind, match.score, match.name == image_id, image_id, match.name)


def choose_threshold(copies: list[Found], new: list[Found]) -> float:
    """Choose the threshold that leaves as large a share of either side wrong."""
    marks = sorted({found.score for found in copies + new})
    return min(
        marks,
        key=lambda mark: max(
            sum(c.score < mark for c in copies) / len(copies),
            sum(n.score >= mark for n in new) / len(new),
        ),
    )


def tell(name: str, count: int, n: int) -> dict[str, object]:
    """Give a rate with its Wilson interval."""
    interval = binomtest(count, n).proportion_ci(0.95, method="wilson")
    return {
        "what": name,
        "count": count,
        "n": n,
        "share": round(count / n, 4),
        "interval": [round(interval.low, 4), round(interval.high, 4)],
    }


def main() -> None:
    """Calibrate, measure, print; --json writes every score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=400, help="of each side and half")
    parser.add_argument("--known", type=int, default=10_000, help="known pictures at most")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = json.loads((given.data / "product_data.json").read_text(encoding="utf-8"))
    known, calibrate, measure = part_products(rows)
    draw = random.Random(2)
    known = draw.sample(known, min(given.known, len(known)))
    start = time.perf_counter()
    index = CopyIndex(open_pictures(given.data, known))
    built_s = time.perf_counter() - start
    shown = draw.sample(known, 2 * given.pictures)
    start = time.perf_counter()
    halves: list[tuple[list[Found], list[Found]]] = []
    for planted, new in (
        (shown[: given.pictures], calibrate),
        (shown[given.pictures :], measure),
    ):
        copies = plant(index, given.data, planted)
        ids = draw.sample(new, min(given.pictures, len(new)))
        anyway = find_known(given.data, rows, ids, known)
        others = [
            _search(index, as_look(picture), image_id, KNOWN_ANYWAY if image_id in anyway else NEW)
            for image_id, picture in open_pictures(given.data, ids)
        ]
        halves.append((copies, others))
    searched_s = (time.perf_counter() - start) / (4 * given.pictures)
    copies, others = halves[0]
    threshold = choose_threshold(copies, [one for one in others if one.kind == NEW])
    copies, others = halves[1]
    report = {
        "known pictures": len(known),
        "seconds to learn": round(built_s, 1),
        "seconds a picture": round(searched_s, 3),
        "threshold": round(threshold, 3),
        "rates": [
            tell("copies found", sum(c.score >= threshold for c in copies), len(copies)),
            tell("copies traced to their source", sum(c.right for c in copies), len(copies)),
            *[
                tell(
                    f"{kind} pictures called copies",
                    sum(o.score >= threshold for o in others if o.kind == kind),
                    sum(o.kind == kind for o in others),
                )
                for kind in (NEW, KNOWN_ANYWAY)
            ],
            *[
                tell(
                    kind,
                    sum(c.score >= threshold for c in copies if c.kind == kind),
                    sum(c.kind == kind for c in copies),
                )
                for kind in DEEDS
            ],
        ],
    }
    print(json.dumps(report, indent=2))
    if given.json:
        every = [vars(found) for half in halves for side in half for found in side]
        given.json.write_text(json.dumps({**report, "found": every}), encoding="utf-8")


if __name__ == "__main__":
    main()
