"""Safetensors files of adapters: read with their metadata, refused where damaged, written whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from couturier.errors import AdapterError
from couturier.files import replace_whole


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a file's matrices and metadata.

    Raises:
        AdapterError: it is missing, truncated, no safetensors, empty, or holds NaN or Inf.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError) as fault:
        raise AdapterError(
            f"{path}: no readable safetensors file ({fault})",
            fix="the file is missing or damaged: copy it anew, or train again",
        ) from fault
    if not tensors:
        raise AdapterError(f"{path}: holds no weights", fix="copy it anew, or train again")
    require_finite(path, tensors)
    return tensors, metadata


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Path:
    """Write a file, whole or not at all; the same tensors give the same bytes.

    Raises:
        AdapterError: a matrix holds NaN or Inf; nothing is written.
    """
    require_finite(path, tensors)
    contiguous = {key: tensor.contiguous() for key, tensor in tensors.items()}
    with replace_whole(path) as temporary:
        save_file(contiguous, temporary, metadata={"format": "pt", **metadata})
        _sort_header(temporary)
    return path


def hash_tensors(path: Path) -> str:
    """Give the hash of a file's matrices without its header: what A1111 calls the LoRA's hash."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    return hashlib.sha256(data[start:]).hexdigest()


def require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse matrices with NaN or Inf.

    Raises:
        AdapterError: names the file and the first such matrix.
    """
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise AdapterError(
                f"{path}: {name} holds NaN or Inf",
                fix="the training went astray: lower train.learning_rate or use fp32, train again",
            )


def _sort_header(path: Path) -> None:
    """Put a safetensors header in order, which its library leaves to chance.

    So the same training gives the same file, byte for byte. The layout is the length of the
    header (8 bytes, little end first), the header as JSON, then the matrices.
    """
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # the matrices stay aligned
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])
