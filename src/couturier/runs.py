"""What every run folder says of itself: when, with what, from what, and how it ended."""

import importlib.metadata
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from couturier.files import read_json, write_json

FORMAT = 1

OnStep = Callable[[int, int, str], None]
"""Long work tells how many are done, how many there are (0: not known yet), and a short note."""

_PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors", "Pillow")


def write_manifest(
    folder: Path, stage: str, *, status: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Write `manifest.json` of a stage's folder.

    Args:
        folder: The run folder.
        stage: "dataset", "train", "generate", "evaluate" or "report".
        status: "running", "done" or "stopped".
        facts: What the stage adds: counts, settings, hashes of what went in.
    """
    manifest = {
        "format": FORMAT,
        "stage": stage,
        "status": status,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **(facts or {}),
        "versions": list_versions(),
        "source": find_commit(),
    }
    write_json(folder / "manifest.json", manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read `manifest.json`; an empty dictionary where there is none."""
    path = folder / "manifest.json"
    return dict(read_json(path)) if path.is_file() else {}


def list_versions() -> dict[str, str]:
    """Name the versions a result depends on: couturier, Python, platform, model libraries."""
    versions = {"couturier": couturier_version(), "python": platform.python_version()}
    versions["platform"] = f"{platform.system()}-{platform.machine()}"
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def couturier_version() -> str:
    """Give couturier's own version, as in "0.1.0"."""
    return importlib.metadata.version("couturier")


def find_commit() -> dict[str, Any]:
    """Name the commit couturier runs from and whether files were changed since; {} if installed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return {}
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": bool(changed)} if commit else {}


def _git(root: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
