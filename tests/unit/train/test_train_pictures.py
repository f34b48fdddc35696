import numpy as np
import pytest
from PIL import Image

from couturier.dataset.records import read_items
from couturier.errors import DatasetError
from couturier.train.pictures import Picture, pad, read_padded, read_pictures
from tests.fakes import make_dataset


def _nobody(_done, _total, _note):
    return


def _square(path, side_px=8):
    return read_padded(Picture(None, path, "", (0, 0)), (side_px, side_px)).numpy()


def test_a_tall_picture_keeps_hem_and_shoes(tmp_path):
    pixels = np.zeros((12, 6, 3), np.uint8)
    pixels[:1], pixels[-1:] = (255, 0, 0), (0, 0, 255)
    padded = pad(pixels, (12, 12))
    assert padded.shape == (12, 12, 3)
    assert np.array_equal(padded[:, 3:9], pixels)


def test_what_is_added_has_the_median_colour_of_the_edge_beside_it():
    pixels = np.full((4, 2, 3), 200, np.uint8)
    pixels[:, 0], pixels[:, 1] = 10, 90
    assert pad(pixels, (4, 4))[0, :, 0].tolist() == [10, 10, 90, 90]
    assert pad(pixels.swapaxes(0, 1), (4, 4))[:, 0, 0].tolist() == [10, 10, 90, 90]


def test_transparency_is_white_paper(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert _square(tmp_path / "clear.png").min() == 255


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    image = Image.new("RGB", (8, 4), "white")
    exif = image.getexif()
    exif[0x0112] = 6  # a quarter turn
    image.putpixel((0, 0), (0, 0, 0))
    image.save(tmp_path / "turned.png", exif=exif)
    square = _square(tmp_path / "turned.png")
    assert square[:, 0, 5].max() == 0  # top right of the upright part, columns 2 to 5


def test_every_picture_is_named_by_its_contents(tmp_path):
    folder = make_dataset(tmp_path, n_items=3)
    (folder / "2.png").write_bytes((folder / "0.png").read_bytes())
    hashes = [p.sha256 for p in read_pictures(folder, read_items(folder), _nobody)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_a_truncated_picture_is_named_with_its_row(tmp_path):
    folder = make_dataset(tmp_path, n_items=3)
    image = Image.effect_noise((64, 64), 50)
    image.save(tmp_path / "whole.jpg")
    (folder / "1.png").write_bytes((tmp_path / "whole.jpg").read_bytes()[:900])
    with pytest.raises(DatasetError, match=r"row 2: .*1\.png is no picture that can be read"):
        read_pictures(folder, read_items(folder), _nobody)
