"""The pictures of a looks folder: those its record lists, and those that merely lie there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from couturier.errors import LooksError
from couturier.generate.records import LOOKS_FILE, find_original, read_looks

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_NEGATIVE = "\nNegative prompt:"
_STEPS = "\nSteps:"


@dataclass(frozen=True)
class Picture:
    """One picture to score.

    Attributes:
        file: Its name in the looks folder.
        path: What is measured: the original where the shown one was blacked out.
        prompt: The sentence; None where neither record nor picture tells it.
        seed: Of the starting noise; None where unknown.
        safety: The look's safety verdict; {} where unknown.
        palette: The brand's colours it was drawn by, hex values by name; {} for none.
    """

    file: str
    path: Path
    prompt: str | None
    seed: int | None = None
    safety: dict[str, Any] = field(default_factory=dict)
    palette: dict[str, str] = field(default_factory=dict)


class UnreadablePictureError(Exception):
    """A file that is no picture, or only half of one; its text says why."""


def list_pictures(folder: Path) -> list[Picture]:
    """List what is to be scored: recorded looks in drawing order, then stray pictures by name.

    Raises:
        LooksError: no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise LooksError(
            f"{folder}: no such folder",
            fix='draw pictures with `couturier generate "a red dress" --out DIR`',
        )
    recorded = list(_read_recorded(folder)) if (folder / LOOKS_FILE).is_file() else []
    known = {picture.file for picture in recorded}
    strays = [
        Picture(path.name, path, prompt=_read_prompt(path))
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _SUFFIXES and path.name not in known
    ]
    if not recorded and not strays:
        raise LooksError(
            f"{folder}: no pictures in it",
            fix=f'draw some with `couturier generate "a red dress" --out {folder}`',
        )
    return recorded + strays


def open_picture(path: Path) -> Image.Image:
    """Open a picture and decode all of it.

    Raises:
        UnreadablePictureError: it is not there, no picture, or cut short.
    """
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except UnidentifiedImageError as fault:
        raise UnreadablePictureError("no picture in it") from fault
    except FileNotFoundError as fault:
        raise UnreadablePictureError("the file is not there") from fault
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
        raise UnreadablePictureError(f"broken: {fault}") from fault


def _read_recorded(folder: Path) -> Iterator[Picture]:
    for look in read_looks(folder):
        original = find_original(folder, look.file, look.safety.get("verdict"))
        kept = original != folder / look.file and original.is_file()
        path = original if kept else folder / look.file
        yield Picture(
            look.file,
            path,
            prompt=look.prompt,
            seed=look.seed,
            safety=look.safety,
            palette=look.settings.get("palette", {}),
        )


def _read_prompt(path: Path) -> str | None:
    """Read the prompt from the `parameters` text that AUTOMATIC1111 defined; None without."""
    try:
        with Image.open(path) as picture:
            parameters = picture.info.get("parameters")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if not isinstance(parameters, str):
        return None
    return parameters.split(_NEGATIVE)[0].split(_STEPS)[0].strip() or None
