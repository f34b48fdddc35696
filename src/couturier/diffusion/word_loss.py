"""Token-to-mask loss: each garment's words are made to look at that garment's pixels.

Source: TokenCompose, Wang et al. 2023, arXiv:2312.03626. A: probability with which a place looks
at a word, mean over heads. M: share of a place that the garment covers, 0 to 1.
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from couturier.diffusion.heads import finish_look, split_heads

# The paper's ratio of the two terms, 5e-5 to 1e-3.
_PIXEL_SHARE = 0.05
_TINY = 1e-6


@dataclass(frozen=True)
class WordMasks:
    """Which words of a batch speak of which places.

    Attributes:
        owners: The garment each token speaks of, or -1; (batch, tokens), int64.
        masks: Each garment's share of each latent cell; (batch, garments, height/8, width/8).
    """

    owners: Tensor
    masks: Tensor


class WordWatch:
    """The cross-attentions of a UNet, which keep their probabilities while asked to.

    Attributes:
        on: Whether to keep; off, the UNet's own attention runs untouched.
        kept: Of the last pass, (batch, places, tokens) with gradient, a layer each.
    """

    def __init__(self, unet: UNet2DConditionModel) -> None:
        self.on = False
        self.kept: list[Tensor] = []
        processors = {
            name: _Watched(self, own) if ".attn2." in name else own
            for name, own in unet.attn_processors.items()
        }
        unet.set_attn_processor(processors)

    def __enter__(self) -> "WordWatch":
        self.on, self.kept = True, []
        return self

    def __exit__(self, *_: object) -> None:
        self.on = False


class _Watched:
    """One cross-attention; plain steps while watched, since fused kernels give no probabilities."""

    def __init__(self, watch: WordWatch, own: Any) -> None:
        self._watch = watch
        self._own = own

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        **more: Any,
    ) -> Tensor:
        if not self._watch.on or encoder_hidden_states is None:
            made: Tensor = self._own(attn, hidden_states, encoder_hidden_states, **more)
            return made
        query, key, value = split_heads(attn, hidden_states, encoder_hidden_states)
        share = (query.float() * attn.scale @ key.float().transpose(-1, -2)).softmax(-1)
        self._watch.kept.append(share.mean(1))
        return finish_look(attn, share, value)


def word_losses(kept: list[Tensor], words: WordMasks) -> Tensor:
    """Measure how far words look past their garments.

    Args:
        kept: Probabilities of each layer; (batch, places, tokens).
        words: Of the same batch.

    Returns:
        One number a picture, 0 where no word has a place; (batch,), float32.
    """
    device = kept[0].device
    masks, owners = words.masks.to(device), words.owners.to(device)
    height, width = masks.shape[-2:]
    total = torch.zeros(len(masks), device=device)
    for share in kept:
        side = (share.shape[1] / (height * width)) ** 0.5
        size = (max(1, round(height * side)), max(1, round(width * side)))
        pooled = nn.functional.adaptive_avg_pool2d(masks, size).flatten(2)  # (batch, g, places)
        total = total + _layer_losses(share, owners, pooled)
    return total / len(kept)


def _layer_losses(share: Tensor, owners: Tensor, masks: Tensor) -> Tensor:
    """Give one layer's loss a picture: its words' looks outside (squared), and place by place."""
    is_seen = masks.amax(-1) > 0  # (batch, garments)
    has_place = (owners >= 0) & is_seen.gather(1, owners.clamp(min=0))  # (batch, tokens)
    index = owners.clamp(min=0).unsqueeze(-1).expand(-1, -1, masks.shape[-1])
    mask = masks.gather(1, index)  # (batch, tokens, places): of the garment each token speaks of
    looks = share.float().transpose(1, 2)  # (batch, tokens, places)
    inside = (looks * mask).sum(-1) / looks.sum(-1).clamp(min=_TINY)
    sure = looks.clamp(_TINY, 1 - _TINY)
    places = -(mask * sure.log() + (1 - mask) * (1 - sure).log()).mean(-1)  # (batch, tokens)
    each = ((1 - inside).square() + _PIXEL_SHARE * places) * has_place
    return each.sum(-1) / has_place.sum(-1).clamp(min=1)
