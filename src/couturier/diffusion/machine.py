"""What this machine has: device, precision, memory, disk, and the bases that load without a net."""

import shutil
from pathlib import Path
from typing import Any

import psutil
import torch
from huggingface_hub import scan_cache_dir
from huggingface_hub.errors import CacheNotFound

from couturier.diffusion.bases import MINI, resolve_base
from couturier.diffusion.device import choose_placement
from couturier.diffusion.families import read_family
from couturier.errors import CouturierError


def describe_machine() -> dict[str, Any]:
    """Tell device, precision and why, threads, memory and the room on the disk stood on.

    Returns:
        Plain values under fixed names; memory and disk in GB (10**9 bytes).
    """
    placement = choose_placement()
    memory = psutil.virtual_memory()
    facts = {
        "device": placement.device,
        "precision": placement.precision,
        "why": placement.why,
        "threads": torch.get_num_threads(),
        "memory_gb": round(memory.total / 1e9, 1),
        "memory_free_gb": round(memory.available / 1e9, 1),
        "disk_free_gb": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
    }
    if placement.device == "cuda":
        gpu = torch.cuda.get_device_properties(0)
        facts |= {"gpu": gpu.name, "gpu_memory_gb": round(gpu.total_memory / 1e9, 1)}
    return facts


def list_bases() -> dict[str, str]:
    """Name the bases that load here without a network, with their folders.

    Returns:
        "mini", and every Stable Diffusion of a known family in the hub's local cache.
    """
    found = {MINI: str(resolve_base(MINI))}
    for name, folder in _find_cached():
        try:
            read_family(folder)
        except CouturierError:
            continue
        found[name] = str(folder)
    return found


def _find_cached() -> list[tuple[str, Path]]:
    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return []
    return [
        (repository.repo_id, revision.snapshot_path)
        for repository in cache.repos
        if repository.repo_type == "model"
        for revision in repository.revisions
    ]
