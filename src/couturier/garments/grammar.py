"""The garment grammar: shop copy and prompts in, garments out."""

from itertools import pairwise

from couturier.garments.attach import add_attribute, attach_attributes
from couturier.garments.kinds import plain_kind
from couturier.garments.phrases import LOWER_BODY, Mention, find_mentions
from couturier.garments.records import Garment, GarmentSpan
from couturier.garments.slogans import find_print_text
from couturier.garments.tags import Tag, tag_text
from couturier.garments.text import clean_text
from couturier.garments.vocabulary import read_data

MAX_CHARACTERS = 20_000  # of a text that are read; shop copy has a few hundred

_ACCESSORIES = frozenset(
    {"belt", "jewellery", "hat", "shoes", "bag", "socks", "watch", "eyewear", "tie"}
)
_WITHOUT = {  # families that have no such thing
    "neckline": _ACCESSORIES | LOWER_BODY | {"gloves", "scarf", "accessory"},
    "sleeve": _ACCESSORIES | LOWER_BODY | {"gloves", "scarf", "accessory"},
    "length": _ACCESSORIES,
}
_SHARED = ("colour", "material", "pattern")
_TITLE_JOINTS = frozenset({"and", "&", "+", ",", "/", "with", "-", "|", "w"})
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
    text = clean_text(text[:MAX_CHARACTERS])
    named = _read_title(clean_text(title[:MAX_CHARACTERS])) if title else []
    told, sets = _read_text(text, named)
    garments = told or [mention for mention in sets if _is_telling(mention)][:1]
    for mention in garments:
        _inherit(mention, sets)
    if len(garments) == 1 and "this is faux leather" in text.lower():
        garments[0].said.setdefault("material", "faux leather")
    return _finish(garments, text)


def find_spans(text: str) -> list[GarmentSpan]:
    """Find the garments of a prompt and where their words stand in it.

    Works on `text` as it is, so that the ranges hold for it; finds what `find_garments` finds in
    clean text.
    """
    mentions, sets = _read_text(text[:MAX_CHARACTERS], [])
    for mention in mentions:
        _inherit(mention, sets)
    found = zip(mentions, _finish(mentions, text), strict=True)
    return [
        GarmentSpan(garment, mention.phrase, mention.kind_span, tuple(mention.colour_spans))
        for mention, garment in found
    ]


def _read_title(title: str) -> list[Mention]:
    tags = _name_last(tag_text(title, is_title=True))
    mentions = find_mentions(tags, is_title=True)
    if all(mention.kind != "set" for mention in mentions):
        mentions = _drop_lines(tags, mentions)
    _share(tags, mentions)
    real = _garments_of(mentions)
    attach_attributes(tags, mentions, lambda index, slot: _owner(real, index, slot))
    if real and "colour" not in real[-1].said:
        _take_trailing_colour(tags, real[-1])
    return mentions


def _name_last(tags: list[Tag]) -> list[Tag]:
    """Read "Arsenal Red Jersey" and "Beach Short" as garments."""
    kind = read_data("kinds")["last_in_a_title"].get(tags[-1].text) if tags else None
    if kind is None or any(tag.slot == "kind" for tag in tags):
        return tags
    return [*tags[:-1], tags[-1]._replace(slot="kind", value=kind)]


def _drop_lines(tags: list[Tag], mentions: list[Mention]) -> list[Mention]:
    """Leave out kinds that name a brand or line: "U.S. Polo Assn. Men Blue Sweater"."""
    kept = mentions[-1:]
    for mention in reversed(mentions[:-1]):
        between = {tag.text for tag in tags[mention.last : kept[0].first]}
        if between & _TITLE_JOINTS:
            kept.insert(0, mention)
        elif "colour" in mention.said and "colour" not in kept[0].said:
            kept[0].said["colour"] = mention.said["colour"]
    return kept


def _take_trailing_colour(tags: list[Tag], mention: Mention) -> None:
    """Read "Spellbound Skirt Pink/Navy" and "Hoodie - Black"."""
    later = [tag for tag in tags[mention.last :] if tag.slot == "colour"]
    if later:
        mention.said["colour"] = " and ".join(tag.text for tag in later[:2])
        mention.colour_spans = [(tag.start, tag.end) for tag in later[:2]]


def _read_text(text: str, named: list[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Read copy after its title; gives the garments of both and the sets of both."""
    tags = tag_text(text)
    mentions = find_mentions(tags)
    _share(tags, mentions)
    for mention in mentions:
        mention.is_definite = _is_definite(tags, mention)
    titled = _garments_of(named)
    if len(titled) == 1 and len(named) == 1:  # a product: all the copy speaks of it
        garments = _merge_title(named, _garments_of(mentions))
        attach_attributes(tags, mentions, lambda index, slot: titled[0])
    else:
        real = _garments_of(mentions)
        attach_attributes(tags, mentions, lambda index, slot: _owner(real, index, slot))
        garments = _merge_title(named, _merge_repeats(tags, real))
    return garments, [mention for mention in (*named, *mentions) if mention.kind == "set"]


def _garments_of(mentions: list[Mention]) -> list[Mention]:
    return [mention for mention in mentions if mention.kind != "set"]


def _owner(mentions: list[Mention], index: int, slot: str) -> Mention | None:
    """The garment that words at `index` speak of: the last one named, else the next one."""
    bare = _WITHOUT.get(slot, frozenset())
    can = [mention for mention in mentions if mention.family not in bare]
    before = [mention for mention in can if mention.last <= index]
    return before[-1] if before else next(iter(can), None)


def _share(tags: list[Tag], mentions: list[Mention]) -> None:
    """Give "skirt" the pink of "a pink top and skirt"."""
    for before, mention in pairwise(mentions):
        between = [tag.text for tag in tags[before.last : _phrase_start(tags, mention)]]
        joined = between and set(between) <= _BETWEEN and "set" not in {before.kind, mention.kind}
        has_own = any(slot in mention.said for slot in _SHARED)
        if not joined or has_own or "jeans" in {before.kind, mention.kind}:
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
    start = _phrase_start(tags, later)
    listed = {tag.text for tag in tags[first.last : min(start, first.last + 4)]}
    if start - first.last < 4 and listed <= _BETWEEN | {"a", "an"}:
        return False
    return not any(_conflict(first.said, later.said, slot) for slot in (*_SHARED, "length"))


def _is_definite(tags: list[Tag], mention: Mention) -> bool:
    start = _phrase_start(tags, mention)
    return start > 0 and tags[start - 1].text in read_data("talk")["definite"]["words"]


def _conflict(first: dict[str, str], later: dict[str, str], slot: str) -> bool:
    old, new = first.get(slot), later.get(slot)
    return bool(old and new and old not in new and new not in old)


def _merge_title(named: list[Mention], told: list[Mention]) -> list[Mention]:
    titled = _garments_of(named)
    if not titled:
        return told
    is_set = len(titled) < len(named)
    for mention in told:
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


def _finish(mentions: list[Mention], text: str) -> list[Garment]:
    """Make garments of all that was gathered."""
    print_text = find_print_text(text, [mention.said for mention in mentions])
    is_faux = "faux leather" in text.lower()
    garments = []
    for mention in mentions:
        said = dict(mention.said)
        if is_faux and said.get("material") == "leather":
            said["material"] = "faux leather"
        if "fit" in said:
            said["fit"] = said["fit"].replace("|", " ")
        if print_text and _may_carry(mention):
            said["print_text"] = print_text
            print_text = None
        garments.append(Garment(mention.kind, **said))
    return garments


def _may_carry(mention: Mention) -> bool:
    """Whether print can stand on the garment: a graphic one, or a t-shirt, top, hat or bag."""
    pattern = mention.said.get("pattern")
    printable = mention.family in {"t-shirt", "hat", "top", "sweater", "bag"}
    return pattern == "graphic" or (pattern in {None, "printed", "logo"} and printable)
