"""Hashes of a base's weights, computed once a file and remembered by size and time."""

from pathlib import Path
from typing import Any

from couturier.errors import StorageError
from couturier.files import find_home, hash_file, hash_json, read_json, write_json

HASHED_PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")


def hash_base(folder: Path) -> str:
    """Give one hash of a base's UNet, autoencoder and text encoders' weights.

    The first time reads every byte (10 s for SD 1.4); afterwards only sizes and times are looked
    at. The files' hashes are remembered in `hashes.json` of the home folder.

    Args:
        folder: A base in diffusers' folder format.

    Returns:
        64 hex digits.
    """
    files = sorted(file for part in HASHED_PARTS for file in (folder / part).glob("*.safetensors"))
    known = _read_known()
    rows = [[str(file.relative_to(folder)), _hash_once(file, known)] for file in files]
    if known != _read_known():
        _remember(known)
    return hash_json(rows)


def _hash_once(file: Path, known: dict[str, Any]) -> str:
    real = file.resolve()
    status = real.stat()
    key = f"{real}:{status.st_size}:{status.st_mtime_ns}"
    if key not in known:
        known[key] = hash_file(real)
    return str(known[key])


def _read_known() -> dict[str, Any]:
    path = find_home() / "hashes.json"
    try:
        return dict(read_json(path)) if path.is_file() else {}
    except (StorageError, TypeError, ValueError):
        return {}  # a damaged memory costs time, nothing else


def _remember(known: dict[str, Any]) -> None:
    try:
        write_json(find_home() / "hashes.json", known)
    except StorageError:
        return  # a home that cannot be written to costs time, nothing else
