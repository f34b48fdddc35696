"""Cross-attention watched and leaned on: which places of a picture look at which words.

Inside `watch_words` every cross-attention of a UNet keeps, on request, the share of its look that
each group of words gets at each place, and can be leaned on: a bias on the logits of words that
makes places look at some of them more and at others less. Where neither is asked for, the
pipeline's own attention runs untouched.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from couturier.diffusion.heads import finish_look, split_heads

Shape = tuple[int, int]


@dataclass(frozen=True)
class WordGroup:
    """The words that speak of one thing, as places in the sequence of text embeddings.

    Attributes:
        nouns: Of the words that name it.
        modifiers: Of the words that say how it is.
    """

    nouns: tuple[int, ...]
    modifiers: tuple[int, ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """Give nouns and modifiers together."""
        return (*self.nouns, *self.modifiers)


@dataclass
class WordWatch:
    """What the cross-attentions keep and how they are leaned on; changed between steps.

    Attributes:
        latent_shape: Height and width of the latents.
        keep: Whether to keep probabilities.
        kept: Of the last pass, one a layer in the order they ran: (heads, places, words) of the
            picture drawn with the sentence, the mean over heads taken.
        lean: Added to the logits of every place and word; (words, height, width) at the latents'
            own resolution, None for nothing.
    """

    latent_shape: Shape
    keep: bool = False
    kept: list[Tensor] = field(default_factory=list)
    lean: Tensor | None = None
    _sized: dict[int, Tensor] = field(default_factory=dict)

    def set_lean(self, lean: Tensor | None) -> None:
        """Lean from now on; None stops it."""
        self.lean, self._sized = lean, {}

    def lean_at(self, places: int) -> Tensor:
        """Give the lean at one layer's resolution; (places, words)."""
        assert self.lean is not None
        if places not in self._sized:
            shape = find_shape(places, self.latent_shape)
            sized = nn.functional.adaptive_avg_pool2d(self.lean, shape)
            self._sized[places] = sized.flatten(1).T.contiguous()
        return self._sized[places]


def find_shape(places: int, latent_shape: Shape) -> Shape:
    """Find height and width of a layer from its number of places.

    Raises:
        ValueError: no halving of the latents has as many places.
    """
    height, width = latent_shape
    while height * width > places:
        height, width = (height + 1) // 2, (width + 1) // 2
    if height * width != places:
        raise ValueError(f"{places} places are no halving of {latent_shape}")
    return height, width


@contextmanager
def watch_words(unet: Any, latent_shape: Shape) -> Iterator[WordWatch]:
    """Watch all cross-attentions of a UNet; afterwards it is as it was.

    Args:
        unet: A diffusers UNet2DConditionModel.
        latent_shape: Height and width of the latents it will see.
    """
    before = unet.attn_processors
    watch = WordWatch(latent_shape)
    unet.set_attn_processor(
        {
            name: _Watched(watch, processor) if ".attn2." in name else processor
            for name, processor in before.items()
        }
    )
    try:
        yield watch
    finally:
        unet.set_attn_processor(before)


class _Watched:
    """An attention processor in plain steps; hands over to the former where nobody watches."""

    def __init__(self, watch: WordWatch, plain: Any) -> None:
        self._watch = watch
        self._plain = plain

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **rest: Any,
    ) -> Tensor:
        watch = self._watch
        if encoder_hidden_states is None or not (watch.keep or watch.lean is not None):
            drawn: Tensor = self._plain(
                attn, hidden_states, encoder_hidden_states, attention_mask, **rest
            )
            return drawn
        query, key, value = split_heads(attn, hidden_states, encoder_hidden_states)
        logits = query * attn.scale @ key.transpose(-1, -2)  # (batch, heads, places, words)
        if watch.lean is not None:
            lean = watch.lean_at(query.shape[2]).to(logits.dtype)
            # The half drawn without the sentence comes first and is left alone.
            logits = torch.cat([logits[:-1], logits[-1:] + lean])
        share = logits.float().softmax(-1)
        if watch.keep:
            watch.kept.append(share[-1].mean(0))  # (places, words)
        return finish_look(attn, share, value)


def read_shares(watch: WordWatch, groups: Sequence[WordGroup], *, coarsest: int = 8) -> Tensor:
    """Give the share of the look each group's words get, over the latents' places.

    Args:
        watch: With what the last pass kept.
        groups: The words of each thing.
        coarsest: Layers with fewer places than this along the shorter side tell nothing.

    Returns:
        Shape (groups, height, width), 0 to 1, at the latents' resolution.
    """
    maps = []
    shapes = [find_shape(share.shape[0], watch.latent_shape) for share in watch.kept]
    finest = max(min(shape) for shape in shapes)  # SDXL looks at words below half size alone
    for share, shape in zip(watch.kept, shapes, strict=True):
        if min(shape) >= min(coarsest, finest):
            given = torch.stack([share[:, list(group.all)].sum(1) for group in groups])
            layer = given.view(1, len(groups), *shape)
            maps.append(
                nn.functional.interpolate(
                    layer, watch.latent_shape, mode="bilinear", align_corners=False
                )[0]
            )
    return torch.stack(maps).mean(0)
