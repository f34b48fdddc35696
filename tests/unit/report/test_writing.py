import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from couturier.catalogue.records import Fault, write_faults
from couturier.errors import AdapterError, DatasetError, LooksError
from couturier.evaluate.score import score_looks
from couturier.evaluate.settings import EvaluateSettings
from couturier.generate.records import Look, append_look
from couturier.report.write import write_report
from couturier.runs import write_manifest

PLAIN = EvaluateSettings(segmenter="none", text_image=False)
GREEN, RED = "#2f8f46", "#c8161d"


def paint(path, colour):
    picture = Image.new("RGB", (96, 96), "#f4f1ec")
    ImageDraw.Draw(picture).rectangle((30, 20, 70, 85), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def draw_looks(folder, colours, *, prompt="a green dress", settings=None, safety=None):
    for number, colour in enumerate(colours, start=1):
        file = f"{number:04d}-{number}.png"
        paint(folder / file, colour)
        look = Look(file, prompt, number, settings or {"steps": 20}, safety or {"verdict": "pass"})
        append_look(folder, look)
    return folder


def write_data(folder):
    rows = [{"file_name": f"{n}.png", "text": "green dress", "image_id": str(n)} for n in range(3)]
    for row in rows:
        paint(folder / row["file_name"], GREEN)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    gone = Fault("9", "9.jpg", 9, "no picture", "record 9: no picture at 9.jpg", "left out")
    write_faults(folder, [gone])
    return folder


def write_run(folder):
    write_manifest(folder, "train", status="done", facts={"base": "mini"})
    (folder / "settings.toml").write_text("[train]\nrank = 4\n", encoding="utf-8")
    rows = "".join(json.dumps({"step": n, "loss": 1 / n}) + "\n" for n in range(1, 9))
    (folder / "metrics.jsonl").write_text(rows, encoding="utf-8")
    (folder / "samples").mkdir()
    Image.new("RGB", (64, 16), "navy").save(folder / "samples/step-000008.jpg")
    return folder


def read(page):
    return page.read_text(encoding="utf-8")


class _Outline(HTMLParser):
    """Tags that stand open, and every address the page would load."""

    VOID = frozenset({"meta", "img", "br", "line", "circle", "polyline"})

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.pictures = [], [], []

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.addresses += [facts[name] for name in ("src", "href") if name in facts]
        if tag == "img":
            self.pictures.append(facts)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def outline(page):
    parser = _Outline()
    parser.feed(read(page))
    assert parser.open == []
    return parser


@pytest.fixture
def scored(tmp_path):
    looks = draw_looks(tmp_path / "looks/first", [GREEN, RED])
    score_looks(looks, settings=PLAIN)
    return looks


@pytest.fixture
def full(tmp_path):
    """Looks before and after, with their run and their data set."""
    data, run = write_data(tmp_path / "data"), write_run(tmp_path / "models/first")
    before = draw_looks(tmp_path / "looks/before", [RED, RED])
    looks = draw_looks(tmp_path / "looks/first", [GREEN, RED], settings={"lora": [str(run)]})
    score_looks(looks, against=[before], train=data, settings=PLAIN)
    return looks


def test_looks_alone_make_a_page(scored, tmp_path):
    page = write_report(scored, out=tmp_path / "report")
    assert page == tmp_path / "report/index.html"
    text = read(page)
    assert "1 of 2 pictures show what was asked." in text
    assert "<h2>How it was trained</h2>" not in text
    assert "Before" not in re.sub(r"(?s)<style>.*</style>", "", text)


def test_the_page_is_whole_html_and_loads_nothing(full, tmp_path):
    parsed = outline(write_report(full, out=tmp_path / "report"))
    assert parsed.pictures
    assert all(picture["alt"] for picture in parsed.pictures)
    assert all(address.startswith(("data:image/webp;base64,", "#")) for address in parsed.addresses)


def test_run_data_and_looks_before_are_found_by_themselves(full, tmp_path):
    text = read(write_report(full, out=tmp_path / "report"))
    for heading in ("How it was trained", "What it was trained on", "Is it copying?"):
        assert heading in text
    assert "Before: a green dress" in text
    assert "record 9: no picture at 9.jpg" in text
    assert "rank = 4" in text


def test_failures_stand_before_what_is_right(scored, tmp_path):
    text = read(write_report(scored, out=tmp_path / "report"))
    gallery = text[text.index('class="gallery"') :]
    assert gallery.index("mark wrong") < gallery.index("mark right")


def test_a_picture_can_be_drawn_again_from_the_page(scored, tmp_path):
    assert f"couturier replay {scored}/0002-2.png" in read(write_report(scored, out=tmp_path / "r"))


def test_html_in_a_prompt_is_text(tmp_path):
    looks = draw_looks(tmp_path / "looks", [GREEN], prompt="green dress <script>alert(1)</script>")
    score_looks(looks, settings=PLAIN)
    text = read(write_report(looks, out=tmp_path / "report"))
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "<script>" not in (tmp_path / "report/results.md").read_text(encoding="utf-8")


def test_a_withheld_picture_is_a_black_tile_with_its_reason(tmp_path):
    safety = {"verdict": "block", "reasons": ["too much skin (0.31)"]}
    looks = draw_looks(tmp_path / "looks", ["#000000"], safety=safety)
    paint(looks / "quarantine/0001-1.png", GREEN)
    score_looks(looks, settings=PLAIN)
    page = write_report(looks, out=tmp_path / "report")
    assert outline(page).pictures == []
    assert "too much skin (0.31)" in read(page)


def test_a_broken_picture_is_told_on_its_tile(scored, tmp_path):
    (scored / "0001-1.png").write_bytes(b"no picture")
    score_looks(scored, settings=PLAIN)
    text = read(write_report(scored, out=tmp_path / "report"))
    assert "This picture cannot be read: no picture in it" in text


def test_the_table_is_written_as_markdown_with_links(full, tmp_path):
    write_report(full, out=tmp_path / "report/first")
    head, rule, row, *rest = (tmp_path / "report/first/results.md").read_text().splitlines()
    assert head == "| Prompt | Before | After | Comments |"
    assert rule.startswith("| :---")
    assert "Dress: asked green, seen green (#2f8f46, ΔE" in row
    links = re.findall(r"\(<(.+?)>\)", row)
    assert [(tmp_path / "report/first" / link).resolve().name for link in links] == [
        "0001-1.png",
        "0001-1.png",
    ]
    assert rest == []  # one row a prompt


def test_pictures_from_elsewhere_have_their_place(tmp_path):
    paint(tmp_path / "looks/stray.png", GREEN)
    score_looks(tmp_path / "looks", settings=PLAIN)
    text = read(write_report(tmp_path / "looks", out=tmp_path / "report"))
    assert "No prompt is known of this picture" in text
    assert "couturier replay" not in text


def test_looks_that_were_not_scored_are_refused(tmp_path):
    looks = draw_looks(tmp_path / "looks", [GREEN])
    with pytest.raises(LooksError, match="not scored yet"):
        write_report(looks, out=tmp_path / "report")
    assert not Path(tmp_path / "report").exists()


def test_looks_drawn_since_the_scoring_are_told(scored, tmp_path):
    append_look(scored, Look("0003-3.png", "a red dress", 3, {}, {"verdict": "pass"}))
    assert "1 drawn since the scoring" in read(write_report(scored, out=tmp_path / "report"))


def test_what_is_no_run_and_no_data_set_is_refused(scored, tmp_path):
    with pytest.raises(AdapterError, match="no training run"):
        write_report(scored, out=tmp_path / "report", run_dir=tmp_path)
    with pytest.raises(DatasetError, match="holds neither"):
        write_report(scored, out=tmp_path / "report", dataset_dir=tmp_path)


def test_looks_to_stand_beside_that_are_gone_are_left_out(full, tmp_path):
    (tmp_path / "looks/before").rename(tmp_path / "looks/moved")
    text = read(write_report(full, out=tmp_path / "report"))
    assert "Before: a green dress" not in text
