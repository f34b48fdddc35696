"""Sentences and pictures turned into what a UNet is shown: text conditions and latents."""

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.loading import BaseParts


def tokenize(tokenizers: tuple[CLIPTokenizer, ...], captions: list[str]) -> Tensor:
    """Turn captions into token ids, cut and padded to what CLIP reads at once.

    Args:
        tokenizers: One a text encoder; they pad differently.
        captions: n sentences.

    Returns:
        (n, encoders, 77), int64.
    """
    return torch.stack(
        [
            tokenizer(
                captions,
                padding="max_length",
                truncation=True,
                max_length=tokenizer.model_max_length,
                return_tensors="pt",
            ).input_ids
            for tokenizer in tokenizers
        ],
        dim=1,
    )


@torch.no_grad()
def encode_text(parts: BaseParts, token_ids: Tensor) -> TextCondition:
    """Turn token ids (n, encoders, 77) into what the UNet attends to."""
    return parts.denoiser.encode_text(token_ids.to(parts.placement.device))


@torch.no_grad()
def encode_pictures(parts: BaseParts, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Turn pictures into the Gaussian their latents are drawn from.

    Args:
        parts: The base.
        pixels: sRGB from -1 to 1; (n, 3, height, width).

    Returns:
        Mean and standard deviation, scaled as the UNet expects latents, float32;
        each (n, 4, height / vae_scale, width / vae_scale).
    """
    gaussian = parts.vae.encode(pixels.to(parts.placement.device, torch.float32)).latent_dist
    scale = parts.vae.config.scaling_factor
    return gaussian.mean * scale, gaussian.std * scale
