"""Wildcards: words of a prompt drawn by lot, the same ones for the same seed.

`{red|blue|navy}` stands for one of the words in it, `__colour__` for one line of `colour.txt` in
the wildcards folder. What was drawn stands in the picture's own prompt, so replay needs neither.
"""

import re
from pathlib import Path

import numpy as np

from couturier.errors import LooksError
from couturier.seeds import derive_seed

_CHOICE = re.compile(r"\{([^{}|]*(?:\|[^{}|]*)+)\}")
_NAME = re.compile(r"__([A-Za-z0-9][A-Za-z0-9 -]*(?:_[A-Za-z0-9 -]+)*)__")
_DEEPEST = 8


def draw_words(prompt: str, seed: int, folder: Path | None, place: str) -> str:
    """Draw the wildcards of a prompt.

    Args:
        prompt: The sentence; without wildcards it comes back as it is.
        seed: Of the picture.
        folder: Holds NAME.txt for every `__NAME__`, one choice a line; lines may hold wildcards.
        place: Where the prompt was written, for messages.

    Raises:
        LooksError: a list is missing or empty, or lists name one another without end.
    """
    lot = np.random.default_rng(derive_seed(seed, "wildcards", prompt))
    for _ in range(_DEEPEST):
        before = prompt
        prompt = _NAME.sub(lambda found: _pick(_read(found[1], folder, place), lot), prompt)
        prompt = _CHOICE.sub(lambda found: _pick(found[1].split("|"), lot), prompt)
        if prompt == before:
            return prompt
    raise LooksError(
        f"{place}: its wildcards name one another without end",
        fix="let no line of a list name that list again",
    )


def _pick(choices: list[str], lot: np.random.Generator) -> str:
    return choices[int(lot.integers(len(choices)))].strip()


def _read(name: str, folder: Path | None, place: str) -> list[str]:
    if folder is None:
        raise LooksError(
            f"{place}: __{name}__ names a list, and no folder of lists was given",
            fix=f"give the folder that holds {name}.txt with --wildcards, or leave out the __",
        )
    path = folder / f"{name}.txt"
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as fault:
        raise LooksError(
            f"{place}: {path} cannot be read ({getattr(fault, 'strerror', None) or fault})",
            fix="write one choice a line into that file",
        ) from fault
    choices = [line for line in lines if line and not line.startswith("#")]
    if not choices:
        raise LooksError(f"{place}: {path} is empty", fix="write one choice a line into it")
    return choices
