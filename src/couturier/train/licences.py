"""Licences of bases: which one a base has, what it forbids, and what it asks of an adapter."""

import re
from dataclasses import dataclass
from pathlib import Path

from couturier.diffusion.bases import MINI, resolve_base
from couturier.errors import CouturierError


@dataclass(frozen=True)
class Licence:
    """What may be done with a base, and with what was trained on it.

    Attributes:
        key: As model cards name it in their first lines.
        name: In full.
        link: Where it can be read; "" where nobody said.
        forbids: Uses it rules out, in our words.
        asks: What it asks of whoever passes on something made from the base, in our words.
    """

    key: str
    name: str
    link: str
    forbids: tuple[str, ...]
    asks: tuple[str, ...]


# Attachment A of the CreativeML Open RAIL licences, said in our own words; theirs are binding.
_RAIL_FORBIDS = (
    "anything against the law that applies where it is used",
    "exploiting or harming minors, or trying to",
    "made-up facts that are meant to harm somebody",
    "personal data that can be used to harm somebody",
    "defaming, belittling or harassing people",
    "decisions made by machine alone that touch a person's rights or bind them to something",
    "treating people worse for how they behave or for traits that are known or guessed of them",
    "using the weakness of a group (its age, its body, its mind) to bend how its members act",
    "discriminating by traits that the law protects",
    "medical advice, or reading medical results",
    "police work, courts, immigration or asylum, such as foretelling who will commit a fraud",
)
_RAIL_ASKS = (
    "the limits above go with the adapter, as terms that whoever receives it must accept",
    "whoever receives it receives a copy of the licence",
    "files that were changed say so, and notices of authorship stay",
)
_LICENCES = {
    "creativeml-openrail-m": Licence(
        "creativeml-openrail-m",
        "CreativeML Open RAIL-M",
        "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
        _RAIL_FORBIDS,
        _RAIL_ASKS,
    ),
    "openrail++": Licence(
        "openrail++",
        "CreativeML Open RAIL++-M",
        "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
        _RAIL_FORBIDS,
        _RAIL_ASKS,
    ),
    "apache-2.0": Licence(
        "apache-2.0",
        "Apache License 2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        (),
        ("whoever passes it on passes on the licence and the notices",),
    ),
}
_OF_BASES = {
    MINI: "apache-2.0",
    "CompVis/stable-diffusion-v1-1": "creativeml-openrail-m",
    "CompVis/stable-diffusion-v1-2": "creativeml-openrail-m",
    "CompVis/stable-diffusion-v1-3": "creativeml-openrail-m",
    "CompVis/stable-diffusion-v1-4": "creativeml-openrail-m",
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "creativeml-openrail-m",
    "runwayml/stable-diffusion-v1-5": "creativeml-openrail-m",
    "stabilityai/stable-diffusion-2": "openrail++",
    "stabilityai/stable-diffusion-2-base": "openrail++",
    "stabilityai/stable-diffusion-2-1": "openrail++",
    "stabilityai/stable-diffusion-2-1-base": "openrail++",
    "stabilityai/stable-diffusion-xl-base-1.0": "openrail++",
}
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---", re.DOTALL)
_NAMED = re.compile(r"^license:\s*[\"']?([\w.+-]+)", re.MULTILINE)


def find_licence(base: str) -> Licence:
    """Find a base's licence: by its name, else by the card in its folder.

    Args:
        base: As it was asked for.

    Returns:
        The licence; with the key "other" where the base names one that is not known here, or none.
    """
    key = _OF_BASES.get(base) or _read_card(base)
    if key in _LICENCES:
        return _LICENCES[key]
    name = f"“{key}”, as the base's own card names it" if key else "not told by the base"
    return Licence("other", name, "", (), ())


def _read_card(base: str) -> str:
    try:
        card = Path(resolve_base(base)) / "README.md"
        text = card.read_text(encoding="utf-8") if card.is_file() else ""
    except (CouturierError, OSError, UnicodeDecodeError):
        return ""
    front = _FRONT_MATTER.match(text)
    named = _NAMED.search(front[1]) if front else None
    return named[1] if named else ""
