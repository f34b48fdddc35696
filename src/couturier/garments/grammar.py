"""The garment grammar: shop copy and prompts in, garments out."""

from itertools import pairwise

from couturier.garments.attach import add_attribute, attach_attributes
from couturier.garments.kinds import plain_kind
from couturier.garments.phrases import Mention, find_mentions
from couturier.garments.records import Garment, GarmentSpan
from couturier.garments.slogans import find_print_text
from couturier.garments.tags import Tag, tag_text
from couturier.garments.text import clean_text
from couturier.garments.vocabulary import read_data

_ACCESSORIES = frozenset(
    {"belt", "jewellery", "hat", "shoes", "bag", "socks", "watch", "eyewear", "tie"}
)
_SHARED = ("colour", "material", "pattern")
_BETWEEN = frozenset({",", "and", "&", "/", "+"})


def find_garments(text: str, *, title: str | None = None) -> list[Garment]:
    """Find the garments that copy or a prompt names, one entry a garment, in order of mention.

    Slogans, sayings and remarks on what to wear with it yield nothing. In a set each garment has
    its own colour; "a pink top and skirt" gives both the colour. A set of which nothing but
    its colour or fabric is told comes as one garment of kind "set".

    Args:
        text: Copy as the shop has it, HTML and lost spaces included, or a prompt.
        title: The product's title. Its garment comes first and what it says counts before the
            text; garments of other families in the text are then remarks, unless it is a set.
    """
    text = clean_text(text)
    told = _read_text(text)
    named = _read_title(clean_text(title)) if title else []
    sets = [mention for mention in (*named, *told) if mention.kind == "set"]
    garments = _merge_title(named, told)
    if not garments:
        garments = [mention for mention in sets if _is_telling(mention)][:1]
    for mention in garments:
        _inherit(mention, sets)
    faux = "faux leather" in text.lower()
    print_text = find_print_text(text, [mention.said for mention in garments])
    return [_garment(mention, faux, print_text) for mention in garments]


def find_spans(text: str) -> list[GarmentSpan]:
    """Find the garments of a prompt and where their words stand in it.

    Works on `text` as it is, so that the ranges hold for it; finds what `find_garments` finds in
    clean text.
    """
    mentions = _read_text(text)
    sets = [mention for mention in mentions if mention.kind == "set"]
    found = [mention for mention in mentions if mention.kind != "set"]
    spans = []
    print_text = find_print_text(text, [mention.said for mention in found])
    for mention in found:
        _inherit(mention, sets)
        garment = _garment(mention, False, print_text)
        colours = tuple(mention.colour_spans)
        spans.append(GarmentSpan(garment, mention.phrase, mention.kind_span, colours))
    return spans


def _read_title(title: str) -> list[Mention]:
    tags = tag_text(title, is_title=True)
    mentions = find_mentions(tags, is_title=True)
    _share(tags, mentions)
    real = [mention for mention in mentions if mention.kind != "set"]
    attach_attributes(tags, mentions, lambda _: real[-1] if real else None)
    if real and "colour" not in real[-1].said:
        _take_trailing_colour(tags, real[-1])
    return mentions


def _take_trailing_colour(tags: list[Tag], mention: Mention) -> None:
    """Read "Spellbound Skirt Pink/Navy" and "Hoodie - Black"."""
    later = [tag for tag in tags[mention.last :] if tag.slot == "colour"]
    if later:
        mention.said["colour"] = " and ".join(tag.text for tag in later[:2])
        mention.colour_spans = [(tag.start, tag.end) for tag in later[:2]]


def _read_text(text: str) -> list[Mention]:
    tags = tag_text(text)
    mentions = find_mentions(tags)
    _share(tags, mentions)
    real = [mention for mention in mentions if mention.kind != "set"]
    attach_attributes(tags, mentions, lambda index: _owner(real, index))
    for mention in mentions:
        mention.is_definite = _is_definite(tags, mention)
    return _merge_repeats(tags, mentions)


def _owner(mentions: list[Mention], index: int) -> Mention | None:
    """The garment that words at `index` speak of: the last one named, else the next one."""
    before = [mention for mention in mentions if mention.last <= index]
    if before:
        return before[-1]
    return mentions[0] if mentions else None


def _share(tags: list[Tag], mentions: list[Mention]) -> None:
    """Give "skirt" the pink of "a pink top and skirt"."""
    for before, mention in pairwise(mentions):
        between = [tag.text for tag in tags[before.last : _phrase_start(tags, mention)]]
        joined = between and set(between) <= _BETWEEN and "set" not in {before.kind, mention.kind}
        if not joined or any(slot in mention.said for slot in _SHARED):
            continue
        slots = _SHARED if "and" in between or "&" in between else ("colour",)
        if mention.family in _ACCESSORIES:
            slots = ("colour",)
        for slot in slots:
            if slot in before.said and before.said[slot] not in {"graphic", "logo"}:
                mention.said[slot] = before.said[slot]
                if slot == "colour":
                    mention.colour_spans = list(before.colour_spans)


def _phrase_start(tags: list[Tag], mention: Mention) -> int:
    """Index of the phrase's first word, weak adjectives ("matching", "cute") included."""
    start = mention.first
    while start and (tags[start - 1].slot in {"filler", "shade"} or _is_plain(tags[start - 1])):
        start -= 1
    return start


def _is_plain(tag: Tag) -> bool:
    return tag.slot == "word" and not tag.is_stop


def _merge_repeats(tags: list[Tag], mentions: list[Mention]) -> list[Mention]:
    """Join later namings of a garment ("this dress is ...") to the first."""
    kept: list[Mention] = []
    for mention in mentions:
        twin = next((other for other in kept if _is_same(tags, other, mention)), None)
        if twin is None:
            kept.append(mention)
        else:
            _fill(twin, mention)
    return kept


def _is_same(tags: list[Tag], first: Mention, later: Mention) -> bool:
    if later.kind != first.kind and not (
        later.family == first.family
        and later.kind == plain_kind(later.family)
        and later.is_definite
    ):
        return False
    between = {tag.text for tag in tags[first.last : _phrase_start(tags, later)]}
    if between <= _BETWEEN | {"a", "an"}:
        return False
    return not any(_conflict(first.said, later.said, slot) for slot in (*_SHARED, "length"))


def _is_definite(tags: list[Tag], mention: Mention) -> bool:
    start = _phrase_start(tags, mention)
    return start > 0 and tags[start - 1].text in read_data("talk")["definite"]["words"]


def _conflict(first: dict[str, str], later: dict[str, str], slot: str) -> bool:
    old, new = first.get(slot), later.get(slot)
    return bool(old and new and old not in new and new not in old)


def _merge_title(named: list[Mention], told: list[Mention]) -> list[Mention]:
    titled = [mention for mention in named if mention.kind != "set"]
    extra = [mention for mention in told if mention.kind != "set"]
    if not titled:
        return extra
    is_set = any(mention.kind == "set" for mention in named)
    for mention in extra:
        twin = _twin(titled, mention)
        if twin is not None:
            if twin.kind == "top" and mention.family == "top" and mention.is_definite:
                twin.kind = mention.kind
            _fill(twin, mention)
        elif is_set:
            titled.append(mention)
    return titled


def _twin(titled: list[Mention], mention: Mention) -> Mention | None:
    """The garment of the title that `mention` speaks of: same kind, else same sort."""
    for same in (
        lambda other: other.kind == mention.kind,
        lambda other: other.family == mention.family,
        lambda other: {other.family, mention.family} <= _UPPER_BODY,
    ):
        found = next((other for other in titled if same(other)), None)
        if found is not None:
            return found
    return None


_UPPER_BODY = frozenset({"top", "shirt", "sweater", "t-shirt"})


def _fill(mention: Mention, other: Mention) -> None:
    if mention.said.get("colour") in {None, "multi"} and "colour" in other.said:
        mention.said["colour"] = other.said["colour"]
        mention.colour_spans = other.colour_spans
    for slot, value in other.said.items():
        if slot != "colour":
            add_attribute(mention.said, slot, value)


def _is_telling(mention: Mention) -> bool:
    return any(slot in mention.said for slot in _SHARED)


def _inherit(mention: Mention, sets: list[Mention]) -> None:
    """Give a garment without a colour the one its set has: "this pink knit set, a jacket and"."""
    for whole in sets:
        if mention is whole:
            continue
        for slot in ("colour", "material"):
            if slot in whole.said and slot not in mention.said:
                mention.said[slot] = whole.said[slot]
                if slot == "colour":
                    mention.colour_spans = list(whole.colour_spans)


def _garment(mention: Mention, faux: bool, print_text: str | None) -> Garment:
    said = dict(mention.said)
    if faux and said.get("material") == "leather":
        said["material"] = "faux leather"
    if print_text and said.get("pattern") in {"graphic", "printed", None}:
        carries = said.get("pattern") == "graphic" or mention.family in {"t-shirt", "hat", "top"}
        said |= {"print_text": print_text} if carries else {}
    return Garment(kind=mention.kind, **said)
