import pytest

from couturier.dataset.check import check_catalogue
from couturier.dataset.settings import DatasetSettings
from couturier.errors import CatalogueError


def check(shop, images=True, **settings):
    return check_catalogue(
        shop.data, images=shop.images if images else None, settings=DatasetSettings(**settings)
    )


def test_a_sound_catalogue_has_captions_and_no_faults(small_shop):
    result = check(small_shop)
    rows = list(result.rows)
    assert rows[1].caption == "blue denim skirt."
    assert list(result.faults) == []
    assert (result.n_rows, result.n_usable, result.n_seen) == (2, 2, 2)
    told = rows[0].as_dict()
    assert list(told) == ["image_id", "caption", "garments", "faults"]
    assert told["garments"][0]["colour"] == "red"


def test_every_row_is_there_with_its_faults_the_costliest_first(shop):
    shop.picture("1.png", size=(20, 20))
    (shop.images / "2.jpg").write_bytes(b"torn")
    shop.write([{"image_id": 1, "title": "Wow"}, {"image_id": 2, "title": "Red Dress"}, None])
    result = check(shop)
    told = [(row.record, row.is_usable, [f.fault for f in row.faults]) for row in result.rows]
    assert told == [
        (1, True, ["no garment", "short caption", "no description", "small picture"]),
        (2, False, ["broken picture", "no description"]),
        (3, False, ["unreadable row"]),
    ]
    assert (result.n_rows, result.n_usable) == (3, 1)
    assert [f.fault for f in result.faults][:2] == ["unreadable row", "broken picture"]


def test_a_row_is_usable_while_one_of_its_pictures_is(shop):
    shop.picture("1.png")
    rows = [{"image_id": "1", "title": "Red Dress", "images": ["1.png", "gone.png"]}]
    shop.write([*rows, {"image_id": "2", "title": "Red Hat", "images": ["gone.png"]}])
    result = check(shop)
    assert [row.is_usable for row in result.rows] == [True, False]
    assert result.n_usable == shop.build().n_items == 1


def test_without_an_images_folder_only_rows_are_judged(small_shop):
    (small_shop.images / "a1.png").unlink()
    assert check(small_shop, images=False).n_faults == 0


def test_the_doctor_finds_what_the_data_set_would_leave_out(shop):
    shop.picture("1.png")
    shop.picture("twin.png")
    rows = [{"image_id": i, "description": "A red dress"} for i in ("1", "twin", "gone", "1")]
    shop.write(rows)
    found = check(shop).faults
    summary = shop.build()
    assert [f.fault for f in found] == [f["fault"] for f in shop.lines("faults.jsonl")]
    assert summary.faults == {"repeated id": 1, "no picture": 1, "same picture": 1}


def test_an_unknown_field_in_the_template_is_refused(small_shop):
    with pytest.raises(CatalogueError, match="no row has a field prize"):
        check(small_shop, caption="{prize}")
