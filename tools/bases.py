"""What bases made of random weights have in common: a tokenizer of bytes, SD's noise schedule."""

from typing import Any

from diffusers import PNDMScheduler
from transformers import CLIPTokenizer


def make_byte_tokenizer(
    *, start_id: int | None = None, end_id: int | None = None, **more: Any
) -> CLIPTokenizer:
    """Make CLIP's tokenizer with one token a byte, inside a word and at its end.

    CLIP's own merges are not part of its configuration; how long a caption is changes no cost,
    since all are padded to 77 tokens.

    Args:
        start_id: Of the token before a text; by default the first free number.
        end_id: Of the token behind it; by default the next.
        more: What else the tokenizer is told, such as `pad_token`.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    n_others = 256 - len(printable)
    letters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(n_others)]
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    start_id = len(tokens) if start_id is None else start_id
    end_id = start_id + 1 if end_id is None else end_id
    vocabulary |= {"<|startoftext|>": start_id, "<|endoftext|>": end_id}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77, **more)


def make_schedule(prediction_type: str = "epsilon") -> PNDMScheduler:
    """Make the scheduler that Stable Diffusion is published with."""
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        skip_prk_steps=True,
        steps_offset=1,
        set_alpha_to_one=False,
        prediction_type=prediction_type,
    )
