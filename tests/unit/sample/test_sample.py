import json

import pytest
from PIL import Image, UnidentifiedImageError

from couturier.errors import StorageError
from couturier.sample import locate
from couturier.sample.locate import find_sample

MIB = 1 << 20


def rows() -> dict[str, dict[str, str | None]]:
    text = (find_sample() / "product_data.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str | None]] = json.loads(text)
    return loaded


def key_of(name: str) -> str:
    return next(key for key, row in rows().items() if str(row["title"]).startswith(name))


def picture(name: str) -> Image.Image:
    return Image.open(find_sample() / "images" / f"{key_of(name)}.jpg")


def test_the_package_brings_rows_and_pictures() -> None:
    pictures = list((find_sample() / "images").iterdir())
    assert len(rows()) > 140
    assert len(pictures) > 140
    assert sum(path.stat().st_size for path in pictures) < 5 * MIB


def test_an_installation_without_the_brand_is_told(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "files", lambda _: tmp_path)
    with pytest.raises(StorageError, match=r"the sample brand is not in this installation"):
        find_sample()


def test_most_pictures_are_whole_and_of_one_size() -> None:
    sizes = []
    for key in list(rows())[::8]:
        path = find_sample() / "images" / f"{key}.jpg"
        if path.exists():
            with Image.open(path) as image:
                sizes.append(image.size)
    assert len(sizes) > 15
    assert sizes.count((600, 750)) >= len(sizes) - 2


def test_one_product_has_no_picture_and_one_a_picture_of_another_name() -> None:
    images = find_sample() / "images"
    for name in ("Ulla", "Riva"):
        assert not list(images.glob(f"{key_of(name)}.*"))
    assert (images / "IMG_4471 (copy).jpg").is_file()


def test_one_picture_is_cut_off() -> None:
    with (
        picture("Hilde") as image,
        pytest.raises((OSError, UnidentifiedImageError), match="truncat"),
    ):
        image.load()


def test_one_description_is_null() -> None:
    assert rows()[key_of("Sanna")]["description"] is None


def test_one_product_comes_twice() -> None:
    images = find_sample() / "images"
    first, second = (key for key, row in rows().items() if str(row["title"]).startswith("Lotte"))
    assert (images / f"{first}.jpg").read_bytes() == (images / f"{second}.jpg").read_bytes()


def test_one_picture_lies_on_its_side_and_says_so() -> None:
    with picture("Tove") as image:
        assert image.size == (750, 600)
        assert image.getexif()[0x0112] == 6


def test_one_picture_is_cmyk_one_transparent_and_one_tiny() -> None:
    with picture("Linnea") as image:
        assert image.mode == "CMYK"
    with Image.open(find_sample() / "images" / f"{key_of('Pomona')}.png") as image:
        assert image.mode == "RGBA"
        assert image.getextrema()[3] == (0, 255)
    with picture("Petra") as image:
        assert image.size == (40, 50)
