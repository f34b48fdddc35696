"""Writes a base of Stable Diffusion 1.4's shapes with random weights, in diffusers' folders.

The numbers are those of the published configuration files: an 860 M UNet, CLIP ViT-L/14's text
encoder (123 M), the 84 M autoencoder. The weights are noise, so its pictures are noise, too; what
it costs to train and to draw is what the real one costs.
"""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel

from tools.bases import make_byte_tokenizer, make_schedule

_START_ID, _END_ID = 49406, 49407  # of CLIP's vocabulary


def make_full_size_base(folder: Path, *, seed: int = 0) -> Path:
    """Write the base, 2.1 GB in half precision; takes a minute and 5 GB of memory."""
    torch.manual_seed(seed)
    pipeline = StableDiffusionPipeline(
        vae=_make_vae(),
        text_encoder=_make_text_encoder(),
        tokenizer=make_byte_tokenizer(start_id=_START_ID, end_id=_END_ID),
        unet=_make_unet(),
        scheduler=make_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    return folder


def _make_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=4,
        out_channels=4,
        block_out_channels=(320, 640, 1280, 1280),
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        layers_per_block=2,
        cross_attention_dim=768,
        attention_head_dim=8,
    )


def _make_vae() -> AutoencoderKL:
    return AutoencoderKL(
        sample_size=512,
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=2,
    )


def _make_text_encoder() -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        bos_token_id=_START_ID,
        eos_token_id=_END_ID,
        pad_token_id=1,
    )
    return CLIPTextModel(config)
