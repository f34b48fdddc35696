"""Text conditions: what sentences tell a UNet, as one object whatever the family of the base."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TextCondition:
    """What sentences tell the UNet: encoded, or as tokens where a text encoder is trained.

    Attributes:
        states: What the UNet attends to; (n, tokens, text_width). None where only tokens are given.
        pooled: The sentence as one vector, (n, pooled_width); None but for SDXL.
        token_ids: Encoded afresh at each pass; (n, encoders, tokens). None where states are given.
    """

    states: Tensor | None = None
    pooled: Tensor | None = None
    token_ids: Tensor | None = None

    def __post_init__(self) -> None:
        if (self.states is None) == (self.token_ids is None):
            raise ValueError("a condition holds either states or token_ids")

    def __len__(self) -> int:
        tensor = self.states if self.states is not None else self.token_ids
        return 0 if tensor is None else len(tensor)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "TextCondition":
        """Move to a device, its numbers to a number format; token ids stay whole numbers."""
        return TextCondition(
            states=None if self.states is None else self.states.to(device, dtype),
            pooled=None if self.pooled is None else self.pooled.to(device, dtype),
            token_ids=None if self.token_ids is None else self.token_ids.to(device),
        )

    def named_tensors(self) -> dict[str, Tensor]:
        """Name the tensors it has, as `from_tensors` takes them."""
        named = {"states": self.states, "pooled": self.pooled, "token_ids": self.token_ids}
        return {name: tensor for name, tensor in named.items() if tensor is not None}


def stack_conditions(conditions: Sequence[TextCondition]) -> TextCondition:
    """Put conditions of one sentence each, without the first dimension, into one of n."""
    tensors = [condition.named_tensors() for condition in conditions]
    return TextCondition(
        **{name: torch.stack([named[name] for named in tensors]) for name in tensors[0]}
    )
