"""The towers of words and pictures that come with mini: one cosine for a sentence and a picture."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoModel,
    CLIPTextModel,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
)
from transformers.utils import logging

from couturier.errors import BaseModelError, CouturierError
from couturier.mini.locate import find_mini

VISION_FOLDER = "vision_tower"
PROJECTION_FILE = "text_projection.safetensors"
EMBED_BATCH = 32  # pictures a pass of the tower: a third of the time that single ones take
# CLIP's own picture statistics, as its image processor applies them.
_MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
_SPREAD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
_USUAL_PX = 224


class PictureTower(Protocol):
    """Whatever turns pictures into vectors."""

    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Give one unit vector a picture; shape (pictures, features)."""


@dataclass(frozen=True)
class Towers:
    """Both towers, loaded; the text tower is the base's own text encoder with its projection.

    Attributes:
        text_projection: From the text encoder's pooled state; shape (projection, hidden).
    """

    tokenizer: CLIPTokenizer
    text: CLIPTextModel
    vision: CLIPVisionModelWithProjection
    text_projection: Tensor

    def measure(self, image: Image.Image, sentence: str) -> float:
        """Measure the cosine of a picture and a sentence, -1 to 1; words past the limit are cut."""
        return float(self.embed([image])[0] @ self.embed_words([sentence])[0])

    @torch.no_grad()
    def embed_words(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Give one unit vector a sentence; shape (sentences, projection)."""
        tokens = self.tokenizer(list(sentences), truncation=True, padding=True, return_tensors="pt")
        return _unit(self.text(**tokens).pooler_output @ self.text_projection.T)

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Give one unit vector a picture; shape (pictures, projection)."""
        pixels = _stack(images, int(self.vision.config.image_size))
        seen = self.vision((pixels - _MEAN) / _SPREAD).image_embeds
        return _unit(seen)


@dataclass(frozen=True)
class OwnTower:
    """A vision tower of the user's: CLIP, SigLIP (FashionSigLIP too) or DINOv2, as transformers."""

    model: Any
    side_px: int
    mean: Tensor
    spread: Tensor

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Give one unit vector a picture; shape (pictures, features)."""
        pixels = (_stack(images, self.side_px) - self.mean) / self.spread
        if hasattr(self.model, "get_image_features"):
            seen = self.model.get_image_features(pixel_values=pixels)
        else:
            seen = self.model(pixel_values=pixels)
        return _unit(seen if isinstance(seen, Tensor) else seen.pooler_output)


def load_own_tower(folder: Path) -> OwnTower:
    """Load a vision tower from a folder of transformers' format; nothing is downloaded.

    Raises:
        BaseModelError: there is none.
    """
    try:
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, KeyError, ValueError, RuntimeError) as fault:
        raise BaseModelError(
            f"{folder}: no vision tower could be loaded ({type(fault).__name__})",
            fix="give evaluate.tower = mini, none, or a folder with config.json and "
            "model.safetensors of CLIP, SigLIP or DINOv2",
        ) from fault
    config = getattr(model.config, "vision_config", model.config)
    file = folder / "preprocessor_config.json"
    said = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return OwnTower(
        model=model.eval().float(),
        side_px=int(getattr(config, "image_size", _USUAL_PX)),
        mean=torch.tensor(said.get("image_mean", _MEAN.flatten().tolist())).view(1, 3, 1, 1),
        spread=torch.tensor(said.get("image_std", _SPREAD.flatten().tolist())).view(1, 3, 1, 1),
    )


def _stack(images: Sequence[Image.Image], side_px: int) -> Tensor:
    """Pad to squares on white and stack; (pictures, 3, side, side) from 0 to 1."""
    squares = [ImageOps.pad(i.convert("RGB"), (side_px, side_px), color="white") for i in images]
    pixels = np.stack([np.asarray(square) for square in squares])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def _unit(seen: Tensor) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = torch.nn.functional.normalize(seen.float()).numpy()
    return vectors


def find_towers() -> Path | None:
    """Find the folder of mini's vision tower; None where it is not installed."""
    try:
        folder = find_mini() / VISION_FOLDER
    except CouturierError:
        return None
    return folder if folder.is_dir() else None


def load_towers(folder: Path) -> Towers:
    """Load the towers on the CPU.

    Args:
        folder: The vision tower's folder within a base whose text encoder it was trained with.

    Raises:
        BaseModelError: a part is missing or broken.
    """
    base = folder.parent
    logging.set_verbosity_error()
    logging.disable_progress_bar()  # the command line draws its own
    try:
        return Towers(
            tokenizer=CLIPTokenizer.from_pretrained(base / "tokenizer", local_files_only=True),
            text=CLIPTextModel.from_pretrained(
                base / "text_encoder", local_files_only=True, dtype=torch.float32
            ).eval(),
            vision=CLIPVisionModelWithProjection.from_pretrained(
                folder, local_files_only=True, dtype=torch.float32
            ).eval(),
            text_projection=load_file(folder / PROJECTION_FILE)["weight"].float(),
        )
    except (OSError, KeyError, ValueError, RuntimeError) as fault:
        raise BaseModelError(
            f"{folder}: no vision tower could be loaded ({type(fault).__name__})",
            fix="reinstall couturier: the tower comes inside the package",
        ) from fault
