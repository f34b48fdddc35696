"""Writes the caption of a product: what can be seen first, then the shop's copy while it fits."""

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from couturier.catalogue.fields import to_text
from couturier.catalogue.readers.rows import plain_name
from couturier.catalogue.records import Product
from couturier.dataset.copy_talk import list_talk
from couturier.dataset.settings import AUTO, DESCRIPTION
from couturier.dataset.tokens import (
    MAX_TOKENS,
    cut_to_tokens,
    estimate_tokens,
)
from couturier.garments.records import Garment

NEAR_EMPTY_WORDS = 2
_FILLERS = (
    "a an and are as at be by classic for from great in is it its lovely new nice of on our pair "
    "perfect stylish that the this to with you your"
)
_FILLER_WORDS = frozenset(_FILLERS.split())


@dataclass(frozen=True)
class Caption:
    """A caption and what there is to say about it.

    Attributes:
        text: "" where the row gives nothing to write.
        faults: Pairs of a kind of `catalogue.faults.FAULT_KINDS` and the reason.
    """

    text: str
    faults: tuple[tuple[str, str], ...] = ()


def write_caption(product: Product, garments: Sequence[Garment], *, template: str) -> Caption:
    """Write one caption.

    Args:
        product: Its title, description and fields.
        garments: What `seen.see_garments` told of it.
        template: "auto", "description", or a template over the fields of the row and `seen`,
            `kind`, `colour`, `material`, `pattern`, `neckline`, `sleeve`, `length`, `fit`,
            `print_text`.
    """
    if template == AUTO:
        caption = _write_seen_first(product, garments)
    elif template == DESCRIPTION:
        caption = _take_description(product)
    else:
        caption = _fill_template(product, garments, template)
    faults = [*caption.faults]
    if not caption.text:
        return Caption("", (("no text", "the row gives nothing to make a caption of"),))
    if len(caption.text.split()) < NEAR_EMPTY_WORDS:
        faults.append(("short caption", f"the caption is only {caption.text!r}"))
    if not garments:
        faults.append(("no garment", f"no garment is named in {_shown(caption.text)}"))
    return Caption(caption.text, tuple(faults))


def list_fields(own: Iterable[str]) -> list[str]:
    """Name the fields a caption template can ask for, those of the rows in alphabet.

    Args:
        own: The names the rows' fields have, in their plain form.
    """
    return [*_ROW_FIELDS, *_GARMENT_FIELDS, *sorted({*own} - {*_ROW_FIELDS, *_GARMENT_FIELDS})]


def template_fields(template: str) -> list[str]:
    """Name the fields a template asks for; none for "auto" and "description"."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


_ROW_FIELDS = ("image_id", "title", "description")
_GARMENT_FIELDS = (
    "seen",
    "kind",
    "colour",
    "material",
    "pattern",
    "neckline",
    "sleeve",
    "length",
    "fit",
    "print_text",
)


def _write_seen_first(product: Product, garments: Sequence[Garment]) -> Caption:
    seen = _describe(garments)
    copy = product.description or product.title
    sentences, coarse = list_talk(copy, garments, is_title=copy == product.title)
    if not copy or (seen and _adds_nothing(copy, seen)):
        sentences = []
    wanted = [sentence for sentence in [seen, *sentences] if sentence]
    kept = cut_to_tokens(wanted, MAX_TOKENS)
    text = " ".join(_stopped(sentence) for sentence in kept)
    faults = [] if product.description or not text else [_miss_description(product)]
    if coarse:
        faults.append(
            ("swear word", f"sentences with {', '.join(sorted(set(coarse)))} are left out")
        )
    if kept == wanted:
        return Caption(text, tuple(faults))
    n_lost = sum(map(_count_words, wanted)) - sum(map(_count_words, kept))
    faults.append(("cut caption", f"{n_lost} words of copy beyond 77 tokens are cut"))
    return Caption(text, tuple(faults))


def _describe(garments: Sequence[Garment]) -> str:
    """Say what is seen; that there are words on it, and not which: no base can read or write."""
    return ", ".join(
        f"{replace(one, print_text=None).phrase()} with printed words"
        if one.print_text
        else one.phrase()
        for one in garments
    )


def _take_description(product: Product) -> Caption:
    if not product.description:
        return Caption(product.title, (_miss_description(product),) if product.title else ())
    return _warn_if_long(Caption(product.description))


def _miss_description(product: Product) -> tuple[str, str]:
    stand_in = "the title stands" if product.title else "its other fields stand"
    return "no description", f"{stand_in} for it"


def _fill_template(product: Product, garments: Sequence[Garment], template: str) -> Caption:
    values = {plain_name(name): to_text(value) for name, value in product.fields.items()}
    values |= (
        {name: value or "" for name, value in garments[0].as_dict().items()} if garments else {}
    )
    values |= {"seen": _describe(garments), "image_id": product.image_id}
    values |= {"title": product.title, "description": product.description}
    asked = template_fields(template)
    empty = [name for name in asked if not values.get(name)]
    text = template.format_map({name: values.get(name, "") for name in asked})
    if len(empty) == len(asked):
        return Caption("")
    reason = f"the row has no {', '.join(empty)}"
    return _warn_if_long(Caption(_tidy(text), (("empty field", reason),) if empty else ()))


def _warn_if_long(caption: Caption) -> Caption:
    n_tokens = estimate_tokens(caption.text)
    if n_tokens <= MAX_TOKENS:
        return caption
    reason = f"about {n_tokens + 2} tokens; the text encoder reads the first 77"
    return Caption(caption.text, (*caption.faults, ("long caption", reason)))


def _adds_nothing(copy: str, seen: str) -> bool:
    return set(_words(copy)) - _FILLER_WORDS <= set(_words(seen))


def _words(text: str) -> list[str]:
    # "jackets" and "T-Shirts" say no more than "jacket" and "t-shirt".
    return [word.rstrip("s") or word for word in re.findall(r"\w+", text.lower())]


def _count_words(text: str) -> int:
    return len(text.split())


def _stopped(sentence: str) -> str:
    bare = sentence.rstrip(" ,;:-–—")
    return bare if bare.endswith((".", "!", "?", "…")) else f"{bare}."


def _tidy(text: str) -> str:
    """Take out what empty fields leave behind: doubled spaces, commas after nothing."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text)
    return text.strip(" ,;:")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
