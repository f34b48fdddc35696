"""The shop's copy: titles, categories and marketing talk in the house's own voice."""

import html
from collections.abc import Sequence

import numpy as np

from tools.sample_brand.collection import Item, Product

OPENERS = (
    "Main character energy, now in your size",
    "Cancel the quiet evening",
    "Your group chat is not ready for this",
    "Not to be dramatic, but your wardrobe has been waiting for this one",
    "Somewhere a dance floor is asking for you",
    "Sunshine is a dress code and we follow it",
    "Blame us when they stare",
    "For girls who leave on the last ferry and the first train",
    "Half holiday, half headline",
    "If your plans have no plan, start here",
    "They said dress to impress so we did",
    "Wear it once and it becomes your whole personality",
    "Golden hour called and it wants you in the picture",
    "Small talk ends where this begins",
    "Made for late mornings and later nights",
    "Your mirror will thank you",
    "A little bit trouble, a little bit tender",
    "Some things are worth the extra suitcase",
    "Be the postcard, not the tourist",
    "Red flags? Never heard of them",
)
CLOSERS = (
    "pack it first and the rest will follow",
    "it goes from market stall to moonlight without a change of shoes",
    "you bring the attitude, we bring the seams",
    "no filter, no fuss, no apologies",
    "ready for brunch, and for whatever brunch turns into",
    "signed with our smiling sun, as ever",
    "finished with the coral zigzag that gives us away",
    "one look and they will ask you where you got it",
    "it is giving holiday, even on a Monday",
    "keep it simple, keep it yours",
    "wear it loud or wear it lazy, it works both ways",
    "that is your whole summer sorted",
)
LONG_TALK = (
    "We drew it on the terrace of the old observatory, with the sea on one side and a very large "
    "pot of coffee on the other, and we would not let anyone leave before every seam sat as it should. "
    "Wash it cold, dry it in the shade, and hang it where you can see it from your bed. "
    "It travels well, forgives a spilled spritz, and looks better the third time than the first. "
    "If it could talk it would ask for one more song"
)
SET_LINES = (
    "This set brings {list} together for a look that needs nothing else",
    "{Count} pieces, one decision: {list}",
    "Meet your new uniform - {list}, made to be seen together",
    "We matched {list} so that you do not have to",
    "This outfit pairs {list} for days that start slow and end late",
)
SINGLE_LINES = (
    "Cut from {material}, this {colour} {garment} comes with {details}",
    "This {colour} {material} {garment} brings {details}",
    "A {colour} {garment} in {material} with {details}",
    "Sewn in {material} and drawn with {details} - this {colour} {garment} does the talking",
    "Say yes to this {colour} {garment}, made from {material} and shaped by {details}",
)

WORDS = {
    "straps": "thin straps", "one shoulder": "a one shoulder neckline", "cowl neck": "a draped cowl neck",
    "off-shoulder": "an off-shoulder neckline", "square neck": "a square neck", "halter": "a halter neck",
    "v-neck": "a v-neck", "boat neck": "a boat neck", "sweetheart": "a sweetheart neckline",
    "turtleneck": "a turtleneck", "scoop neck": "a scoop neck", "crew neck": "a crew neck",
    "strapless": "a strapless neckline", "collar": "a pointed collar", "sleeveless": "a sleeveless cut",
    "short sleeve": "short sleeves", "long sleeve": "long sleeves", "puff sleeve": "puff sleeves",
    "bell sleeve": "bell sleeves", "cropped": "a cropped length", "bodycon": "a bodycon fit",
    "fitted": "a fitted shape", "boxy": "a boxy fit", "oversized": "an oversized fit",
    "sash": "a draped sash", "bow": "a bow at the front", "corset": "boned seams",
    "pocket": "a chest pocket", "ruffle hem": "a ruffle hem", "hood": "a drawstring hood",
    "mini": "a mini length", "midi": "a midi length", "maxi": "a maxi length", "slip": "a slip shape",
    "a-line": "an A-line skirt", "shift": "a straight shift shape", "tiers": "soft tiers",
    "slit": "a side slit", "shirt front": "buttons all the way down", "belt": "a waist belt",
    "pleated": "sharp pleats", "flared": "a flared shape", "pencil": "a pencil shape",
    "tiered": "gathered tiers", "buttons": "a buttoned front", "pockets": "patch pockets",
    "tie": "a tie at the waist", "wide leg": "wide legs", "skinny": "skinny legs",
    "tapered": "tapered legs", "creased": "pressed creases", "cargo": "cargo pockets",
    "baggy": "a baggy fit", "drawstring": "a drawstring waist", "tied": "side ties",
    "bandeau": "a bandeau shape", "triangle": "triangle cups", "long": "a long cut",
}
"""How a word of the cut is said in a sentence; words not here are not said."""

HOUSE_DETAILS = ("our zigzag ribbon", "a stitched sun patch", "contrast stitching")

CATEGORIES = {
    "Tops": {"crop top": "Top", "t-shirt": "Tee", "graphic tee": "Top", "tank top": "Tank", "tube top": "Top",
             "corset top": "Corset", "blouse": "Top", "shirt": "Shirt", "sweater": "Sweater", "sweatshirt": "Sweater",
             "hoodie": "Sweater", "cardigan": "Cardigan", "bikini top": "Bikini Top"},
    "Outerwear": {"denim jacket": "Jacket", "biker jacket": "Jacket", "bomber jacket": "Jacket", "puffer jacket": "Puffer",
                  "blazer": "Blazer", "trench coat": "Coat", "teddy coat": "Coat"},
    "Dresses": dict.fromkeys(["slip dress", "tube dress", "sweater dress", "mini dress", "maxi dress", "shirt dress", "wrap dress"], "Dress"),
    "Bottoms": {"mini skirt": "Mini Skirt", "midi skirt": "Midi Skirt", "maxi skirt": "Maxi Skirt", "trousers": "Pants",
                "cargo pants": "Pants", "leggings": "Leggings", "jeans": "Jeans", "shorts": "Shorts", "bikini bottom": "Bikini Bottom"},
    "Accessories": {"bucket hat": "Hat", "cap": "Hat", "beanie": "Hat", "beret": "Hat", "straw hat": "Hat", "tote bag": "Bag",
                    "shoulder bag": "Bag", "bucket bag": "Bag", "sneakers": "Shoes", "ankle boots": "Shoes", "knee boots": "Shoes",
                    "heels": "Shoes", "sandals": "Shoes", "belt": "Belt", "scarf": "Scarf"},
}

FABRIC = {"knit": "sweater knit", "leather": "vegan leather", "sequin": "sequins", "puffer": "quilted nylon", "rhinestone": "rhinestone mesh", "teddy": "teddy fleece"}
IN_TITLE = {"knit": "Knit", "leather": "Leather", "puffer": "", "cotton": "", "poplin": "", "teddy": "Teddy"}


def garment_words(item: Item, *, seed: int = 0) -> str:
    """Name a garment as the shop does: with its length and pattern where the kind does not say them."""
    kind = item.kind
    if kind == "graphic tee" and seed % 2 == 0:
        kind = "graphic top"
    length = next((w for w in item.cut if w in ("mini", "midi", "maxi")), "")
    if "dress" in kind and length and length not in kind:
        kind = kind.replace("dress", f"{length} dress") if kind == "sweater dress" else f"{length} {kind}"
    if "cropped" in item.cut and item.kind in ("graphic tee", "t-shirt"):
        kind = f"cropped {kind}"
    return f"{item.pattern} {kind}" if item.pattern else kind


def write_title(product: Product) -> str:
    """Write "Name Colour Material Garment"; sets have a name only."""
    if len(product.items) > 1:
        return product.name
    item = product.items[0]
    material = IN_TITLE.get(item.material, item.material)
    garment = garment_words(item, seed=product.number)
    material = "" if item.material in garment or (item.kind == "sweater dress") else material
    words = " ".join(f"{product.name} {item.colour} {material} {garment}".split())
    return " ".join(word if word.isupper() else word.capitalize() for word in words.split())


def find_category(product: Product) -> tuple[str, str]:
    """Give main and sub category."""
    if len(product.items) > 1:
        return "Sets", "Set"
    kind = product.items[0].kind
    return next((main, subs[kind]) for main, subs in CATEGORIES.items() if kind in subs)


def write_description(product: Product) -> str:
    """Write the marketing copy, the same for the same product every time.

    One in nine carries HTML, one in six has two words run together where a line break was lost, a few
    go on for longer than a text encoder of 77 tokens can read.
    """
    rng = np.random.default_rng(7_000 + product.number)
    opener = OPENERS[int(rng.integers(len(OPENERS)))]
    closer = CLOSERS[int(rng.integers(len(CLOSERS)))]
    core = _set_line(product, rng) if len(product.items) > 1 else _single_line(product, rng)
    slogan = next((item.slogan for item in product.items if item.slogan), None)
    if slogan:
        opener = slogan
    parts = [opener, core, closer[0].upper() + closer[1:]]
    if product.number % 23 == 5:
        parts.insert(2, LONG_TALK)
    return _disorder(parts, product.number)


def _disorder(parts: Sequence[str], number: int) -> str:
    if number % 9 == 4:
        opener, *rest = (html.escape(part, quote=False) for part in parts)
        body = "<br/>".join(rest)
        return f"<p><strong>{opener}</strong></p>\n<p>{body}&nbsp;</p>"
    if number % 6 == 1:
        return parts[0] + "".join(parts[1:2]) + "  " + " ".join(parts[2:])
    if number % 3 == 2:
        return "  ".join(parts)
    return ". ".join(parts)


def _single_line(product: Product, rng: np.random.Generator) -> str:
    item = product.items[0]
    details = [WORDS[word] for word in item.cut if word in WORDS]
    house = HOUSE_DETAILS[int(rng.integers(len(HOUSE_DETAILS)))]
    if len(details) < 3:
        details.append(house)
    garment = garment_words(item, seed=product.number)
    line = SINGLE_LINES[int(rng.integers(len(SINGLE_LINES)))]
    fabric = FABRIC.get(item.material, item.material)
    if item.kind == "sweater dress" and "{colour} {material}" in line:
        line = SINGLE_LINES[0]
    article = "An" if item.colour[0] in "aeiou" else "A"
    said = line.format(material=fabric, colour=item.colour, garment=garment, details=listed(details))
    return article + said[1:] if said.startswith("A ") else said


def _set_line(product: Product, rng: np.random.Generator) -> str:
    named = []
    for item in product.items:
        fabric = "" if item.kind == "sweater dress" or item.material in item.kind else FABRIC.get(item.material, item.material)
        fabric = "sequin" if fabric == "sequins" else fabric
        plural = item.kind.endswith("s") and item.kind != "dress" and not item.kind.endswith("dress")
        article = "" if plural else ("an " if item.colour[0] in "aeiou" else "a ")
        named.append(" ".join(f"{article}{item.colour} {fabric} {garment_words(item, seed=product.number)}".split()))
    line = SET_LINES[int(rng.integers(len(SET_LINES)))]
    count = "Two" if len(named) == 2 else "Three"
    return line.format(list=listed(named), Count=count)


def listed(words: Sequence[str]) -> str:
    """Join words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])}{',' if len(words) > 2 else ''} and {words[-1]}"
