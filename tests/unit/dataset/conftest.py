import json
from pathlib import Path

import pytest
from PIL import Image

from couturier.dataset.build import build_dataset
from couturier.dataset.settings import DatasetSettings


class Shop:
    """A shop's files in a folder of their own, and the data set made of them."""

    def __init__(self, root: Path) -> None:
        self.data = root / "data" / "product_data.json"
        self.images = root / "data" / "images"
        self.out = root / "out"
        self.images.mkdir(parents=True)

    def write(self, rows):
        self.data.write_text(json.dumps(rows), encoding="utf-8")
        return self

    def picture(self, name, colour="red", size=(80, 100)):
        path = self.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(path)
        return path

    def build(self, on_step=None, **settings):
        return build_dataset(
            self.data,
            images=self.images,
            out=self.out,
            settings=DatasetSettings(**settings),
            on_step=on_step,
        )

    def lines(self, name):
        return [json.loads(line) for line in (self.out / name).read_text().splitlines()]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def small_shop(shop):
    shop.picture("a1.png", "red")
    shop.picture("b2.png", "blue")
    return shop.write(
        [
            {"image_id": "a1", "title": "Red Satin Dress", "description": "Be bold, babe."},
            {"image_id": "b2", "title": "Blue Denim Skirt", "description": "A blue skirt."},
        ]
    )
