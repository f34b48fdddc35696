import json

import pytest
from PIL import Image

from couturier.errors import LooksError
from couturier.generate.records import Look, append_look
from couturier.report.sheet import write_sheet

GREEN = {"kind": "dress", "asked": "green", "seen": "green", "seen_hex": "#2f8f46"}


def make_looks(folder, n_looks, *, verdict="pass", prompt="a very long sentence " * 20):
    folder.mkdir()
    for number in range(n_looks):
        name = f"{number + 1:04d}-7.png"
        Image.new("RGB", (40, 60), (200, 10 * number, 30)).save(folder / name)
        append_look(folder, Look(name, prompt, 7, {}, {"verdict": verdict}, receipt=(GREEN,)))
    return folder


def colours(path):
    with Image.open(path) as page:
        return {colour for _, colour in page.convert("RGB").getcolors(1 << 24)}


def test_looks_and_their_swatches_stand_on_the_page(tmp_path):
    looks = make_looks(tmp_path / "looks", 3)
    (page,) = write_sheet(looks, tmp_path / "sheet.png")
    assert page == tmp_path / "sheet.png"
    assert {(200, 0, 30), (200, 10, 30), (200, 20, 30), (0x2F, 0x8F, 0x46)} <= colours(page)


def test_what_does_not_fit_one_page_goes_to_the_next(tmp_path):
    looks = make_looks(tmp_path / "looks", 3)
    pages = write_sheet(looks, tmp_path / "sheet.png", columns=1)
    assert [page.name for page in pages] == ["sheet-01.png", "sheet-02.png", "sheet-03.png"]
    assert (200, 10, 30) in colours(pages[1])
    assert (200, 0, 30) not in colours(pages[1])


def test_a_pdf_holds_every_page_in_its_paper_size(tmp_path):
    looks = make_looks(tmp_path / "looks", 3)
    (file,) = write_sheet(looks, tmp_path / "sheet.pdf", columns=1, paper="letter")
    text = file.read_bytes()
    assert text.startswith(b"%PDF-")
    assert b"/Count 3\n" in text
    assert b"612.0 792.0" in text


def test_a_withheld_look_is_black_and_a_missing_one_grey(tmp_path):
    withheld = make_looks(tmp_path / "withheld", 1, verdict="block")
    assert (200, 0, 30) not in colours(write_sheet(withheld, tmp_path / "1.png")[0])
    gone = make_looks(tmp_path / "gone", 1)
    (gone / "0001-7.png").unlink()
    assert (0xEF, 0xEB, 0xE4) in colours(write_sheet(gone, tmp_path / "2.png")[0])


def test_right_to_left_and_odd_sentences_are_drawn(tmp_path):
    looks = make_looks(tmp_path / "looks", 1, prompt="فستان أحمر <b>\u202e\x07 w" + "w" * 300)
    assert write_sheet(looks, tmp_path / "sheet.pdf", title="ش" * 200)[0].is_file()


def test_a_sheet_that_cannot_be_is_refused(tmp_path):
    looks = make_looks(tmp_path / "looks", 2)
    with pytest.raises(LooksError, match=r"a sheet is a .pdf or a .png"):
        write_sheet(looks, tmp_path / "sheet.gif")
    with pytest.raises(LooksError, match="no looks there"):
        write_sheet(tmp_path, tmp_path / "sheet.png")
    (looks / "looks.jsonl").write_text(json.dumps({}) + "\n")
    with pytest.raises(LooksError, match="no look"):
        write_sheet(looks, tmp_path / "sheet.png")
