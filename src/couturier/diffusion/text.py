"""Sentences into embeddings: weights as in `(red:1.3)`, and more than 77 tokens.

Long sentences are cut into chunks of 75 tokens, where there is one after a comma near the end;
each chunk is encoded alone and the embeddings follow one another, as AUTOMATIC1111 and most
tools since do it. A weight multiplies the embeddings of its words; the mean of each sentence's
embeddings stays. Plain parentheses are text here: shop copy is full of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Span = tuple[int, int]

_WEIGHTED = re.compile(r"\(([^()]+?):\s*([0-9]*\.?[0-9]+)\s*\)")
_COMMA_WITHIN = 20  # tokens before a chunk's end in which a comma is looked for
MAX_WEIGHT = 10.0


@dataclass(frozen=True)
class Sentence:
    """A sentence without its marks.

    Attributes:
        text: What is said.
        weights: Ranges of characters in `text`, end exclusive, and their weight; 1 elsewhere.
    """

    text: str
    weights: tuple[tuple[Span, float], ...] = ()

    def weigh(self, place: int) -> float:
        """Give the weight of the character at a place."""
        return next((w for (start, end), w in self.weights if start <= place < end), 1.0)


@dataclass(frozen=True)
class Embeddings:
    """What a UNet reads of a sentence and of what to stay away from.

    Attributes:
        positive: Shape (1, words, width); words are 77 a chunk.
        negative: Of the same shape.
        pooled: The same two for bases that read a whole sentence's vector too; else None.
        spans: For each place of `positive` the characters of the sentence it stands for; None
            for marks of beginning and end.
    """

    positive: Tensor
    negative: Tensor
    pooled: tuple[Tensor, Tensor] | None
    spans: tuple[Span | None, ...]

    def as_arguments(self) -> dict[str, Tensor]:
        """Give what a diffusers pipeline takes in place of the sentences."""
        given = {"prompt_embeds": self.positive, "negative_prompt_embeds": self.negative}
        if self.pooled:
            given["pooled_prompt_embeds"], given["negative_pooled_prompt_embeds"] = self.pooled
        return given


def read_sentence(prompt: str) -> Sentence:
    """Take weights as in `(red:1.3)` out of a prompt."""
    text, weights, after = "", [], 0
    for found in _WEIGHTED.finditer(prompt):
        text += prompt[after : found.start()]
        weight = min(float(found[2]), MAX_WEIGHT)
        weights.append(((len(text), len(text) + len(found[1])), weight))
        text += found[1]
        after = found.end()
    return Sentence(text + prompt[after:], tuple(weights))


def is_plain(tokenizer: Any, prompt: str) -> bool:
    """Say whether a prompt has no weights and fits the encoder, so that diffusers reads it."""
    if _WEIGHTED.search(prompt):
        return False
    room: int = tokenizer.model_max_length - 2  # one token marks the beginning, one the end
    return len(_tokenize(tokenizer, prompt)[0]) <= room


def find_spans_of_tokens(tokenizer: Any, prompt: str) -> tuple[Span | None, ...]:
    """Give the characters each place of a plain prompt's embeddings stands for."""
    return _lay_out(tokenizer, Sentence(prompt))[1]


def count_chunks(tokenizer: Any, prompt: str) -> int:
    """Count the encoder's windows a prompt takes."""
    return len(_lay_out(tokenizer, read_sentence(prompt))[0])


@torch.no_grad()
def encode_prompts(pipeline: Any, prompt: str, negative: str) -> Embeddings:
    """Encode a prompt and what to stay away from, with weights and of any length.

    Args:
        pipeline: A StableDiffusionPipeline or StableDiffusionXLPipeline.
        prompt: The sentence, weights marked as in `(red:1.3)`.
        negative: Likewise; "" for nothing.
    """
    sentences = read_sentence(prompt), read_sentence(negative)
    second = getattr(pipeline, "text_encoder_2", None)
    pairs = [(pipeline.tokenizer, pipeline.text_encoder)]
    pairs += [(pipeline.tokenizer_2, second)] if second is not None else []
    layouts = [_lay_out(pipeline.tokenizer, sentence) for sentence in sentences]
    n_chunks = max(len(chunks) for chunks, _, _ in layouts)
    states, pooled = [], []
    for sentence in sentences:
        parts = [
            _encode(tokenizer, encoder, sentence, n_chunks, deep=second is not None)
            for tokenizer, encoder in pairs
        ]
        states.append(torch.cat([part for part, _ in parts], dim=-1))
        pooled.append(parts[-1][1])
    zeros = second is not None and not negative
    if zeros and pipeline.config.get("force_zeros_for_empty_prompt"):
        states[1], pooled[1] = torch.zeros_like(states[1]), torch.zeros_like(pooled[1])
    spans = layouts[0][1] + (None,) * (states[0].shape[1] - len(layouts[0][1]))
    both = (pooled[0], pooled[1]) if second is not None else None
    return Embeddings(states[0], states[1], both, spans)


def _encode(
    tokenizer: Any, encoder: Any, sentence: Sentence, n_chunks: int, *, deep: bool
) -> tuple[Tensor, Tensor]:
    """Encode a sentence; also its pooled vector, taken from the first chunk."""
    chunks, _, weights = _lay_out(tokenizer, sentence)
    empty = _lay_out(tokenizer, Sentence(""))
    chunks = [*chunks, *(empty[0] * (n_chunks - len(chunks)))]
    weights = [*weights, *(empty[2] * (n_chunks - len(weights)))]
    ids = torch.tensor(chunks, device=encoder.device)  # (chunks, 77)
    found = encoder(ids, output_hidden_states=deep)
    states = found.hidden_states[-2] if deep else found[0]
    given = torch.tensor(weights, device=states.device, dtype=states.dtype)  # (chunks, 77)
    if bool((given != 1).any()):
        mean = states.mean()
        states = states * given[..., None]
        states = states * (mean / states.mean())
    return states.reshape(1, -1, states.shape[-1]), found[0][:1]


def _lay_out(
    tokenizer: Any, sentence: Sentence
) -> tuple[list[list[int]], tuple[Span | None, ...], list[list[float]]]:
    """Lay tokens out in chunks: ids, the characters of each place, weights; 77 a chunk."""
    ids, spans = _tokenize(tokenizer, sentence.text)
    length = tokenizer.model_max_length
    rows: list[list[int]] = []
    places: list[Span | None] = []
    weights: list[list[float]] = []
    for start, end in _cut(tokenizer, ids, length - 2):
        n_pads = length - 1 - (end - start)
        pads = [tokenizer.eos_token_id] + [tokenizer.pad_token_id] * (n_pads - 1)
        rows.append([tokenizer.bos_token_id, *ids[start:end], *pads])
        places += [None, *spans[start:end], *([None] * n_pads)]
        weights.append(
            [1.0, *(sentence.weigh(span[0]) for span in spans[start:end]), *([1.0] * n_pads)]
        )
    return rows, tuple(places), weights


def _cut(tokenizer: Any, ids: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Cut tokens into chunks that fit, after a comma where one is near; at least one chunk."""
    commas = set(tokenizer(",", add_special_tokens=False)["input_ids"])
    pieces, start = [], 0
    while len(ids) - start > room:
        end = start + room
        near = [i + 1 for i in range(end - _COMMA_WITHIN, end) if ids[i] in commas]
        end = near[-1] if near else end
        pieces.append((start, end))
        start = end
    return [*pieces, (start, len(ids))]


def _tokenize(tokenizer: Any, text: str) -> tuple[list[int], list[Span]]:
    found = tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
    )
    return list(found["input_ids"]), [tuple(span) for span in found["offset_mapping"]]
