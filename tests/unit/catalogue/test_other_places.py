import importlib.util
import io
import json
import zipfile
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from couturier.catalogue.remote import _open_system
from couturier.cli.main import main
from couturier.dataset.build import build_dataset
from couturier.dataset.check import check_catalogue
from couturier.dataset.records import read_items
from couturier.dataset.settings import DatasetSettings
from couturier.errors import CatalogueError, MissingExtraError, StorageError


@pytest.fixture
def bucket():
    """A shop's files in fsspec's file system in memory."""
    system = fsspec.filesystem("memory")
    picture = io.BytesIO()
    Image.new("RGB", (80, 100), "red").save(picture, "PNG")
    system.pipe("/shop/images/deep/1.png", picture.getvalue())
    system.pipe("/shop/p.json", json.dumps([{"image_id": "1", "title": "Red Hat"}]).encode())
    yield system
    system.rm("/shop", recursive=True)


def test_a_data_set_is_built_from_another_place_and_takes_over_what_is_done(bucket, tmp_path):
    def build():
        data, images = Path("memory://shop/p.json"), Path("memory://shop/images")
        return build_dataset(data, images=images, out=tmp_path, settings=DatasetSettings())

    assert (build().n_items, build().n_reused) == (1, 1)
    assert read_items(tmp_path)[0].extra["source"] == "deep/1.png"
    blue = io.BytesIO()
    Image.new("RGB", (80, 100), "blue").save(blue, "PNG")
    bucket.pipe("/shop/images/deep/1.png", blue.getvalue())
    assert build().n_reused == 0


def zipped(colour, *names):
    picture = io.BytesIO()
    Image.new("RGB", (80, 100), colour).save(picture, "PNG")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name in names:
            made.writestr(name, picture.getvalue())
    return packed.getvalue()


def test_a_zip_at_another_place_is_read_where_it_lies(bucket, tmp_path):
    def build():
        data, images = Path("memory://shop/p.json"), Path("memory://shop/all.ZIP")
        return build_dataset(data, images=images, out=tmp_path, settings=DatasetSettings())

    bucket.pipe("/shop/all.ZIP", zipped("red", "all/1.png", "../2.png"))
    summary = build()
    assert (summary.n_items, summary.n_reused, summary.faults["unsafe path"]) == (1, 0, 1)
    assert read_items(tmp_path)[0].extra["source"] == "all/1.png"
    assert build().n_reused == 1
    bucket.pipe("/shop/all.ZIP", zipped("blue", "all/1.png"))
    assert build().n_reused == 0
    with Image.open(tmp_path / "1.jpg") as made:
        assert made.getpixel((40, 50))[2] > 200


def test_a_torn_zip_at_another_place_is_refused_in_one_line(bucket):
    bucket.pipe("/shop/torn.zip", zipped("red", "1.png")[:-30])
    with pytest.raises(CatalogueError, match=r"torn.zip: no readable zip"):
        check_catalogue(
            Path("memory://shop/p.json"),
            images=Path("memory://shop/torn.zip"),
            settings=DatasetSettings(),
        )


def test_a_zip_within_a_remote_folder_is_no_picture(bucket):
    bucket.pipe("/shop/images/more.zip", zipped("red", "2.png"))
    checked = check_catalogue(
        Path("memory://shop/p.json"),
        images=Path("memory://shop/images"),
        settings=DatasetSettings(),
    )
    assert (checked.n_usable, checked.n_faults) == (1, 1)


def test_the_command_line_takes_such_addresses(bucket, capsys):
    command = ["check", "memory://shop/p.json", "--images", "memory://shop/images", "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["caption"] == "red hat."


@pytest.mark.parametrize(
    ("data", "images", "kind", "message"),
    [
        ("memory://shop/no.json", None, StorageError, "memory://shop/no.json: no such file"),
        ("memory://shop/p.json", "memory://no", CatalogueError, "memory://no: no such images"),
        ("tape://shop/p.json", None, CatalogueError, "tape://: no kind of address"),
        ("http://shop/p.json", None, CatalogueError, "http://: no kind of address"),
    ],
)
def test_what_cannot_be_reached_is_refused_in_one_line(bucket, data, images, kind, message):
    with pytest.raises(kind, match=message):
        check_catalogue(
            Path(data), images=Path(images) if images else None, settings=DatasetSettings()
        )


def test_a_broken_file_is_told_by_its_address(bucket):
    bucket.pipe("/shop/p.json", b"[{]")
    with pytest.raises(CatalogueError, match=r"memory://shop/p.json, line 1, column 3: no JSON"):
        check_catalogue(Path("memory://shop/p.json"), images=None, settings=DatasetSettings())


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_without_the_extra_the_fix_names_it():
    _open_system.cache_clear()
    with pytest.raises(MissingExtraError, match=r"s3:// addresses need a library") as told:
        check_catalogue(Path("s3://shop/p.json"), images=None, settings=DatasetSettings())
    assert told.value.fix == 'pip install "couturier[s3]"'
