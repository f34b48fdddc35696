"""The part of a caption that is the shop's copy: slogans and swear words are kept out of it."""

import re
from collections.abc import Sequence

from couturier.dataset.tokens import split_sentences
from couturier.garments.coarse import find_coarse, strip_coarse
from couturier.garments.records import Garment


def list_talk(
    copy: str, garments: Sequence[Garment], *, is_title: bool
) -> tuple[list[str], list[str]]:
    """List the sentences of copy that a caption may hold.

    What is printed on a garment is no sentence about it, and is a fact of the garment already.
    A sentence with a swear word goes as a whole: what it says of the garment is told before it.

    Args:
        copy: Clean copy, or the title that stands for it.
        garments: What the row shows; those with `print_text` tell the slogans.
        is_title: True where two spaces are a slip and part no sentences.

    Returns:
        The sentences that are left, and the swear words found, as written.
    """
    sentences = [" ".join(copy.split())] if is_title else split_sentences(copy)
    for slogan in filter(None, (garment.print_text for garment in garments)):
        sentences = _take_out(slogan, sentences)
    coarse = [word for sentence in sentences for word in find_coarse(sentence)]
    kept = [sentence for sentence in sentences if not (coarse and find_coarse(sentence))]
    if not kept and not garments:  # better a part of a sentence than no caption at all
        kept = [left for one in sentences if (left := strip_coarse(one))]
    return kept, coarse


def _take_out(slogan: str, sentences: Sequence[str]) -> list[str]:
    """Take a slogan off the sentence it opens, and leave out those that quote it."""
    words = re.findall(r"\w+", slogan)
    if not words:
        return list(sentences)
    pattern = re.compile(r"\W+".join(map(re.escape, words)), re.IGNORECASE)
    # A slogan may hold full stops of its own, and so be several sentences.
    parts = {" ".join(re.findall(r"\w+", part)).casefold() for part in split_sentences(slogan)}
    kept = []
    for sentence in sentences:
        if " ".join(re.findall(r"\w+", sentence)).casefold() in parts:
            continue
        found = pattern.search(sentence)
        if found is None:
            kept.append(sentence)
        elif not re.search(r"\w", sentence[: found.start()]):
            rest = sentence[found.end() :].lstrip(" ,.;:!?…-–—\"'”’")
            kept += [rest] if len(rest.split()) > 1 else []
    return kept
