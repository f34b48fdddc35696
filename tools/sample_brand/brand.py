"""Who the sample brand is: name, house colours, and the truth of every colour word it uses."""

NAME = "Heliotte"

INK = "#2a1a2e"
WALL = "#f3cdb0"
SUN_DISC = "#f9e0c3"
FLOOR = "#dd9a79"
CORAL = "#f0543f"
MARIGOLD = "#ffbe3c"
CREAM = "#fff4e2"
BRASS = "#d9a441"

COLOURS = {
    "black": "#161517",
    "white": "#f8f8f6",
    "grey": "#868689",
    "red": "#c8161d",
    "orange": "#f07a14",
    "yellow": "#f4d02c",
    "green": "#2c8a3d",
    "blue": "#2459b0",
    "purple": "#6d3a98",
    "pink": "#f08cb2",
    "brown": "#6a4530",
    "beige": "#d9c7a8",
    "hot pink": "#f0288c",
    "ivory": "#f4efe0",
    "navy": "#1b2442",
    "sage": "#9cab8a",
    "rust": "#a8492a",
    "blush": "#edc7c1",
    "camel": "#bb915f",
    "coral": "#f57a61",
    "teal": "#12787c",
    "mustard": "#cf9d2b",
    "lilac": "#c6a9d8",
    "burgundy": "#641527",
    "olive": "#6c6a35",
    "sky blue": "#8cc4ea",
    "cream": "#f1e5c6",
    "charcoal": "#3d3f43",
    "mint": "#a9dfc3",
    "emerald": "#0f7d56",
    "cobalt": "#1247ab",
    "chocolate": "#43291d",
    "silver": "#bfc1c7",
    "gold": "#c9a24b",
}


def rgb(colour: str) -> tuple[int, int, int]:
    """Read "#rrggbb" or one of the brand's colour words as three numbers of 0 to 255."""
    code = COLOURS.get(colour, colour)
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
