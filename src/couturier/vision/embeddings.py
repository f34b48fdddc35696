"""The towers of words and pictures that come with mini: one cosine for a sentence and a picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection
from transformers.utils import logging

from couturier.errors import BaseModelError, CouturierError
from couturier.mini.locate import find_mini

VISION_FOLDER = "vision_tower"
PROJECTION_FILE = "text_projection.safetensors"
# CLIP's own picture statistics, as its image processor applies them.
_MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
_SPREAD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


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

    @torch.no_grad()
    def measure(self, image: Image.Image, sentence: str) -> float:
        """Measure the cosine of a picture and a sentence, -1 to 1; words past the limit are cut."""
        side_px = int(self.vision.config.image_size)
        square = ImageOps.pad(image.convert("RGB"), (side_px, side_px), color="white")
        pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None].float() / 255
        seen = self.vision((pixels - _MEAN) / _SPREAD).image_embeds  # (1, projection)
        tokens = self.tokenizer([sentence], truncation=True, return_tensors="pt")
        said = self.text(**tokens).pooler_output @ self.text_projection.T  # (1, projection)
        return float(cosine_similarity(seen, said)[0])


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
