"""Tensors of attention by head: what every attention processor here begins and ends with."""

from typing import Any

from torch import Tensor


def split_heads(attn: Any, hidden: Tensor, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Project to query, key and value, and part them by head.

    Args:
        attn: diffusers' attention, whose projections are used, adapters and all.
        hidden: What looks; (batch, places, width).
        source: What is looked at: `hidden` itself, or words; (batch, tokens, width of words).

    Returns:
        Query, key and value; each (batch, heads, places or tokens, width / heads).
    """
    states = (attn.to_q(hidden), attn.to_k(source), attn.to_v(source))
    query, key, value = (one.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for one in states)
    return query, key, value


def finish_look(attn: Any, share: Tensor, value: Tensor) -> Tensor:
    """Mix values by the share each gets of the look, in plain steps, and project the result.

    Args:
        attn: As for `split_heads`.
        share: Of any number format; (batch, heads, places, tokens).
        value: (batch, heads, tokens, width / heads).

    Returns:
        (batch, places, width).
    """
    made: Tensor = attn.to_out[1](attn.to_out[0](join_heads(share.to(value.dtype) @ value)))
    return made


def join_heads(mixed: Tensor) -> Tensor:
    """Lay heads side by side again; (batch, places, width)."""
    return mixed.transpose(1, 2).flatten(2)
