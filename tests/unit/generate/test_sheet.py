from pathlib import Path

import pytest
from PIL import Image

from couturier.errors import LooksError
from couturier.generate.records import Look, append_look
from couturier.generate.sheet import write_sheet


def make_looks(folder: Path, n_looks: int) -> Path:
    folder.mkdir()
    for number in range(n_looks):
        name = f"{number + 1:04d}-7.png"
        Image.new("RGB", (40, 60), (200, 10 * number, 30)).save(folder / name)
        prompt = "a very long sentence about a dress " * 20 + "w" * 200
        append_look(folder, Look(name, prompt, 7, {}, {"verdict": "block", "reasons": []}))
    return folder


def test_all_looks_stand_on_one_sheet_whole(tmp_path: Path) -> None:
    looks = make_looks(tmp_path / "looks", 5)
    with Image.open(write_sheet(looks, tmp_path / "sheet.png", columns=3, tile_px=60)) as sheet:
        assert sheet.width == 3 * (60 + 16) + 16
        middles = [sheet.getpixel((16 + 76 * column + 30, 46)) for column in range(3)]
    assert middles == [(200, 0, 30), (200, 10, 30), (200, 20, 30)]


def test_a_picture_that_is_gone_leaves_a_grey_place(tmp_path: Path) -> None:
    looks = make_looks(tmp_path / "looks", 1)
    (looks / "0001-7.png").unlink()
    with Image.open(write_sheet(looks, tmp_path / "sheet.png", tile_px=60)) as sheet:
        assert sheet.getpixel((40, 40)) == (232, 232, 232)


def test_a_sheet_that_cannot_be_is_refused(tmp_path: Path) -> None:
    looks = make_looks(tmp_path / "looks", 2)
    with pytest.raises(LooksError, match="no ending of a picture"):
        write_sheet(looks, tmp_path / "sheet.gif")
    with pytest.raises(LooksError, match="2 looks make a sheet of 40048 x"):
        write_sheet(looks, tmp_path / "sheet.png", tile_px=20_000)
    with pytest.raises(LooksError, match="no looks there"):
        write_sheet(tmp_path, tmp_path / "sheet.png")
