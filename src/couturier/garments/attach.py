"""What copy says of a garment outside its phrase: "made from satin", "with a cowl neck"."""

from collections.abc import Callable, Iterator

from couturier.garments.phrases import TRIMMINGS, VAGUE_PATTERNS, Mention, choose_fit
from couturier.garments.records import Span
from couturier.garments.tags import Tag
from couturier.garments.vocabulary import ATTRIBUTES, read_data

_COLOUR_NOUNS = frozenset(
    {"color", "colour", "hue", "shade", "tone", "toned", "colorway", "colourway", "palette"}
)
_PATTERN_NOUNS = frozenset(
    {"print", "prints", "pattern", "patterns", "design", "motif", "style", "colors", "colours"}
)
_MAKING = frozenset({"made", "constructed", "crafted", "created"})
_REACH = 7  # tags between "made from" and the fabric

Owner = Callable[[int, str], Mention | None]


def attach_attributes(tags: list[Tag], mentions: list[Mention], owner: Owner) -> None:
    """Give each attribute that stands outside a phrase to the garment that `owner` names.

    What a phrase itself says stays; only what it leaves open is filled in.

    Args:
        tags: The text.
        mentions: Its garment phrases.
        owner: Says whose the attribute is, by the tag's index and the attribute's slot.
    """
    taken = {index for mention in mentions for index in range(mention.first, mention.last)}
    for index, tag in enumerate(tags):
        mention = owner(index, tag.slot)
        if mention is None or index in taken:
            continue
        for slot, value in tag.implied if tag.slot == "kind" else ():
            if slot in {"neckline", "sleeve"}:  # "complete with a crewneck"
                add_attribute(mention.said, slot, value)
        if tag.slot in ATTRIBUTES and _is_about_the_garment(tags, index):
            add_attribute(mention.said, tag.slot, tag.value)
    for end, colour, span in _free_colours(tags, taken):
        mention = owner(end - 1, "colour")
        if mention is not None and mention.said.get("colour") in {None, "multi"}:
            mention.said["colour"] = colour
            mention.colour_spans = [span]


def add_attribute(said: dict[str, str], slot: str, value: str) -> None:
    """Fill an open attribute; a telling word replaces a vague one."""
    old = said.get(slot)
    vague = slot == "pattern" and old in VAGUE_PATTERNS
    if old is None or vague or (slot == "material" and _tells_more(value, old)):
        said[slot] = value
    elif slot == "fit":
        said[slot] = choose_fit([old, value])


def _tells_more(value: str, old: str) -> bool:
    """Whether a fabric is the fuller name of `old`: "faux leather" for "leather"."""
    if value == old or value in TRIMMINGS:
        return False
    return old in value.split() or old in TRIMMINGS or (old == "knit" and value == "sweater knit")


def _is_about_the_garment(tags: list[Tag], index: int) -> bool:
    tag = tags[index]
    follower = _follower(tags, index)
    named = follower is not None and follower.text in _PATTERN_NOUNS
    if tag.text in read_data("words")["only_before_a_garment"]["words"] and not named:
        return False
    if tag.value in {"short", "long"}:
        return follower is not None and follower.text == "length"
    about_a_part = follower is not None and follower.is_part
    if tag.slot in {"neckline", "sleeve"}:
        return True
    if tag.slot == "material":
        return not about_a_part and _is_fabric_of(tags, index)
    return not about_a_part


def _follower(tags: list[Tag], index: int) -> Tag | None:
    """The thing that the attribute at `index` describes: the next tag that describes nothing."""
    for tag in tags[index + 1 : index + 5]:
        if tag.opens or tag.slot == "mark" or tag.is_stop:
            return None
        if tag.slot in {"word", "kind"} or tag.is_part:
            return tag
    return None


def _is_fabric_of(tags: list[Tag], index: int) -> bool:
    """Whether a fabric is what the garment is made of, not a trimming's."""
    if index + 1 < len(tags) and tags[index + 1].slot == "fabric":
        return True
    for at in range(index - 1, max(-1, index - _REACH), -1):
        tag = tags[at]
        if tag.text == "with" and at and tags[at - 1].text in _MAKING:
            return True
        if tag.text in {"with", "featuring", "lined", "complete", "by"} or tags[at + 1].opens:
            return False
        if tag.text in read_data("talk")["made_of"]["words"]:
            return at > 0
    return False


def _free_colours(tags: list[Tag], taken: set[int]) -> Iterator[tuple[int, str, Span]]:
    """Find "in black", "an ivory hue", "Color: red"; gives the tag after, the words, their span."""
    index = 0
    while index < len(tags):
        if index in taken or tags[index].slot not in {"colour", "shade"}:
            index += 1
            continue
        end = _end_of_colours(tags, index, taken)
        if any(tag.slot == "colour" for tag in tags[index:end]) and _is_said(tags, index, end):
            words = " ".join(tag.text for tag in tags[index:end])
            for joint in (" & ", " / ", " + "):
                words = words.replace(joint, " and ")
            yield end, words, (tags[index].start, tags[end - 1].end)
        index = end


def _end_of_colours(tags: list[Tag], start: int, taken: set[int]) -> int:
    end = start
    for at in range(start, len(tags)):
        tag = tags[at]
        if at in taken:
            break
        if tag.slot == "colour":
            end = at + 1
        elif tag.slot != "shade" and tag.text not in {"and", "&", "/", "+"}:
            break
    return max(end, start + 1)


def _is_said(tags: list[Tag], start: int, end: int) -> bool:
    after = tags[end] if end < len(tags) else None
    if after is not None and after.text in _COLOUR_NOUNS:
        return True
    closed = after is None or after.slot == "mark" or after.is_stop or after.opens
    before = start - 1
    while before >= 0 and (tags[before].slot == "filler" or tags[before].text in {"a", "an"}):
        before -= 1
    if before < 0 or not closed:
        return False
    if tags[before].text == ":" and before and tags[before - 1].text in _COLOUR_NOUNS:
        return True
    return tags[before].text == "in"
