"""Tensors kept by the hash of what they were made from, in files that are memory-mapped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from couturier.files import hash_json, replace_whole


class TensorStore:
    """Tensors by key in memory-mapped files that are only ever added to, each one whole.

    Attributes:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Any] = {}
        self.reopen()

    def reopen(self) -> None:
        """Look again at what is there: other processes may have written."""
        for shard in sorted(self.folder.glob("*.safetensors")):
            self._open(shard)

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def read(self, key: str) -> Tensor:
        """Read one tensor; KeyError where it was never written."""
        tensor: Tensor = self._files[key].get_tensor(key)
        return tensor

    def write(self, tensors: Mapping[str, Tensor]) -> None:
        """Add tensors in a file of their own, named by what it holds: processes never collide."""
        shard = self.folder / f"{hash_json(sorted(tensors))[:16]}.safetensors"
        with replace_whole(shard) as temporary:
            save_file(dict(tensors), temporary)
        self._open(shard)

    def _open(self, shard: Path) -> None:
        try:
            file = safe_open(shard, framework="pt", device="cpu")
        except (SafetensorError, OSError):
            shard.unlink(missing_ok=True)  # damaged: what it held is computed anew
            return
        keys: list[str] = list(file.keys())  # type: ignore[no-untyped-call]
        self._files |= dict.fromkeys(keys, file)
