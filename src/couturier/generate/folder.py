"""The looks folder: numbered pictures that are never overwritten, and a line for each."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter

from couturier.errors import LooksError, StorageError
from couturier.files import append_json_line, replace_whole, write_text
from couturier.generate.metadata import Making, read_making, write_picture
from couturier.generate.records import (
    LOOKS_FILE,
    QUARANTINE_FOLDER,
    REVIEW_FOLDER,
    SAFETY_LOG,
    Look,
    append_look,
    find_original,
    read_looks,
)
from couturier.generate.signing import Sign

_NAME = re.compile(r"(\d+)-\d+\.png")


class LooksFolder:
    """A folder of looks that is being added to.

    Args:
        path: The folder.
        sign: From `signing.load_signer`; signs every picture written.

    Raises:
        LooksError: `looks.jsonl` there holds a line that is no look.
        StorageError: there is a file in the folder's place.
    """

    def __init__(self, path: Path, *, sign: Sign | None = None) -> None:
        self.path = path
        self._sign = sign
        _require_folder(path)
        _drop_half_line(path / LOOKS_FILE)
        self.looks = list(read_looks(path)) if (path / LOOKS_FILE).is_file() else []
        self._adopt_orphans()
        self._next = max(self._numbers(), default=0) + 1

    def add(
        self,
        image: Image.Image,
        making: Making,
        *,
        seconds: float,
        notes: list[str],
        hide: str = "black",
    ) -> Look:
        """Write a picture and then its line; what must not be shown is first kept apart.

        Args:
            image: As drawn.
            making: How it was made.
            seconds: What it took.
            notes: What the user should know.
            hide: "black" or "blur": what is shown in place of a blocked or doubtful picture.

        Returns:
            The look as recorded.
        """
        name = f"{self._next:04d}-{making.seed}.png"
        self._next += 1
        verdict = making.safety["verdict"]
        shown = image
        if (original := find_original(self.path, name, verdict)) != self.path / name:
            self._write(original, image, making)
            shown = _hide(image, hide)
        self._write(self.path / name, shown, making)
        look = _to_look(name, making)
        extra = {**look.extra, **({"notes": notes} if notes else {})}
        return self._record(replace(look, seconds=round(seconds, 3), extra=extra))

    def keep_apart(self, image: Image.Image, making: Making, *, seed: int) -> str:
        """Keep a picture that a new seed replaced; gives its path in the folder."""
        name = f"{self._next:04d}-{seed}.png"
        path = find_original(self.path, name, making.safety["verdict"])
        self._write(path, image, making)
        return str(path.relative_to(self.path))

    def log_safety(self, row: dict[str, Any]) -> None:
        """Add a decision to the safety log."""
        append_json_line(self.path / SAFETY_LOG, row)

    def _record(self, look: Look) -> Look:
        append_look(self.path, look)
        self.looks.append(look)
        return look

    def _write(self, path: Path, image: Image.Image, making: Making) -> None:
        with replace_whole(path) as temporary:
            write_picture(temporary, image, making)
            if self._sign:
                temporary.write_bytes(self._sign(temporary.read_bytes(), path.name))

    def _adopt_orphans(self) -> None:
        """Record pictures whose line was lost: a run was killed between the two."""
        known = {look.file for look in self.looks}
        orphans = (p for p in sorted(self.path.glob("*.png")) if p.name not in known)
        for picture in orphans:
            if _NAME.fullmatch(picture.name):
                try:
                    self._record(_to_look(picture.name, read_making(picture)))
                except LooksError:  # somebody else's picture that happens to be called so
                    continue

    def _numbers(self) -> list[int]:
        names = [look.file for look in self.looks]
        names += [p.name for p in self.path.glob("*.png")]
        for apart in (QUARANTINE_FOLDER, REVIEW_FOLDER):
            names += [p.name for p in self.path.glob(f"{apart}/*.png")]
        return [int(found[1]) for name in names if (found := _NAME.fullmatch(name))]


def _hide(image: Image.Image, how: str) -> Image.Image:
    """Make a picture unrecognisable: black, or blurred beyond a twelfth of its longer side."""
    if how == "black":
        return Image.new("RGB", image.size)
    blur = ImageFilter.GaussianBlur(max(image.size) / 12)
    return image.convert("RGB").filter(blur)


def _require_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise StorageError(f"{path}: a file, not a folder", fix="give another --out folder")


def _drop_half_line(lines: Path) -> None:
    """Cut off a last line that a full disk or a crash left unfinished; its picture is adopted."""
    data = lines.read_bytes() if lines.is_file() else b""
    if data and not data.endswith(b"\n"):
        write_text(lines, data[: data.rfind(b"\n") + 1].decode("utf-8", errors="replace"))


def _to_look(name: str, making: Making) -> Look:
    fields: dict[str, Any] = {
        "prompt": making.prompt,
        "seed": making.seed,
        "settings": making.settings,
        "safety": making.safety,
        "receipt": making.receipt,
    }
    if making.faithful:  # the masks of what was recoloured stay in the picture
        kinds = [change["kind"] for change in making.faithful["changes"]]
        told = {**making.faithful, "changes": kinds}
        fields["extra"] = {"faithful": told}
    return Look(file=name, **fields)
