"""The looks' vectors, kept beside their scores so that a second run embeds only what is new."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from couturier.files import replace_whole

VECTORS_FILE = "embeddings.safetensors"

Vector = NDArray[np.float32]


def write_vectors(folder: Path, vectors: Mapping[str, Vector]) -> None:
    """Write one vector a score key; nothing where there are none."""
    if not vectors:
        (folder / VECTORS_FILE).unlink(missing_ok=True)
        return
    matrix = np.stack(list(vectors.values())).astype(np.float32)
    with replace_whole(folder / VECTORS_FILE) as temporary:
        save_file({"vectors": matrix}, temporary, {"keys": json.dumps(list(vectors))})


def read_vectors(folder: Path) -> dict[str, Vector]:
    """Read them; a file that is not there or damaged only means embedding anew."""
    file = folder / VECTORS_FILE
    try:
        with safe_open(file, framework="np") as data:
            keys = json.loads(data.metadata()["keys"])
            matrix = data.get_tensor("vectors").astype(np.float32)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return {}
    return dict(zip(keys, matrix, strict=False))
