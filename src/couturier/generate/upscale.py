"""Upscaling: a drawn picture made larger by a model file of ESRGAN's kin, read through spandrel."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from couturier.diffusion.adapters.storage import read_tensors
from couturier.errors import MissingExtraError, SettingsError
from couturier.files import hash_file

_FIX = "give a super-resolution model as safetensors, as in 4x-model.safetensors"


@dataclass(frozen=True)
class Upscaler:
    """A model that makes pictures larger.

    Attributes:
        facts: What of it changes a pixel.
        enlarge: Gives a larger RGB picture.
    """

    facts: dict[str, Any]
    enlarge: Callable[[Image.Image], Image.Image]


def load_upscaler(path: Path, device: str) -> Upscaler:
    """Load a model file onto a device; pickled files are refused.

    Raises:
        SettingsError: no safetensors file, or none of a kind that makes RGB pictures larger.
        MissingExtraError: spandrel is not installed, or torchvision, which it imports.
    """
    if path.suffix.lower() != ".safetensors":
        raise SettingsError(f"--upscale {path}: pickled weights can run code", fix=_FIX)
    if not path.is_file():
        raise SettingsError(f"--upscale {path}: no such file", fix=_FIX)
    spandrel = _import_spandrel()
    tensors, _ = read_tensors(path)
    try:
        model = spandrel.ModelLoader(device=torch.device(device)).load_from_state_dict(tensors)
    except (spandrel.UnsupportedModelError, RuntimeError, KeyError) as fault:
        raise SettingsError(f"--upscale {path}: no model spandrel knows", fix=_FIX) from fault
    if model.purpose != "SR" or model.input_channels != 3 or model.output_channels != 3:
        raise SettingsError(
            f"--upscale {path}: a {model.architecture.name} that does not make RGB pictures larger",
            fix=_FIX,
        )
    model.eval()
    facts = {"upscale": str(path), "upscale_hash": hash_file(path), "upscale_by": model.scale}
    return Upscaler(facts, lambda image: _enlarge(model, image, device))


@torch.no_grad()
def _enlarge(model: Any, image: Image.Image, device: str) -> Image.Image:
    pixels = torch.from_numpy(np.array(image.convert("RGB"), np.float32) / 255)
    batch = pixels.permute(2, 0, 1)[None].to(device)  # (1, 3, height, width)
    made = model(batch)[0].clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
    return Image.fromarray((made * 255).round().astype(np.uint8))


def _import_spandrel() -> Any:
    try:
        import spandrel  # all its architectures: a second, for those who upscale alone
    except ImportError as fault:
        has_spandrel = importlib.util.find_spec("spandrel") is not None
        lacking = "torchvision, which spandrel imports" if has_spandrel else "the extra 'upscale'"
        fix = 'pip install "couturier[upscale]"'
        if has_spandrel:
            fix = "install the torchvision that belongs to this torch (pytorch.org names it)"
        raise MissingExtraError(f"--upscale needs {lacking}", fix=fix) from fault
    return spandrel
