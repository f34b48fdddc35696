"""The denoiser: a base's UNet with its text encoders, asked the same way in every family."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.families import Family

_CHUNK = 77  # tokens a CLIP text encoder reads at once, start and end included


class Denoiser(nn.Module):
    """Noised latents and a text condition in, the UNet's answer out.

    One module, so that whatever of it is trained is prepared, clipped and synchronised as one.

    Attributes:
        unet: The base's UNet.
        text_encoders: By the folders they come from: "text_encoder", for SDXL "text_encoder_2".
        lowers_itself: Whether it is asked without autocast; set by who quickened all adapters.
    """

    lowers_itself: bool = False

    def __init__(
        self, unet: UNet2DConditionModel, text_encoders: Mapping[str, nn.Module], family: Family
    ) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoders = nn.ModuleDict(text_encoders)
        self._family = family

    def forward(
        self,
        noised: Tensor,
        timesteps: Tensor,
        text: TextCondition,
        *,
        unet: Callable[..., tuple[Tensor]] | None = None,
    ) -> Tensor:
        """Predict what the base's schedule says: noise or velocity.

        Args:
            noised: Latents under noise; (n, 4, height / vae_scale, width / vae_scale).
            timesteps: (n,).
            text: Of n sentences; encoded here where it holds only tokens.
            unet: Another way to compute what the UNet answers, such as a compiled one.

        Returns:
            Shape of `noised`.
        """
        if text.token_ids is not None:
            text = self.encode_text(text.token_ids)
        more: dict[str, Any] = {}
        if text.pooled is not None:
            sizes = self._describe_sizes(noised).to(text.pooled.dtype)
            more["added_cond_kwargs"] = {"text_embeds": text.pooled, "time_ids": sizes}
        answer: Tensor = (unet or self.unet)(
            noised, timesteps, encoder_hidden_states=text.states, return_dict=False, **more
        )[0]
        return answer

    def encode_text(self, token_ids: Tensor) -> TextCondition:
        """Turn token ids into what the UNet attends to.

        Captions of more than 75 tokens come as several stretches of 77, each with its own start
        and end; they are encoded one by one and laid end to end. The sentence's one vector is
        that of the first stretch.

        Args:
            token_ids: (n, encoders, tokens), tokens a multiple of 77.
        """
        states, pooled = [], None
        is_xl = self._family.pooled_width > 0
        for number, encoder in enumerate(self.text_encoders.values()):
            encoded, pooled = _encode_stretches(encoder, token_ids[:, number], is_xl=is_xl)
            states.append(encoded)
        condition = TextCondition(torch.cat(states, dim=-1), pooled)
        return self._blank(condition, token_ids) if self._family.zeros_for_empty else condition

    def _blank(self, text: TextCondition, token_ids: Tensor) -> TextCondition:
        """Give the sentence "" the zeros that SDXL was trained with."""
        end = token_ids[:, 0].amax(dim=1)  # CLIP's end token has the highest id
        is_said = (token_ids[:, 0, 1] != end).to(text.named_tensors()["states"])  # (n,)
        assert text.states is not None
        assert text.pooled is not None
        return TextCondition(text.states * is_said[:, None, None], text.pooled * is_said[:, None])

    def _describe_sizes(self, noised: Tensor) -> Tensor:
        """Say of each picture, as SDXL wants it: full size, nothing cropped, drawn at that size."""
        height_px, width_px = (side * self._family.vae_scale for side in noised.shape[-2:])
        row = [height_px, width_px, 0, 0, height_px, width_px]
        return torch.tensor([row] * len(noised), device=noised.device)  # (n, 6)


def _encode_stretches(
    encoder: nn.Module, ids: Tensor, *, is_xl: bool
) -> tuple[Tensor, Tensor | None]:
    n, n_tokens = ids.shape
    answer = encoder(ids.reshape(-1, min(_CHUNK, n_tokens)), output_hidden_states=is_xl)
    # SDXL reads the last layer but one; the others the last one, behind its norm.
    states = answer.hidden_states[-2] if is_xl else answer[0]
    pooled = None
    if is_xl and answer[0].ndim == 2:  # only the encoder with a projection has such a vector
        pooled = answer[0].reshape(n, -1, answer[0].shape[-1])[:, 0]
    return states.reshape(n, n_tokens, -1), pooled
