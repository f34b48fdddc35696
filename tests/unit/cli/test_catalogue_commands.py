"""`check` and `dataset` as they are typed: what machines read, and what is done by default."""

import json
from pathlib import Path

import pytest
from PIL import Image

from couturier.cli.main import main

GARMENT = (
    "kind",
    "colour",
    "material",
    "pattern",
    "neckline",
    "sleeve",
    "length",
    "fit",
    "print_text",
)
ROWS = [
    {"image_id": "a", "title": "Mia Set", "description": "A Hot Pink satin top and black skirt."},
    {"image_id": "b", "title": "Wow"},
    {"image_id": "a", "title": "Red Hat"},
    None,
    {"title": "Nobody's"},
    {"image_id": 7},
]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    images = tmp_path / "data" / "images"
    images.mkdir(parents=True)
    for name in "ab7":
        Image.effect_mandelbrot((80, 100), (-2, -1, 1, ord(name) / 50), 50).save(
            images / f"{name}.png"
        )
    (tmp_path / "shop.json").write_text(json.dumps(ROWS), encoding="utf-8")
    return tmp_path


def test_check_prints_one_object_a_row_with_every_field_of_its_garments(shop, capsys):
    assert main(["check", "shop.json", "--images", "data/images", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(row) for row in rows] == [["image_id", "caption", "garments", "faults"]] * 6
    assert [row["image_id"] for row in rows] == ["a", "b", "a", "", "", "7"]
    top, skirt = rows[0]["garments"]
    assert list(top) == list(skirt) == list(GARMENT)
    nothing = dict.fromkeys(GARMENT)
    assert top == nothing | {"kind": "top", "colour": "hot pink", "material": "satin"}
    assert skirt == nothing | {"kind": "skirt", "colour": "black"}
    assert all(row["garments"] == [] for row in rows[1:])
    told = [[fault["fault"] for fault in row["faults"]] for row in rows]
    assert told[2:] == [["repeated id"], ["unreadable row"], ["no id"], ["no text"]]
    fault = rows[2]["faults"][0]
    assert list(fault) == ["image_id", "file", "record", "fault", "message", "action"]
    assert (fault["image_id"], fault["record"], fault["action"]) == ("a", 3, "left out")


def test_metadata_holds_the_same_garments_and_every_row_is_an_item_or_a_fault(shop, capsys):
    assert main(["check", "shop.json", "--images", "data/images", "--json"]) == 0
    checked = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["dataset", "shop.json", "--json"]) == 0  # data/images by default
    summary = json.loads(capsys.readouterr().out)
    out = shop / "data" / "compressed_images"
    items = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert [list(item)[:5] for item in items] == [
        ["file_name", "text", "image_id", "split", "garments"]
    ] * 2
    assert [(item["image_id"], item["text"], item["garments"]) for item in items] == [
        (row["image_id"], row["caption"], row["garments"]) for row in checked[:2]
    ]
    faults = [json.loads(line) for line in (out / "faults.jsonl").read_text().splitlines()]
    assert sorted(map(str, faults)) == sorted(str(f) for row in checked for f in row["faults"])
    lost = {fault["record"] for fault in faults if fault["action"] == "left out"}
    assert (summary["n_rows"], summary["n_items"], lost) == (6, 2, {3, 4, 5, 6})


def test_download_asks_for_an_images_folder_only_where_one_is_given(shop, capsys):
    (shop / "data" / "images").rename(shop / "elsewhere")
    assert main(["dataset", "shop.json"]) == 1
    assert "data/images: no such images folder" in capsys.readouterr().err
    assert main(["dataset", "shop.json", "--download"]) == 1
    assert "not one row can be used" in capsys.readouterr().err
    assert main(["dataset", "shop.json", "--download", "--images", "data/images"]) == 1
    assert "data/images: no such images folder" in capsys.readouterr().err
