import json
import os

import pytest
from PIL import Image

from couturier.catalogue.read import read_catalogue
from couturier.errors import CatalogueError


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def find(images, row, *names):
    for name in names:
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(images / name, "PNG")
    path = images.parent / "product_data.json"
    path.write_text(json.dumps([row]))
    catalogue = read_catalogue(path, images=images)
    pictures = [p.relative_to(images).as_posix() for p in catalogue.products[0].pictures]
    return pictures, [fault.fault for fault in catalogue.faults]


@pytest.mark.parametrize(
    "name", ["0001.jpg", "0001.JPEG", "0001.Png", "0001.webp", "deep/er/0001.tif"]
)
def test_a_picture_is_found_by_id_under_any_ending(images, name):
    assert find(images, {"image_id": "0001"}, name) == ([name], [])


def test_case_and_unicode_form_do_not_matter(images):
    assert find(images, {"image_id": "CAF\u00c9"}, "cafe\u0301.jpg") == (["cafe\u0301.jpg"], [])


def test_an_id_may_hold_dots_and_an_ending(images):
    assert find(images, {"image_id": "v1.2.png"}, "v1.2.png") == (["v1.2.png"], [])
    assert find(images, {"image_id": "v1.2"}, "v1.2.png") == (["v1.2.png"], [])


def test_the_exact_case_wins_and_a_tie_is_told(images):
    assert find(images, {"image_id": "abc"}, "ABC.jpg", "abc.jpg")[0] == ["abc.jpg"]
    pictures, faults = find(images, {"image_id": "Abc"})
    assert pictures == []
    assert faults[0] == "ambiguous picture"


def test_several_endings_are_told_and_the_first_is_used(images):
    assert find(images, {"image_id": "1"}, "1.png", "1.jpg") == (["1.jpg"], ["several pictures"])


def test_pictures_named_in_the_row_are_taken_in_their_order(images):
    row = {"image_id": "9", "images": ["b.jpg", "images/a.jpg", {"src": "data/images/c.jpg"}]}
    assert find(images, row, "a.jpg", "b.jpg", "c.jpg") == (["b.jpg", "a.jpg", "c.jpg"], [])


def test_a_cell_may_name_several_pictures(images):
    row = {"image_id": "9", "image": "a.jpg, b.jpg|c.jpg"}
    assert find(images, row, "a.jpg", "b.jpg", "c.jpg")[0] == ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("../secret.jpg", "unsafe path"),
        ("images/../../secret.jpg", "unsafe path"),
        ("/etc/secret.jpg", "unsafe path"),
        ("C:\\secret.jpg", "unsafe path"),
        ("..\\secret.jpg", "unsafe path"),
        ("a\0.jpg", "unsafe path"),
        ("https://shop.example/1.jpg", "web address"),
        ("file:///etc/secret.jpg", "web address"),
        ("gone.jpg", "no picture"),
        ("x" * 5000 + ".jpg", "no picture"),
    ],
)
def test_a_path_that_leads_nowhere_good_is_told_and_left_alone(images, written, fault):
    Image.new("RGB", (4, 4)).save(images.parent / "secret.jpg")
    assert find(images, {"image_id": "1", "image": written}) == ([], [fault])


def test_an_id_that_climbs_out_finds_nothing(images):
    Image.new("RGB", (4, 4)).save(images.parent / "secret.jpg")
    assert find(images, {"image_id": "../secret"}) == ([], ["no picture"])


def test_a_loop_of_links_is_not_followed(images):
    (images / "loop").symlink_to(images)
    (images / "self.jpg").symlink_to(images / "self.jpg")
    assert find(images, {"image_id": "1"}, "1.jpg") == (["1.jpg"], ["unused picture"])


def test_a_pipe_called_like_a_picture_is_none_and_nobody_waits_for_it(images):
    os.mkfifo(images / "1.jpg")
    assert find(images, {"image_id": "1"}) == ([], ["no picture"])


def test_a_picture_no_row_leads_to_is_told(images):
    assert find(images, {"image_id": "1"}, "1.jpg", "IMG_2.jpg") == (["1.jpg"], ["unused picture"])


def test_a_missing_images_folder_is_refused(images):
    path = images.parent / "product_data.json"
    path.write_text('[{"image_id": "1"}]')
    with pytest.raises(CatalogueError, match="nowhere: no such images folder"):
        read_catalogue(path, images=images / "nowhere")
