"""Measure the colour judge on real photographs: the shop's colour word against the colour seen.

    python benchmarks/colour_agreement.py ../shared/fashion-products --held-out
    python benchmarks/colour_agreement.py ../shared/catalogue --segmenter none

A row counts where it states one colour word that couturier knows and neither title nor copy speaks
of a print or a second colour. `--held-out` keeps to the photographs the embedded base and its
segmenter were never trained on. What is "unsure" or "missing" is counted apart.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from couturier.evaluate.statistics import measure_rate
from couturier.garments.colours import find_colour
from couturier.garments.kinds import find_kind
from couturier.garments.records import Garment
from couturier.mini.locate import find_mini
from couturier.vision.receipts import read_receipt
from couturier.vision.records import RIGHT, WRONG, GarmentReceipt
from couturier.vision.segmenter import load_segmenter
from tools.mini.photos import Product, read_products

_SEVERAL = ("print", "stripe", "check", "graphic", "floral", "multi", "plaid", "colour", "and ")


def main() -> None:
    """Measure and print."""
    options = _read_options()
    segmenter = None if options.segmenter == "none" else load_segmenter(_find(options.segmenter))
    rows = list(_list_rows(options.data, held_out=options.held_out))[:: options.every]
    verdicts: Counter[str] = Counter()
    misses: Counter[tuple[str, str]] = Counter()
    started_s = time.perf_counter()
    for path, garment in rows:
        with Image.open(path) as picture:
            (entry,) = read_receipt(picture.convert("RGB"), [garment], segmenter)
        verdicts[entry.verdict] += 1
        if entry.verdict == WRONG:
            misses[_confusion(entry)] += 1
    _tell(verdicts, misses, seconds=time.perf_counter() - started_s)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--segmenter", default="mini", help="mini, a folder, or none")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="take every n-th row only")
    return parser.parse_args()


def _find(name: str) -> Path:
    return find_mini() / "segmenter" if name == "mini" else Path(name)


def _list_rows(data: Path, *, held_out: bool) -> Iterator[tuple[Path, Garment]]:
    pictures = {path.stem: path for path in (data / "images").iterdir()}
    for image_id, kind, colour, words in _read_rows(data, held_out=held_out):
        several = any(sign in words.lower() for sign in _SEVERAL)
        if kind and not several and image_id in pictures and find_colour(colour):
            yield pictures[image_id], Garment(kind, colour.lower())


def _read_rows(data: Path, *, held_out: bool) -> Iterator[tuple[str, str | None, str, str]]:
    """Give (id, kind, colour word, title and copy) of each row that states one colour."""
    rows: Any = json.loads((data / "product_data.json").read_text("utf-8"))
    if isinstance(rows, dict):
        products: list[Product] = read_products(data)
        for product in products:
            if product.held_out or not held_out:
                yield product.image_id, find_kind(product.article), product.colour, product.title
        return
    for row in rows:
        colours = row.get("colors") or []
        if len(colours) == 1:
            words = f"{row.get('title') or ''} {row['description']}"
            yield row["image_id"], find_kind(row["category"]), colours[0], words


def _confusion(entry: GarmentReceipt) -> tuple[str, str]:
    return entry.asked or "", entry.seen or ""


def _tell(verdicts: Counter[str], misses: Counter[tuple[str, str]], *, seconds: float) -> None:
    n = sum(verdicts.values())
    rate = measure_rate(verdicts[RIGHT], verdicts[RIGHT] + verdicts[WRONG])
    share = rate.right / rate.n if rate.n else 0.0
    print(f"{n} rows, {1000 * seconds / max(n, 1):.0f} ms each: {dict(verdicts)}")
    print(
        f"agreement where judged: {rate.right} of {rate.n}, {share:.1%} "
        f"(95 % interval {rate.low:.1%} to {rate.high:.1%}); judged {rate.n / max(n, 1):.1%}"
    )
    for (asked, seen), count in misses.most_common(15):
        print(f"  {count:4d}  said {asked}, seen {seen}")


if __name__ == "__main__":
    sys.exit(main())
