"""Garment phrases: a kind and the words before it that describe it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from couturier.garments.kinds import family_of
from couturier.garments.records import Span
from couturier.garments.tags import Tag
from couturier.garments.vocabulary import ATTRIBUTES, read_data

LOWER_BODY = frozenset({"skirt", "trousers", "shorts"})
TRIMMINGS = frozenset(
    {"rhinestone", "crystal", "pearl", "pearl beaded", "beaded", "feather", "chain", "metal"}
)
_DESCRIBING = frozenset({"colour", "shade", "many", "filler", *ATTRIBUTES})
_LOOSE = frozenset({"filler", "fit", "material", "pattern"})
_JOINS = frozenset({"and", "&", "/", "+", "n"})
_WITHIN = frozenset({"filler", "material", "pattern", "neckline", "sleeve", "length", "fit"})
# Kinds that are no other garment's first name: "top gloves" are two things.
_ALONE = frozenset({"top", "tops", "skirt", "pants", "dress", "shorts", "shoes", "jacket", "coat"})
_NECKS = frozenset({"halter", "turtleneck", "crewneck", "mock neck", "longsleeve"})
_NECK_NOUNS = frozenset({"neck", "neckline", "sleeve", "sleeves", "crewneck", "fit", "style"})
_NO_PARTS = frozenset({"body", "back", "half", "frame", "dial", "waist", "leg"})
_MAX_UNKNOWN = 2  # "washed", "gripper": unknown words between a colour and its kind
_MAX_UNKNOWN_IN_TITLES = 6  # titles name brands and lines there


@dataclass
class Mention:
    """One naming of a garment, gathered while reading; several may be one garment.

    Attributes:
        kind: Canonical kind, or "set".
        said: Attributes by field name, as `Garment` has them.
        first: Index of the phrase's first tag.
        last: Index after the tag of its kind.
        phrase: Characters of the whole phrase.
        kind_span: Characters of the kind.
        colour_spans: Characters of each colour word.
        is_definite: Whether "this", "the" or "our" stands before it.
    """

    kind: str
    said: dict[str, str]
    first: int
    last: int
    phrase: Span
    kind_span: Span
    colour_spans: list[Span] = field(default_factory=list)
    is_definite: bool = False

    @property
    def family(self) -> str:
        """The kind's family."""
        return family_of(self.kind)


def find_mentions(tags: list[Tag], *, is_title: bool = False) -> list[Mention]:
    """Find every phrase that names a garment, in order; sets come as kind "set"."""
    return [
        mention
        for index, tag in enumerate(tags)
        if tag.slot in {"kind", "set"} and _is_head(tags, index)
        for mention in _read_phrase(tags, index, is_title)
    ]


def _is_head(tags: list[Tag], index: int) -> bool:
    """Whether the kind at `index` is a garment's, not part of a longer name or a built-in thing."""
    if index and tags[index - 1].text == "in" and tags[index - 2].text == "built":
        return False
    for at in range(index + 1, len(tags)):
        after = tags[at]
        if after.gap == "\n" or after.opens:
            return True
        if after.slot == "kind":
            return after.value == "set" or tags[index].text in _ALONE
        if at == index + 1 and _names_a_part(after) and not _leads_to_a_kind(tags, at):
            return False
        if after.slot not in _WITHIN:
            return True
    return True


def _names_a_part(tag: Tag) -> bool:
    return tag.is_part and tag.slot != "talk" and tag.text not in _NO_PARTS


def _leads_to_a_kind(tags: list[Tag], at: int) -> bool:
    return at + 1 < len(tags) and tags[at + 1].slot == "kind"


def _read_phrase(tags: list[Tag], head: int, is_title: bool) -> Iterator[Mention]:
    modifiers = list(_modifiers(tags, head, is_title))
    tag = tags[head]
    if tag.value == "set" or tag.slot == "set":
        modifiers = _of_a_set(tags, modifiers)
    telling = [mod for mod in modifiers if tags[mod].slot in _DESCRIBING - {"filler", "shade"}]
    telling += [mod for mod in modifiers if tags[mod].slot == "kind"]
    strong = {"colour", "many", "material", "pattern"}
    weak_only = not any(tags[mod].slot in strong for mod in telling)
    if (
        tag.slot == "kind"
        and ((weak_only and tag.text in read_data("talk")["verbs"]["bare"]) or not telling)
        and _is_talk(tags, head, is_title)
    ):
        return
    first = min([*telling, head])
    shades = [mod for mod in modifiers if tags[mod].slot == "shade" and mod == first - 1]
    first = min([*shades, first])
    chosen = [tags[mod] for mod in sorted(modifiers) if mod >= first]
    kind = tag.value if tag.slot == "kind" else "set"
    if kind == "set" and any(mod.slot == "kind" for mod in chosen):
        return
    kind, said = _read_modifiers(kind, chosen, is_title and first == 0)
    for slot, value in tag.implied:
        said.setdefault(slot, value)
    if family_of(kind) in LOWER_BODY and "neckline" in said:
        said["fit"] = choose_fit(
            [said.pop("neckline").replace("neckline", "hem"), *filter(None, [said.get("fit")])]
        )
    spans = [(mod.start, mod.end) for mod in chosen if mod.slot in {"colour", "shade", "many"}]
    colours = _joined_spans(spans) if "colour" in said else []
    yield Mention(
        kind,
        said,
        first,
        head + 1,
        (tags[first].start, tag.end),
        (tag.start, tag.end),
        colours,
    )


def _modifiers(tags: list[Tag], head: int, is_title: bool) -> Iterator[int]:
    """Walk left from the kind over all that may describe it."""
    unknown = _MAX_UNKNOWN_IN_TITLES if is_title else _MAX_UNKNOWN
    bare = True  # nothing but fabric and cut so far, as between "sweater" and "mini dress"
    for at in range(head - 1, -1, -1):
        tag = tags[at]
        unknown -= tag.slot == "word" and not tag.is_stop
        kind_apart = tag.slot == "kind" and (not bare or tag.text in _ALONE)
        if unknown < 0 or kind_apart or _is_apart(tags[at + 1], is_title):
            return
        if tag.is_stop or tag.slot == "mark" or (tag.slot == "set" and tag.text != "fit"):
            if not _may_cross(tags, at):
                return
        elif tag.slot not in {"word", "set"}:
            yield at
        bare = bare and tag.slot in {"kind", *_WITHIN}


def _of_a_set(tags: list[Tag], modifiers: list[int]) -> list[int]:
    """Of words before "set", "look" or "fit", those that say what all its garments share."""
    weak = read_data("colours")["weak"]["words"]
    slots = {"colour", "shade", "material", "pattern", "kind"}
    kept = [at for at in modifiers if tags[at].slot in slots]
    if any(tags[at].slot in {"material", "pattern"} for at in kept):
        return kept  # "Sage Stretch Lace Set"
    return [at for at in kept if tags[at].text not in weak]  # not "Desert Rose Set"


def _is_apart(right: Tag, is_title: bool) -> bool:
    """Whether the text makes a break before `right`."""
    return not is_title and (right.opens or (right.gap == "\n" and right.slot != "mark"))


def _may_cross(tags: list[Tag], at: int) -> bool:
    """Whether a comma or an "and" stands between two words that describe one garment."""
    if at == 0:
        return False
    left, right = tags[at - 1], tags[at + 1]
    if tags[at].text == ",":
        both_colours = left.slot == right.slot == "colour"
        is_noun = left.words[-1] in _NECK_NOUNS  # "a plunging neckline, adjustable ties"
        describing = left.slot in _DESCRIBING and right.slot in _DESCRIBING
        return describing and not both_colours and not is_noun
    if tags[at].text not in _JOINS:
        return False
    if left.slot == "colour" and right.slot in {"colour", "shade"}:
        # not in "a hoodie in red and blue jeans"
        return not (at > 2 and tags[at - 2].text == "in" and tags[at - 3].slot == "kind")
    return left.slot in _LOOSE and right.slot in _LOOSE and not left.is_part


def _is_talk(tags: list[Tag], head: int, is_title: bool) -> bool:
    """Whether a kind without describing words is a verb, a part, or in a saying."""
    verbs = read_data("talk")["verbs"]
    tag = tags[head]
    before = tags[head - 1].text if head else ""
    last = head + 1 == len(tags)
    if tag.text in verbs["bare"] and not (last and is_title):
        return before not in read_data("talk")["determiners"]["words"] or tag.text.endswith("s")
    if is_title:
        return False
    if tag.implied and tag.text in _NECKS:
        return before not in {"and", "&"}
    if tag.text not in verbs["words"]:
        return False
    after = "" if last else tags[head + 1].words[0]
    if after in verbs["after"] or before in verbs["before"]:
        return True
    return head > 0 and tags[head - 1].slot == "talk"


def _read_modifiers(kind: str, chosen: list[Tag], opens: bool) -> tuple[str, dict[str, str]]:
    said: dict[str, str] = {}
    chosen = [tag for at, tag in enumerate(chosen) if not _is_of_a_trim(chosen, at)]
    colour = _read_colour(chosen, opens)
    if colour:
        said["colour"] = colour
    for slot in ATTRIBUTES:
        values = [tag.value for tag in chosen if tag.slot == slot]
        values += [value for tag in chosen for key, value in tag.implied if key == slot]
        if values:
            said[slot] = CHOOSE[slot](values)
    for tag in chosen:
        if tag.slot == "kind" and not tag.implied:
            kind = _read_compound(kind, tag.value, said)
    return kind, said


def _is_of_a_trim(chosen: list[Tag], at: int) -> bool:
    """Whether a fabric is that of a trimming: "fur trim sweater"."""
    follower = chosen[at + 1].text if at + 1 < len(chosen) else ""
    return chosen[at].slot == "material" and follower in {"trim", "trimmed", "collar"}


def _read_colour(chosen: list[Tag], opens: bool) -> str | None:
    """Put a garment's colour words together: "light grey", "black and white"."""
    colours = [tag for tag in chosen if tag.slot == "colour"]
    if opens and colours and colours[0] is chosen[0] and _is_a_name(colours):
        chosen = chosen[1:]  # "Olive Black Lace Dress": a person's name
    groups: list[list[str]] = []
    pending: list[str] = []
    previous: Tag | None = None
    for tag in chosen:
        if tag.slot == "shade":
            pending.append(tag.text)
        elif tag.slot == "colour":
            adjacent = (
                tag.gap in {" ", "-"} and previous is not None and previous.end + 1 == tag.start
            )
            if previous and previous.slot == "colour" and adjacent:
                groups[-1].append(tag.text)
            else:
                groups.append([*pending, tag.text])
            pending = []
        else:
            pending = []
        previous = tag
    words = list(dict.fromkeys(" ".join(group) for group in groups))
    if words == ["natural"] and any(tag.slot == "many" for tag in chosen):
        return "multi"
    if words:
        return " and ".join(words)
    return "multi" if any(tag.slot == "many" for tag in chosen) else None


def _is_a_name(colours: list[Tag]) -> bool:
    data = read_data("colours")
    if len(colours) > 1 and colours[0].text in data["weak"]["words"]:
        apart = colours[1].start - colours[0].end > len(" & ")
        return apart or colours[0].text in data["names"]["often"]  # "Midnight Blossom Black Heels"
    return colours[0].text in data["names"]["always" if len(colours) == 1 else "often"]


def _read_compound(kind: str, other: str, said: dict[str, str]) -> str:
    """Read a kind before a kind: "sweater dress", "shirt dress", "corset crop top"."""
    short = other.removesuffix(" top").removesuffix("s") if other.endswith(" top") else other
    if other == "sweater":
        if said.get("material") in {None, "knit"}:
            said["material"] = "sweater knit"
    elif other == "jeans":
        said.setdefault("material", "denim")
    elif kind in {"dress", "gown"} and family_of(other) in {"top", "shirt", "jacket", "t-shirt"}:
        said["fit"] = choose_fit([short, *filter(None, [said.get("fit")])])
    elif kind == "top" and family_of(other) in {"top", "swimwear", "sweater"}:
        return other
    return kind


def _first(values: list[str]) -> str:
    return values[0]


def choose_material(values: list[str]) -> str:
    """Join the fabrics named; trimmings count where no fabric is named."""
    fabrics = [value for value in values if value not in TRIMMINGS] or values
    return " ".join(dict.fromkeys(fabrics))


def choose_pattern(values: list[str]) -> str:
    """Take the first pattern that says more than "printed"."""
    return next((value for value in values if value not in VAGUE_PATTERNS), values[0])


def choose_fit(values: list[str]) -> str:
    """Keep the first two words on the cut, each once, with "|" between."""
    words = [word for value in values for word in value.split("|")]
    return "|".join(list(dict.fromkeys(words))[:2])


VAGUE_PATTERNS = frozenset({"printed", "patterned", "solid"})
CHOOSE = {
    "material": choose_material,
    "pattern": choose_pattern,
    "neckline": _first,
    "sleeve": _first,
    "length": _first,
    "fit": choose_fit,
}


def _joined_spans(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
