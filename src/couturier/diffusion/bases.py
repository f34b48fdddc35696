"""Where a base lies: comes along, a folder, or the hub's cache; fetched from the hub last."""

import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from couturier.errors import BaseModelError
from couturier.mini.locate import find_mini

MINI = "mini"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CONNECT_WAIT_S = 5.0
_HUB_FILES = [
    "model_index.json",
    "*/*.json",
    "*/merges.txt",
    "*/model.safetensors",
    "*/diffusion_pytorch_model.safetensors",
    "*/*-of-*.safetensors",
]


def resolve_base(base: str) -> Path:
    """Find the folder a base's name means.

    Args:
        base: "mini", a folder in diffusers' format, or a hub id such as
            "CompVis/stable-diffusion-v1-4": taken from the local cache, else downloaded.

    Raises:
        BaseModelError: there is none, or no way to get it; told within seconds.
    """
    if base == MINI:
        return find_mini()
    folder = Path(base).expanduser()
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise BaseModelError(
                f"{folder}: no base model there (no model_index.json)",
                fix="give the folder that holds model_index.json, unet/, vae/ and text_encoder/",
            )
        return folder
    if not _HUB_ID.fullmatch(base):
        raise BaseModelError(
            f"{base}: no such base model",
            fix="give 'mini', a folder in diffusers' format, or a hub id such as OWNER/NAME",
        )
    return _fetch_from_hub(base)


def find_base(base: str) -> Path | None:
    """Find a base's folder without asking the hub; None where it is not on this machine."""
    if base == MINI or Path(base).expanduser().is_dir():
        try:
            return resolve_base(base)
        except BaseModelError:
            return None
    return _find_in_cache(base)


def _find_in_cache(base: str) -> Path | None:
    try:
        return _require_whole(snapshot_download(base, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, BaseModelError):
        return None  # not here, or only a part of it


def _fetch_from_hub(base: str) -> Path:
    if found := _find_in_cache(base):
        return found
    try:
        return _require_whole(
            snapshot_download(base, allow_patterns=_HUB_FILES, etag_timeout=_CONNECT_WAIT_S)
        )
    except GatedRepoError as fault:
        raise BaseModelError(
            f"{base}: its owner asks for a licence to be accepted first",
            fix=f"accept it on the hub's page of {base}, run `hf auth login`, then try again",
        ) from fault
    except (RepositoryNotFoundError, HFValidationError) as fault:
        raise BaseModelError(
            f"{base}: no such base model on the hub, nor a folder here",
            fix="check the spelling, or give 'mini' or a folder in diffusers' format",
        ) from fault
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as fault:
        raise BaseModelError(
            f"{base}: not on this machine, and the hub cannot be reached",
            fix="connect to the network once, copy the base here and give its folder, or use "
            "--base mini",
        ) from fault


def _require_whole(snapshot: str) -> Path:
    folder = Path(snapshot)
    parts = ("unet", "vae", "text_encoder")
    if not all(any((folder / part).glob("*.safetensors")) for part in parts):
        raise BaseModelError(
            f"{folder}: holds no safetensors weights of {', '.join(parts)}",
            fix="choose a base that is published as safetensors in diffusers' folder format",
        )
    return folder
