"""Measures the doctor's colour doubts: how many sound rows it doubts, how many false ones it finds.

    python -m benchmarks.colour_words ../shared/fashion-products [--every 3]

Rows of one garment and one known colour on a plain ground; each is judged as it stands (the shop's
words are right nearly always, so that a doubt counts as false) and with its colour word changed for
a random basic one of another family.
"""

import argparse
import random
import time
from pathlib import Path

from PIL import Image

from couturier.catalogue.read import read_catalogue
from couturier.dataset.colour_words import doubt_colour
from couturier.dataset.seen import see_garments
from couturier.garments.colours import BASIC, find_colour
from couturier.garments.records import Garment
from couturier.vision.foreground import read_palette


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th row only")
    options = parser.parse_args()
    catalogue = read_catalogue(options.data / "product_data.json", images=options.data / "images")
    rng, n, doubted, caught, spent_s = random.Random(0), 0, 0, 0, 0.0
    for product in catalogue.products[:: options.every]:
        garments = see_garments(product)
        known = find_colour(garments[0].colour or "") if len(garments) == 1 else None
        if known is None or not product.pictures:
            continue
        with Image.open(product.pictures[0]) as picture:
            image = picture.convert("RGB")
        start_s = time.perf_counter()
        palette = read_palette(image)
        spent_s += time.perf_counter() - start_s
        if palette is None:
            continue
        n += 1
        other = rng.choice([base for base in BASIC if base != known.base])
        doubted += doubt_colour(garments, [palette]) is not None
        caught += doubt_colour([Garment(garments[0].kind, other)], [palette]) is not None
    print(f"{n} rows, {1000 * spent_s / n:.1f} ms a palette")
    print(f"doubted as they stand: {doubted} ({doubted / n:.2%})")
    print(f"doubted with another colour word: {caught} ({caught / n:.1%})")


if __name__ == "__main__":
    main()
