"""What the grammar finds: garments, and the words that name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

Span = tuple[int, int]


@dataclass(frozen=True)
class Garment:
    """One garment as the text tells it; None where the text says nothing.

    Everything is lower case and canonical ("tee" is "t-shirt"), save for two fields.

    Attributes:
        kind: Name of the kind; `kinds.family_of` gives its family.
        colour: The shop's own word or words: "hot pink", "ivory", "black and white", "multi".
        material: What it is made of or covered with: "satin", "faux leather", "sequin".
        pattern: "floral", "leopard print", "graphic"; "printed" where no motif is named.
        neckline: "v-neck", "halter", "off shoulder", also "hooded" and "collared".
        sleeve: "long sleeve", "puff sleeve", "sleeveless".
        length: "micro mini", "mini", "midi", "maxi", "cropped" (of a "crop top"), "knee length".
        fit: How it is cut and worked, at most two words of it: "bodycon", "high-waisted wide leg",
            "pleated", and for dresses the garment they follow: "shirt", "blazer", "tube".
        print_text: What is printed on it, as written.
    """

    kind: str
    colour: str | None = None
    material: str | None = None
    pattern: str | None = None
    neckline: str | None = None
    sleeve: str | None = None
    length: str | None = None
    fit: str | None = None
    print_text: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Every field by its name, for JSON."""
        return {**vars(self)}

    @classmethod
    def from_dict(cls, row: Mapping[str, str | None]) -> "Garment":
        """Read what `as_dict` wrote; missing fields are None, unknown ones are left alone."""
        said = {name: row.get(name) for name in _SAID}
        return cls(str(row["kind"]), **said)

    def phrase(self) -> str:
        """What is seen, in the order one says it: "hot pink chainmail mini skirt"."""
        neck = _NECK_NOUNS.get(self.neckline or "", self.neckline)
        cropped = self.length == "cropped"
        early, late = (self.length, None) if cropped else (None, self.length)
        words = [self.colour, self.material, early, neck, self.sleeve, self.fit, self.pattern, late]
        said = " ".join([*(word for word in words if word), self.kind])
        return f'{said} with the words "{self.print_text}"' if self.print_text else said


@dataclass(frozen=True)
class GarmentSpan:
    """A garment and where its words stand in the text, as character ranges, end exclusive.

    Attributes:
        garment: What was found.
        phrase: From the first to the last word of the phrase that names it first.
        kind: The words of its kind in that phrase.
        colours: The words of its colour; more than one range for "black and white". They lie
            outside `phrase` in "a hoodie in red" and in the skirt of "a pink top and skirt".
    """

    garment: Garment
    phrase: Span
    kind: Span
    colours: tuple[Span, ...]


_SAID = tuple(one.name for one in fields(Garment) if one.name != "kind")


def describe(garments: Sequence[Garment]) -> str:
    """Say what is seen, one phrase a garment: "white graphic top, black mini skirt"."""
    return ", ".join(garment.phrase() for garment in garments)


_NECK_NOUNS = {
    "sweetheart neckline": "sweetheart-neck",
    "plunging neckline": "plunging-neck",
    "asymmetrical neckline": "asymmetrical",
    "straight neckline": "straight-neck",
    "cut out neckline": "cut-out-neck",
    "off shoulder": "off-shoulder",
    "one shoulder": "one-shoulder",
}
