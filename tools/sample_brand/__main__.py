"""Draws the whole brand: `python -m tools.sample_brand --out src/couturier/sample`."""

import argparse
import datetime
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from tools.sample_brand.brand import NAME
from tools.sample_brand.collection import Product, read_collection
from tools.sample_brand.faults import Shop, encode, spoil
from tools.sample_brand.layout import place_product
from tools.sample_brand.scene import draw_scene
from tools.sample_brand.wording import find_category, write_description, write_title

FIRST_DAY = datetime.date(2024, 2, 5)
THUMB = (160, 200)


def draw_product(product: Product) -> tuple[Image.Image, Image.Image]:
    """Draw a product's picture and its label map (0 background, n the n-th garment)."""
    return draw_scene(place_product(product))


def write_row(product: Product) -> dict[str, Any]:
    """Write a product's row in the shop's form."""
    main, sub = find_category(product)
    day = FIRST_DAY + datetime.timedelta(days=product.number // 3)
    return {
        "title": write_title(product),
        "created_date": f"{day} 00:00:00",
        "main_category": main,
        "sub_category": sub,
        "description": write_description(product),
    }


def draw_all(
    products: tuple[Product, ...], *, workers: int
) -> dict[str, tuple[Image.Image, Image.Image]]:
    """Draw every product; gives picture and label map by id."""
    drawn = {}
    with ProcessPoolExecutor(workers) as pool:
        for number, (product, result) in enumerate(
            zip(products, pool.map(draw_product, products), strict=True), 1
        ):
            drawn[product.product_id] = result
            if number % 20 == 0 or number == len(products):
                print(f"{NAME}: {number} of {len(products)} drawn", flush=True)
    return drawn


def write_shop(shop: Shop, out: Path) -> None:
    """Write product_data.json and images/; pictures of an earlier run are taken away."""
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for old in images.iterdir():
        if old.name not in shop.pictures:
            old.unlink()
    for name, data in shop.pictures.items():
        (images / name).write_bytes(data)
    text = json.dumps(shop.rows, indent=1, ensure_ascii=False) + "\n"
    (out / "product_data.json").write_text(text, encoding="utf-8")


def write_masks(
    products: tuple[Product, ...], drawn: dict[str, tuple[Image.Image, Image.Image]], out: Path
) -> None:
    """Write clean pictures, exact label maps and masks.json: what each label is."""
    out.mkdir(parents=True, exist_ok=True)
    table = {}
    for product in products:
        picture, labels = drawn[product.product_id]
        picture.save(out / f"{product.product_id}.png")
        labels.save(out / f"{product.product_id}-mask.png", optimize=True)
        table[product.product_id] = [
            {
                "label": k,
                "kind": item.kind,
                "colour": item.colour,
                "material": item.material,
                "pattern": item.pattern,
            }
            for k, item in enumerate(product.items, 1)
        ]
    (out / "masks.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def write_sheet(
    drawn: dict[str, tuple[Image.Image, Image.Image]], path: Path, *, columns: int = 15
) -> None:
    """Write a contact sheet of all pictures."""
    rows = -(-len(drawn) // columns)
    sheet = Image.new("RGB", (columns * THUMB[0], rows * THUMB[1]), "white")
    for number, (picture, _) in enumerate(drawn.values()):
        at = (number % columns * THUMB[0], number // columns * THUMB[1])
        sheet.paste(picture.resize(THUMB, Image.Resampling.LANCZOS), at)
    sheet.save(path)


def main() -> None:
    """Draw and write what was asked for."""
    parser = argparse.ArgumentParser(description=f"Draws the sample brand, {NAME}.")
    parser.add_argument("--out", type=Path, help="folder for product_data.json and images/")
    parser.add_argument(
        "--masks", type=Path, help="folder for clean pictures, label maps and masks.json"
    )
    parser.add_argument("--sheet", type=Path, help="contact sheet, a PNG")
    parser.add_argument("--only", help="name of one product, to look at it")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    products = read_collection()
    if asked.only:
        products = tuple(p for p in products if asked.only in p.name)
    drawn = draw_all(products, workers=asked.workers)
    if asked.sheet:
        write_sheet(drawn, asked.sheet)
    if asked.masks:
        write_masks(products, drawn, asked.masks)
    if asked.out:
        shop = Shop({p.product_id: write_row(p) for p in products})
        shop.pictures = {f"{key}.jpg": encode(picture) for key, (picture, _) in drawn.items()}
        spoil(shop, drawn, {p.name: p.product_id for p in products})
        write_shop(shop, asked.out)


if __name__ == "__main__":
    main()
