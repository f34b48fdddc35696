import json
import stat
import struct
import zipfile

import pytest
from PIL import Image

from couturier.catalogue.archives import read_picture, stamp_picture
from couturier.dataset.build import build_dataset
from couturier.dataset.check import check_catalogue
from couturier.dataset.settings import DatasetSettings
from couturier.errors import CatalogueError

ODD = "Artikel,Kurz,Langtext,Bild A,Bild B\n1,Hut,Ein Hut aus Stroh.,a.jpg,b.jpg\n"


def test_columns_of_odd_names_are_mapped(export):
    columns = ("id=Artikel", "title=kurz", "text=Langtext", "image=Bild A", "image=Bild B")
    export.pictures("a.jpg", "b.jpg")
    catalogue = export.read("t.csv", ODD, images=export.images, columns=columns)
    product = catalogue.products[0]
    assert (product.image_id, product.title) == ("1", "Hut")
    assert product.description == "Ein Hut aus Stroh."
    assert export.named(catalogue) == {"1": ["a.jpg", "b.jpg"]}


def test_a_mapped_column_goes_before_one_of_the_usual_name(export):
    row = {"image_id": "1", "sku": "S1", "description": "long", "body": "short", "farbe": "Rot"}
    columns = ("id=sku", "text=body", "colour=farbe")
    product = export.read("t.json", json.dumps([row]), columns=columns).products[0]
    assert (product.image_id, product.description) == ("S1", "short")
    assert product.fields["colour"] == "Rot"


def test_a_mapped_column_goes_before_the_key_of_an_object(export):
    text = json.dumps({"k1": {"sku": "S1", "title": "Hat"}})
    assert export.read("t.json", text, columns=("id=sku",)).products[0].image_id == "S1"


def test_a_mapped_column_that_is_not_there_is_refused_with_those_that_are(export):
    with pytest.raises(
        CatalogueError, match=r"no row has a column 'artikel_nr'.*(?s:.)*Artikel, K"
    ):
        export.read("t.csv", ODD, columns=("id=artikel_nr",))


def test_a_table_without_any_id_is_refused_in_one_line(export):
    with pytest.raises(CatalogueError, match=r"no column holds an id .Artikel, Kurz"):
        export.read("t.csv", ODD + ODD.splitlines()[1] + "\n")


@pytest.mark.parametrize("pairs", [("id",), ("id=",), ("=x",), ("id=a", "id=b")])
def test_a_map_of_another_form_is_refused(pairs):
    with pytest.raises(ValueError, match=r"not of the form FIELD=COLUMN|mapped twice"):
        DatasetSettings(map=pairs)


@pytest.fixture
def shop_zip(export):
    export.pictures("1.jpg", "deep/2.png")
    path = export.root / "shop.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(export.images / "1.jpg", "pictures/1.jpg")
        packed.write(export.images / "deep" / "2.png", "pictures/deep/2.png")
        packed.writestr("pictures/._1.jpg", b"what macOS adds")
    return path


def rows_of(*values):
    return json.dumps([{"title": "Red hat", **value} for value in values])


def test_pictures_are_found_in_a_zip_with_and_without_its_wrapper_folder(export, shop_zip):
    text = rows_of({"image_id": "1"}, {"image_id": "x", "image": "deep/2.png"})
    catalogue = export.read("p.json", text, images=shop_zip)
    found = export.named(catalogue, shop_zip)
    assert found == {"1": ["pictures/1.jpg"], "x": ["pictures/deep/2.png"]}
    assert not catalogue.faults
    assert read_picture(catalogue.products[0].pictures[0]) == (export.images / "1.jpg").read_bytes()


def test_a_data_set_is_built_from_a_zip_and_nothing_is_unpacked_beside_it(export, shop_zip):
    path = export.write("p.json", rows_of({"image_id": "1"}, {"image_id": "2"}))
    before = sorted(p.name for p in export.root.iterdir())
    settings = DatasetSettings(min_side_px=1)
    out = export.root / "made" / "set"
    made = [build_dataset(path, images=shop_zip, out=out, settings=settings) for _ in range(2)]
    assert [summary.n_reused for summary in made] == [0, 2]
    assert (made[0].n_items, (out / "2.jpg").is_file()) == (2, True)
    assert sorted(p.name for p in export.root.iterdir()) == sorted([*before, "made"])
    assert all(
        row.is_usable for row in check_catalogue(path, images=shop_zip, settings=settings).rows
    )


def test_a_picture_changed_in_the_zip_has_another_stamp(export, shop_zip):
    before = stamp_picture(shop_zip / "pictures/1.jpg")
    Image.new("RGB", (4, 4), "red").save(export.images / "1.jpg")
    with zipfile.ZipFile(shop_zip, "w") as packed:
        packed.write(export.images / "1.jpg", "pictures/1.jpg")
    assert stamp_picture(shop_zip / "pictures/1.jpg") != before


def test_names_that_lead_out_of_a_zip_are_told_and_never_read(export):
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = export.root / "shop.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("../1.jpg", "/etc/2.jpg", "a/../../3.jpg", "C:/4.jpg"):
            packed.writestr(name, b"x")
        packed.writestr(link, b"/etc/passwd")
    text = rows_of(*({"image_id": name} for name in ("1", "2", "3", "4", "link")))
    catalogue = export.read("p.json", text, images=path)
    assert not any(product.pictures for product in catalogue.products)
    assert [f.fault for f in catalogue.faults].count("unsafe path") == 5


def test_a_zip_entry_without_a_name_is_passed_over(export, shop_zip):
    with zipfile.ZipFile(shop_zip, "a") as packed:
        packed.writestr("x", b"y")
    shop_zip.write_bytes(shop_zip.read_bytes().replace(b"x", b"\0"))  # a name ends at its first 0
    catalogue = export.read("p.json", rows_of({"image_id": "1"}), images=shop_zip)
    assert export.named(catalogue, shop_zip) == {"1": ["pictures/1.jpg"]}


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 60])
def test_a_zip_that_cannot_be_read_is_refused(export, data):
    path = export.write("shop.zip", data)
    with pytest.raises(CatalogueError, match=r"shop.zip: no readable zip"):
        export.read("p.json", rows_of({"image_id": "1"}), images=path)


def test_a_file_that_is_neither_folder_nor_zip_is_refused(export):
    path = export.write("shop.rar", b"Rar!")
    with pytest.raises(CatalogueError, match=r"a file, neither a folder nor a zip"):
        export.read("p.json", rows_of({"image_id": "1"}), images=path)


def claim_size(path, size):
    """Write another unpacked size into a zip's directory, as a bomb tells it."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    path.write_bytes(bytes(data))


def test_broken_locked_and_swelling_pictures_of_a_zip_cost_themselves_alone(export, shop_zip):
    path = export.write("p.json", rows_of({"image_id": "1"}, {"image_id": "2"}))
    claim_size(shop_zip, 3_000_000_000)
    settings = DatasetSettings(min_side_px=1)
    rows = check_catalogue(path, images=shop_zip, settings=settings).rows
    assert [[f.fault for f in row.faults if f.action == "left out"] for row in rows] == [
        ["huge picture"],
        [],
    ]


def test_a_picture_whose_checksum_is_wrong_is_a_broken_one(export, shop_zip):
    data = bytearray(shop_zip.read_bytes())
    at = data.index((export.images / "1.jpg").read_bytes())
    data[at + 300] ^= 0xFF
    shop_zip.write_bytes(bytes(data))
    with pytest.raises(OSError, match=r"cannot be read from the zip .Bad CRC-32"):
        read_picture(shop_zip / "pictures/1.jpg")
