"""Fuzzes the readers with atheris, guided by coverage, or with random damage where it is absent.

    pip install atheris
    python -m tools.fuzz --target rows|pictures|zip [--runs 100000] [--home build/fuzz]

Whatever is put in must be read or refused by an error of ours; anything else counts as fallen,
and the input is kept under --home. The first byte of an input chooses the format it is read as.
Prints how many inputs were tried, read, refused and fell.
"""

import argparse
import hashlib
import importlib
import json
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.seeds import make_files, make_pictures, make_zip

Target = Callable[[bytes], None]


class Tried:
    """Tries inputs on a target and counts what becomes of them."""

    def __init__(self, target: Target, home: Path, refusals: tuple[type[Exception], ...]) -> None:
        self._target = target
        self._home = home
        self._refusals = refusals
        self._started_s = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._fallen: set[str] = set()

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        began_s = time.monotonic()
        self.counts["tried"] += 1
        try:
            self._target(data)
            self.counts["read"] += 1
        except self._refusals:
            self.counts["refused"] += 1
        except Exception as fault:
            self.counts["fell"] += 1
            self._keep(data, fault)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
        if self.counts["tried"] % 500 == 0:
            self.tell()

    def tell(self) -> None:
        """Write down the counts so far: atheris ends the process by itself."""
        seconds = round(time.monotonic() - self._started_s)
        told = {**self.counts, "kinds of fall": len(self._fallen), "seconds": seconds}
        told["slowest_s"] = round(self.slowest_s, 2)
        (self._home / "counts.json").write_text(json.dumps(told))

    def _keep(self, data: bytes, fault: Exception) -> None:
        where = traceback.extract_tb(fault.__traceback__)[-1]
        kind = f"{type(fault).__name__} {Path(where.filename).name}:{where.lineno}"
        if kind not in self._fallen:
            self._fallen.add(kind)
            name = hashlib.sha256(data).hexdigest()[:12]
            (self._home / f"fell-{name}.bin").write_bytes(data)
            (self._home / f"fell-{name}.txt").write_text(traceback.format_exc())


def make_rows_target(home: Path) -> tuple[Target, list[bytes]]:
    """Product data of any format, read to its captions."""
    from couturier.catalogue.read import stream_catalogue
    from couturier.catalogue.records import Product
    from couturier.dataset.told import tell_row

    files = make_files()

    def target(data: bytes) -> None:
        name = files[(data[0] if data else 0) % len(files)][0]
        path = home / f"input-{name}"
        path.write_bytes(data[1:])
        for one in stream_catalogue(path, images=None):
            if isinstance(one, Product):
                tell_row(one, "auto")

    return target, [bytes([n]) + data for n, (_, data) in enumerate(files)]


def make_pictures_target(_: Path) -> tuple[Target, list[bytes]]:
    """Pictures, made plain, with their fingerprint and palette."""
    from couturier.dataset.fingerprints import take_fingerprint
    from couturier.dataset.opening import open_plainly, quiet_pillow
    from couturier.vision.foreground import read_palette

    def target(data: bytes) -> None:
        with quiet_pillow():
            plain = open_plainly(data, size_px=64, max_megapixels=4, background="#ffffff")
            take_fingerprint(plain.image)
            read_palette(plain.image)

    return target, [data for _, data in make_pictures()]


def make_zip_target(home: Path) -> tuple[Target, list[bytes]]:
    """Zips of pictures: listed, and every picture read."""
    from couturier.catalogue.archives import read_picture
    from couturier.catalogue.folders import list_pictures

    path = home / "shop.zip"

    def target(data: bytes) -> None:
        path.write_bytes(data)
        for name in list_pictures(path).list_unused():
            read_picture(path / name)

    return target, [make_zip()]


TARGETS = {"rows": make_rows_target, "pictures": make_pictures_target, "zip": make_zip_target}


def damage(data: bytes, draw: random.Random) -> bytes:
    """Cut out, put in and change a few bytes."""
    torn = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        at = draw.randint(0, len(torn))
        new = draw.choice([b"", b"\0", b'"', b"\xff\xfe", b"[" * 50, draw.randbytes(4)])
        torn[at : at + draw.choice([0, 1, 2, 8, 40])] = new
    return bytes(torn)


def main() -> None:
    """Fuzz one target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=TARGETS, default="rows")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--home", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    home = options.home / options.target
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    os.environ["COUTURIER_HOME"] = str(home / "home")
    atheris = _find_atheris()
    if atheris:
        with atheris.instrument_imports(include=["couturier"]):
            target, seeds = TARGETS[options.target](home)
    else:
        target, seeds = TARGETS[options.target](home)
    errors = importlib.import_module("couturier.errors")
    opening = importlib.import_module("couturier.dataset.opening")
    refusals = (errors.CouturierError, opening.UnusablePictureError)
    tried = Tried(target, home, (*refusals, *([OSError] if options.target == "zip" else [])))
    for n, seed in enumerate(seeds):
        (corpus / f"seed-{n}").write_bytes(seed)
    if atheris:
        limits = [f"-runs={options.runs}", "-max_len=16384", "-rss_limit_mb=4096", "-timeout=60"]
        atheris.Setup([sys.argv[0], str(corpus), *limits], tried)
        atheris.Fuzz()
    draw = random.Random(0)
    for _ in range(options.runs):
        tried(damage(draw.choice(seeds), draw))
    tried.tell()
    print((home / "counts.json").read_text())


def _find_atheris() -> Any:
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


if __name__ == "__main__":
    main()
