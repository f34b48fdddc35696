"""Take finished weights up again as training states: the recipe outlives its machine."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

from couturier.vision.segmenter import GarmentSegmenter, load_segmenter
from tools.mini.autoencoder import STATE as AUTOENCODER
from tools.mini.checkpoints import Averaged, save_state
from tools.mini.denoiser import Learner
from tools.mini.judge import STATE as JUDGE
from tools.mini.judge import load_judge
from tools.mini.segment import STATE as SEGMENTER
from tools.mini.towers import STATE as TOWERS
from tools.mini.towers import UNET_STATE as UNET
from tools.mini.towers import Towers, build_towers


def adopt_weights(folder: Path, work: Path) -> list[str]:
    """Write a state of step 1 for every part that has none under `work`; give the parts' names.

    The parts are the packaged ones under `folder`, and the second judge.

    Weights come back in half precision, optimizers start anew: training goes on a little below
    where it stood and passes it within some hundred steps.
    """
    adopted = []
    if not (work / "tokenizer").exists():
        CLIPTokenizer.from_pretrained(folder / "tokenizer").save_pretrained(work / "tokenizer")
        adopted.append("tokenizer")
    parts = {
        AUTOENCODER: lambda: AutoencoderKL.from_pretrained(folder / "vae"),
        TOWERS: lambda: _join_towers(folder, work),
        SEGMENTER: lambda: _load_segmenter(folder / "segmenter"),
        UNET: lambda: _join_learner(folder, work),
        JUDGE: lambda: load_judge().requires_grad_(True),
    }
    for state, load in parts.items():
        if not (work / state).exists():
            _save_start(work / state, load())
            adopted.append(state.split("/")[0])
    return adopted


def _save_start(path: Path, module: nn.Module) -> None:
    module = module.float()
    optimizer = torch.optim.AdamW(module.parameters())
    save_state(path, module, optimizer, averaged=Averaged(module, decay=0.0), step=1)


def _load_segmenter(folder: Path) -> GarmentSegmenter:
    return load_segmenter(folder).requires_grad_(True)


def _join_learner(folder: Path, work: Path) -> Learner:
    """Put the UNet and the text tower together, as they are trained."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    return Learner(unet, _join_towers(folder, work).text)


def _join_towers(folder: Path, work: Path) -> Towers:
    """Put both towers and their projections together; the training's own heads start anew."""
    towers = build_towers(work)
    text = CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict()
    projection = load_file(folder / "vision_tower" / "text_projection.safetensors")
    towers.text.load_state_dict(_rename(text, towers.text.state_dict().keys(), projection))
    vision = CLIPVisionModelWithProjection.from_pretrained(folder / "vision_tower")
    towers.vision.load_state_dict(vision.state_dict())
    towers.scale.data.copy_(projection["logit_scale"].squeeze())
    return towers


def _rename(
    plain: dict[str, Tensor], wanted: object, projection: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Name a plain text tower's weights as the tower with a projection names them."""
    named = {}
    for key in wanted:  # type: ignore[attr-defined]
        short = key.removeprefix("text_model.")
        if key == "text_projection.weight":
            named[key] = projection["weight"]
        else:
            named[key] = plain[key] if key in plain else plain[short]
    return named
