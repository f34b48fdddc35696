"""Where in a prompt's tokens the garments are: what attention guidance holds on to."""

from typing import Any

from couturier.diffusion.attention import WordGroup
from couturier.diffusion.text import (
    Span,
    encode_prompts,
    find_spans_of_tokens,
    is_plain,
    read_sentence,
)
from couturier.garments.grammar import find_spans


def find_word_groups(pipeline: Any, prompt: str) -> tuple[WordGroup, ...]:
    """Find the words of each garment a prompt asks for, as places in its embeddings.

    The kind's words are the nouns; those of colour, material and cut before it the modifiers.

    Args:
        pipeline: Whose tokenizer reads the prompt.
        prompt: With its marks of weights, if it has any.
    """
    if is_plain(pipeline.tokenizer, prompt):
        text, places = prompt, find_spans_of_tokens(pipeline.tokenizer, prompt)
    else:
        text = read_sentence(prompt).text
        places = encode_prompts(pipeline, prompt, "").spans
    groups = []
    for span in find_spans(text):
        nouns = _find_places(places, (span.kind,))
        around = (span.phrase, *span.colours)
        modifiers = tuple(p for p in _find_places(places, around) if p not in nouns)
        if nouns:
            groups.append(WordGroup(nouns, modifiers))
    return tuple(groups)


def _find_places(places: tuple[Span | None, ...], wanted: tuple[Span, ...]) -> tuple[int, ...]:
    return tuple(
        number
        for number, place in enumerate(places)
        if place and any(place[0] < end and place[1] > start for start, end in wanted)
    )
