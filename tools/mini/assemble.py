"""Put the trained parts together as one diffusers folder, in half precision."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from diffusers import PNDMScheduler, StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextModel,
    CLIPTokenizer,
)

from couturier.vision.segmenter import CONFIG_NAME, WEIGHTS_NAME, GarmentSegmenter
from tools.mini.autoencoder import STATE as AUTOENCODER_STATE
from tools.mini.autoencoder import load_autoencoder
from tools.mini.denoiser import LATENTS, SCHEDULE, find_scale, load_unet
from tools.mini.photos import Pixels
from tools.mini.render import read_scenes
from tools.mini.segment import load_trained_segmenter
from tools.mini.towers import Towers, load_towers, normalise
from tools.mini.words import Encoder, load_tokenizer

# Stable Diffusion keeps seventeen concepts, and three that make it stricter, as vectors whose
# words it does not tell. Ours are these words, read by our own text tower.
CONCEPTS = (
    "naked woman", "naked man", "nude", "nudity", "nude body", "topless woman", "bare breasts",
    "bare skin", "a woman without clothes", "a man without clothes", "sexual picture",
    "pornography",
    "erotic photo", "genitals", "underwear only", "blood and wounds", "a weapon",
)  # fmt: skip
SPECIAL = ("child", "little girl", "young boy")
MARGIN = 0.03


def assemble(work: Path, out: Path) -> dict[str, int]:
    """Write the pipeline's folder whole: beside, then renamed. Give each part's size in bytes.

    Parts that are not trained yet go in as they are, so that others can build on the folder.
    """
    beside = out.with_name(out.name + ".partial")
    shutil.rmtree(beside, ignore_errors=True)
    towers = load_towers(work)
    vae = load_autoencoder(work)
    if (work / LATENTS).exists():
        vae.register_to_config(scaling_factor=find_scale(np.load(work / LATENTS, mmap_mode="r")))
    pipeline = StableDiffusionPipeline(
        vae=vae.to(memory_format=torch.contiguous_format),
        text_encoder=_plain_text_encoder(towers),
        tokenizer=load_tokenizer(work),
        unet=load_unet(work),
        scheduler=PNDMScheduler(
            **SCHEDULE, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=build_safety_checker(work, towers),
        feature_extractor=CLIPImageProcessor(
            size={"shortest_edge": 128}, crop_size={"height": 128, "width": 128}
        ),
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(beside, safe_serialization=True)
    _write_classic_vocabulary(load_tokenizer(work), beside / "tokenizer")
    _write_vision_tower(towers, beside / "vision_tower")
    _write_segmenter(load_trained_segmenter(work), beside / "segmenter")
    for part in ("text_encoder", "safety_checker", "vision_tower"):
        _ask_for_float32(beside / part / "config.json")
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.replace(old)
    out.parent.mkdir(parents=True, exist_ok=True)
    beside.replace(out)
    shutil.rmtree(old, ignore_errors=True)
    return {
        part.name: sum(f.stat().st_size for f in part.rglob("*") if f.is_file())
        for part in sorted(out.iterdir())
        if part.is_dir()
    }


def _plain_text_encoder(towers: Towers) -> CLIPTextModel:
    """Take the text tower without its projection, which is the class Stable Diffusion v1 has."""
    plain = CLIPTextModel(towers.text.config)
    wanted = plain.state_dict().keys()
    source = towers.text.state_dict()
    renamed = {}
    for key in wanted:
        renamed[key] = source[key] if key in source else source[f"text_model.{key}"]
    plain.load_state_dict(renamed)
    return plain


@torch.no_grad()
def build_safety_checker(work: Path, towers: Towers) -> StableDiffusionSafetyChecker:
    """Build Stable Diffusion's checker on our vision tower.

    Each concept's vector is a sentence read by our text tower; its threshold stands `MARGIN` above
    the highest likeness that any of 2,000 training scenes has, so that ordinary garments pass.
    """
    config = CLIPConfig(
        text_config=towers.text.config.to_dict(),
        vision_config=towers.vision.config.to_dict(),
        projection_dim=towers.vision.config.projection_dim,
    )
    checker = StableDiffusionSafetyChecker(config)
    source = towers.vision.state_dict()
    checker.load_state_dict(
        {
            key: source.get(
                key, source.get(key.replace("vision_model.vision_model.", "vision_model."), value)
            )
            for key, value in checker.state_dict().items()
        }
    )
    encoder = Encoder(load_tokenizer(work))
    ids, _ = encoder.encode_batch([[(words, -1)] for words in (*CONCEPTS, *SPECIAL)])
    words = nn.functional.normalize(towers.text(ids).text_embeds, dim=-1)
    scenes = read_scenes(work, "train", count=2000)
    likeness = torch.cat(
        [
            nn.functional.normalize(_embed(towers, scenes.pixels[start : start + 64]), dim=-1)
            @ words.T
            for start in range(0, 2000, 64)
        ]
    )
    limits = likeness.max(0).values + MARGIN
    checker.concept_embeds.copy_(words[: len(CONCEPTS)])
    checker.special_care_embeds.copy_(words[len(CONCEPTS) :])
    checker.concept_embeds_weights.copy_(limits[: len(CONCEPTS)])
    checker.special_care_embeds_weights.copy_(limits[len(CONCEPTS) :])
    return checker.eval()


def _ask_for_float32(path: Path) -> None:
    """Name float32 in a part's config, for transformers computes in what the config names.

    diffusers' own parts come up in float32 from half-precision files unless told otherwise; the
    pipeline works only where all parts agree.
    """
    config = json.loads(path.read_text("utf-8"))
    for place in (config, config.get("text_config", {}), config.get("vision_config", {})):
        if "dtype" in place:
            place["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _embed(towers: Towers, pixels: Pixels) -> torch.Tensor:
    return towers.vision(normalise(pixels)).image_embeds


def _write_classic_vocabulary(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write vocab.json and merges.txt too, which older readers of the folder look for."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), "utf-8")
    merges = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", "utf-8")


def _write_vision_tower(towers: Towers, folder: Path) -> None:
    """Write the vision tower with its projection, and beside it the text's projection."""
    towers.vision.half().save_pretrained(folder)
    save_file(
        {
            "weight": towers.text.text_projection.weight.half().contiguous(),
            "logit_scale": towers.scale.detach().reshape(1).clone(),
        },
        folder / "text_projection.safetensors",
    )
    CLIPImageProcessor(
        size={"shortest_edge": 128}, crop_size={"height": 128, "width": 128}
    ).save_pretrained(folder)


def _write_segmenter(model: GarmentSegmenter, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.half().contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS_NAME)
    config = {
        "format": 1,
        "class_names": list(model.class_names),
        "widths": list(model.widths),
        "overviews": model.overviews,
        "size_px": 128,
    }
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def check_starts(work: Path) -> None:
    """Refuse to assemble before the autoencoder and tokenizer are there."""
    for needed in (AUTOENCODER_STATE, "tokenizer"):
        if not (work / needed).exists():
            raise FileNotFoundError(f"{work / needed} is missing: run the earlier parts first")
