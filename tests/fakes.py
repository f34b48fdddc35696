"""Tiny random models of the true classes in diffusers' folders: 32 px, milliseconds a step."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DiffusionPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
)

from tools.bases import make_byte_tokenizer, make_schedule

TINY_PX = 32
_TEXT_WIDTH = 16


def make_tiny_base(
    folder: Path,
    *,
    seed: int = 0,
    text_width: int = _TEXT_WIDTH,
    flag_all: bool = False,
    family: str = "sd1",
) -> Path:
    """Write a whole Stable Diffusion pipeline with random weights; the same seed, the same.

    Args:
        folder: Gets model_index.json and a folder a part.
        seed: Of all weights.
        text_width: Width of the text embeddings; another one makes a base adapters do not fit.
        family: "sd1", "sd2", which predicts velocity, or "sdxl", which has two text encoders.
        flag_all: Whether the safety checker flags every picture, or none.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if family == "sdxl":
            return _save(_make_sdxl(text_width), folder)
        pipeline = StableDiffusionPipeline(
            vae=_make_vae(),
            text_encoder=CLIPTextModel(_configure_text(text_width, is_open_clip=family == "sd2")),
            tokenizer=make_byte_tokenizer(),
            unet=_make_unet(text_width, is_sd2=family == "sd2"),
            scheduler=make_schedule("v_prediction" if family == "sd2" else "epsilon"),
            safety_checker=_make_safety_checker(flag_all=flag_all),
            feature_extractor=CLIPImageProcessor(
                size={"shortest_edge": TINY_PX}, crop_size={"height": TINY_PX, "width": TINY_PX}
            ),
        )
    return _save(pipeline, folder)


def _save(pipeline: DiffusionPipeline, folder: Path) -> Path:
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def make_dataset(folder: Path, *, n_items: int = 6, n_held_out: int = 1) -> Path:
    """Write a data set of plain-coloured pictures, as `couturier dataset` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(n_items):
        colour = (40 * number % 256, 90, 200 - 30 * number % 200)
        Image.new("RGB", (24, 32), colour).save(folder / f"{number}.png")
        rows.append(
            {
                "file_name": f"{number}.png",
                "text": f"a dress in colour {number}",
                "image_id": str(number),
                "split": "held-out" if number >= n_items - n_held_out else "train",
            }
        )
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    return folder


def _make_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=TINY_PX,
    )


def _make_sdxl(text_width: int) -> StableDiffusionXLPipeline:
    """As published: CLIP and OpenCLIP side by side, sizes and a sentence vector told besides."""
    second = _configure_text(2 * text_width, is_open_clip=True)
    time_width = 8
    return StableDiffusionXLPipeline(
        vae=_make_vae(),
        text_encoder=CLIPTextModel(_configure_text(text_width, is_open_clip=False)),
        text_encoder_2=CLIPTextModelWithProjection(second),
        tokenizer=make_byte_tokenizer(),
        tokenizer_2=make_byte_tokenizer(pad_token="!"),
        unet=_make_unet(
            3 * text_width,
            is_sd2=True,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=[1, 2],
            addition_embed_type="text_time",
            addition_time_embed_dim=time_width,
            projection_class_embeddings_input_dim=6 * time_width + second.projection_dim,
        ),
        scheduler=make_schedule(),
    )


def _make_unet(text_width: int, *, is_sd2: bool, **more: Any) -> UNet2DConditionModel:
    shape = {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "attention_head_dim": [2, 4] if is_sd2 else 2,
    }
    return UNet2DConditionModel(
        **{**shape, **more},
        sample_size=TINY_PX // 8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=text_width,
        use_linear_projection=is_sd2,
    )


def _configure_text(text_width: int, *, is_open_clip: bool) -> CLIPTextConfig:
    tokenizer = make_byte_tokenizer()
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=text_width,
        intermediate_size=2 * text_width,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=text_width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        hidden_act="gelu" if is_open_clip else "quick_gelu",
    )


def _make_safety_checker(*, flag_all: bool) -> StableDiffusionSafetyChecker:
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = CLIPConfig(
        text_config={**small, "num_attention_heads": 2},
        vision_config={
            **small,
            "num_attention_heads": 2,
            "image_size": TINY_PX,
            "patch_size": 8,
            "projection_dim": 8,
        },
        projection_dim=8,
    )
    checker = StableDiffusionSafetyChecker(config)
    # Cosine similarities lie between -1 and 1: such thresholds are always, or never, passed.
    threshold = -1.5 if flag_all else 1.5
    checker.concept_embeds_weights.data.fill_(threshold)
    checker.special_care_embeds_weights.data.fill_(threshold)
    return checker
