"""Training scenes: one product, or a board of two to five, with captions and exact masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from tools.mini.cutouts import Cutout, cut_out
from tools.mini.drawings import DRAWN_CLASSES, draw_garment
from tools.mini.kinds import ARTICLE_TO_CLASS, CLASSES, PERSON
from tools.mini.palette import (
    ALL_LAB,
    CORE_NAMES,
    CORE_OF,
    MORE_RGB,
    find_main_colour,
    name_core,
    recolour,
    shop_colour,
)
from tools.mini.photos import SIZE_PX, Pixels, Product

MAX_GARMENTS = 5

# Scenes to learn from, scenes of held-out products, and other scenes for the second judge.
SPLITS = ("train", "check", "judge")

# How often a class is drawn; rare kinds far above their share of the photographs.
CLASS_WEIGHTS = {
    "t-shirt": 1.4, "shirt": 1.2, "top": 0.9, "sweater": 1.1, "jacket": 1.3, "dress": 1.6,
    "skirt": 1.1, "trousers": 1.3, "shorts": 1.0, "shoes": 1.2, "heels": 0.7, "sandals": 0.6,
    "bag": 1.0, "wallet": 0.4, "belt": 0.5, "watch": 0.5, "sunglasses": 0.6, "hat": 1.2,
    "scarf": 0.6, "tie": 0.5, "socks": 0.5,
}  # fmt: skip

# Where a class lies on a body, head to feet; boards are laid out in this order.
BODY_ORDER = {
    "hat": 0, "sunglasses": 1, "scarf": 2, "tie": 2, "jacket": 3, "t-shirt": 4, "shirt": 4,
    "top": 4, "sweater": 4, "dress": 5, "watch": 5, "belt": 5, "bag": 6, "wallet": 6,
    "trousers": 7, "shorts": 7, "skirt": 7, "socks": 8, "heels": 9, "sandals": 9, "shoes": 9,
}  # fmt: skip

# Slots as (left, top, right, bottom) shares of the canvas, for each number of garments.
LAYOUTS: dict[int, tuple[tuple[tuple[float, float, float, float], ...], ...]] = {
    2: (
        ((0.0, 0.15, 0.5, 0.85), (0.5, 0.15, 1.0, 0.85)),
        ((0.2, 0.0, 0.8, 0.5), (0.2, 0.5, 0.8, 1.0)),
    ),
    3: (
        ((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5), (0.2, 0.5, 0.8, 1.0)),
        ((0.2, 0.0, 0.8, 0.42), (0.0, 0.42, 0.5, 1.0), (0.5, 0.42, 1.0, 1.0)),
    ),
    4: (((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0)),),
    5: (
        (
            (0.0, 0.0, 0.5, 0.36), (0.5, 0.0, 1.0, 0.36), (0.0, 0.36, 0.5, 0.72),
            (0.5, 0.36, 1.0, 0.72), (0.25, 0.7, 0.75, 1.0),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Garment:
    """One garment of a scene, in the words that are true of it."""

    article: str
    kind: str
    colour: str
    title: str
    gender: str


@dataclass(frozen=True)
class SceneNotes:
    """What a scene shows, without its pixels."""

    garments: tuple[Garment, ...]
    worn: bool


@dataclass(frozen=True)
class Scene:
    """A picture with what it shows; `labels` holds class numbers, `owner` garment numbers + 1."""

    pixels: Pixels
    labels: np.ndarray
    owner: np.ndarray
    notes: SceneNotes


@dataclass
class Wardrobe:
    """The products of one split with their cut-outs, by class."""

    products: list[Product]
    squares: Pixels
    cutouts: list[Cutout]
    by_class: dict[str, list[int]]


def open_wardrobe(products: list[Product], squares: Pixels, *, held_out: bool) -> Wardrobe:
    """Cut out all products of a split whose mask can be trusted."""
    kept: list[Product] = []
    rows: list[int] = []
    cutouts: list[Cutout] = []
    by_class: dict[str, list[int]] = {}
    for row, product in enumerate(products):
        kind = ARTICLE_TO_CLASS.get(product.article)
        if product.held_out != held_out or kind is None:
            continue
        cutout = cut_out(squares[row], product)
        if not cutout.trusted:
            continue
        by_class.setdefault(kind, []).append(len(kept))
        kept.append(product)
        rows.append(row)
        cutouts.append(cutout)
    return Wardrobe(kept, np.asarray(squares)[rows], cutouts, by_class)


def make_scene(wardrobe: Wardrobe, rng: np.random.Generator) -> Scene:
    """Draw a scene: 45 of 100 show one product, the rest are boards."""
    count = int(rng.choice([1, 2, 3, 4, 5], p=[0.45, 0.2, 0.24, 0.07, 0.04]))
    classes = _draw_classes(count, rng, wardrobe)
    if count == 1:
        return _make_single(wardrobe, classes[0], rng)
    classes.sort(key=lambda kind: BODY_ORDER[kind] + 0.8 * rng.random())
    slots = LAYOUTS[count][rng.integers(len(LAYOUTS[count]))]
    pieces = [_take_piece(wardrobe, kind, rng) for kind in classes]
    return _lay_out(pieces, slots, rng)


def _draw_classes(count: int, rng: np.random.Generator, wardrobe: Wardrobe) -> list[str]:
    names = [name for name in CLASS_WEIGHTS if wardrobe.by_class.get(name)]
    weights = np.array([CLASS_WEIGHTS[name] for name in names])
    return [str(c) for c in rng.choice(names, count, replace=False, p=weights / weights.sum())]


def draw_colour(rng: np.random.Generator) -> str:
    """Draw a colour word: three times in four one of the twelve."""
    names = CORE_NAMES if rng.random() < 0.75 else tuple(MORE_RGB)
    return str(rng.choice(names))


def _vary(colour: str, rng: np.random.Generator) -> np.ndarray:
    """Move a colour a little, but never so far that another core colour is nearer."""
    for spread in (1.0, 0.5, 0.0):
        target = ALL_LAB[colour] + rng.normal(0, spread, 3) * np.array([4.0, 5.0, 5.0])
        if name_core(target) == CORE_OF[colour]:
            return target
    return ALL_LAB[colour]


def _true_colour(product: Product, square: Pixels, mask: np.ndarray) -> str | None:
    """The shop's word, where the pixels agree with it."""
    word = shop_colour(product.colour)
    if word is None:
        return None
    return word if name_core(find_main_colour(square, mask)) == CORE_OF[word] else None


def _dress_product(
    wardrobe: Wardrobe, index: int, rng: np.random.Generator, *, as_it_is: float
) -> tuple[Pixels, str]:
    """Give a product's pixels and the colour word that is true of them, recoloured or not."""
    product, cutout, square = (
        wardrobe.products[index], wardrobe.cutouts[index], wardrobe.squares[index],
    )  # fmt: skip
    colour = _true_colour(product, square, cutout.garment) if rng.random() < as_it_is else None
    if colour is not None:
        return square, colour
    colour = draw_colour(rng)
    alpha = _soften(cutout.garment, grown=not cutout.worn)
    return recolour(square, alpha, _vary(colour, rng), mask=cutout.garment), colour


def _soften(mask: np.ndarray, *, grown: bool) -> np.ndarray:
    """Blur a mask's edge; laid-out products take the pale rim of the edge along."""
    wide = ndimage.binary_dilation(mask) if grown else mask
    return np.asarray(ndimage.gaussian_filter(wide.astype(np.float32), 0.6))


def _describe(product: Product, colour: str) -> Garment:
    return Garment(
        product.article, ARTICLE_TO_CLASS[product.article], colour, product.title, product.gender
    )


def _make_single(wardrobe: Wardrobe, kind: str, rng: np.random.Generator) -> Scene:
    """One product large on the canvas; worn ones now and then with their model."""
    index = int(rng.choice(wardrobe.by_class[kind]))
    cutout = wardrobe.cutouts[index]
    drawn = kind in DRAWN_CLASSES and rng.random() < 0.4
    if not cutout.worn or drawn or rng.random() < 0.6:
        piece = _take_piece(wardrobe, kind, rng)
        margin = rng.uniform(0.02, 0.14)
        return _lay_out([piece], ((margin, margin, 1 - margin, 1 - margin),), rng)
    pixels, colour = _dress_product(wardrobe, index, rng, as_it_is=0.35)
    labels = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    labels[cutout.person] = CLASSES.index(PERSON)
    labels[cutout.garment] = CLASSES.index(kind)
    owner = cutout.garment.astype(np.uint8)
    if rng.random() < 0.5:
        pixels, labels, owner = pixels[:, ::-1], labels[:, ::-1], owner[:, ::-1]
    garment = _describe(wardrobe.products[index], colour)
    return Scene(pixels.copy(), labels.copy(), owner.copy(), SceneNotes((garment,), worn=True))


def _take_piece(
    wardrobe: Wardrobe, kind: str, rng: np.random.Generator
) -> tuple[Pixels, np.ndarray, Garment]:
    """Cut one product to its bounding box: pixels, soft mask, description."""
    if kind in DRAWN_CLASSES and rng.random() < 0.4:
        colour = draw_colour(rng)
        pixels, alpha, article = draw_garment(kind, _vary(colour, rng), rng)
        return pixels, alpha, Garment(article, kind, colour, "", "Women")
    index = int(rng.choice(wardrobe.by_class[kind]))
    cutout = wardrobe.cutouts[index]
    pixels, colour = _dress_product(wardrobe, index, rng, as_it_is=0.3)
    rows, columns = np.nonzero(cutout.garment)
    box = np.s_[
        max(rows.min() - 1, 0) : rows.max() + 2, max(columns.min() - 1, 0) : columns.max() + 2
    ]
    alpha = _soften(cutout.garment, grown=not cutout.worn)
    pixels, alpha = pixels[box], alpha[box]
    if rng.random() < 0.5 and wardrobe.products[index].title != "":
        pixels, alpha = pixels[:, ::-1], alpha[:, ::-1]
    return pixels, alpha, _describe(wardrobe.products[index], colour)


def _lay_out(
    pieces: list[tuple[Pixels, np.ndarray, Garment]],
    slots: tuple[tuple[float, float, float, float], ...],
    rng: np.random.Generator,
) -> Scene:
    """Put each piece into its slot, a little off its middle and its full size."""
    canvas = Image.new("RGB", (SIZE_PX, SIZE_PX), "white")
    labels = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    owner = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    for number, ((pixels, alpha, garment), slot) in enumerate(zip(pieces, slots, strict=True)):
        wide, high = (slot[2] - slot[0]) * SIZE_PX - 3, (slot[3] - slot[1]) * SIZE_PX - 3
        stretch = rng.uniform(0.92, 1.08)
        scale = min(wide / (pixels.shape[1] * stretch), high / pixels.shape[0])
        scale *= rng.uniform(0.86, 1.0)
        size = (
            max(round(pixels.shape[1] * stretch * scale), 4),
            max(round(pixels.shape[0] * scale), 4),
        )  # fmt: skip
        left = int(slot[0] * SIZE_PX + 1 + max(wide - size[0], 0) * rng.uniform(0.2, 0.8))
        top = int(slot[1] * SIZE_PX + 1 + max(high - size[1], 0) * rng.uniform(0.2, 0.8))
        piece = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BICUBIC)
        soft = Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8))
        soft = soft.resize(size, Image.Resampling.BILINEAR)
        canvas.paste(piece, (left, top), soft)
        hard = np.asarray(soft) > 127
        window = np.s_[top : top + size[1], left : left + size[0]]
        hard = hard[: labels[window].shape[0], : labels[window].shape[1]]
        labels[window][hard] = CLASSES.index(garment.kind)
        owner[window][hard] = number + 1
    garments = tuple(garment for _, _, garment in pieces)
    return Scene(np.asarray(canvas).copy(), labels, owner, SceneNotes(garments, worn=False))


def scene_seed(split: str, index: int) -> np.random.Generator:
    """Give the generator of one scene, so that any scene can be made again alone."""
    return np.random.default_rng((17, SPLITS.index(split), index))


def cache_path(work: Path, split: str) -> Path:
    """Where a split's rendered scenes lie."""
    return work / "cache" / f"scenes-{split}"
