import pytest
from PIL import Image, ImageDraw

from couturier.evaluate.records import read_summary
from couturier.evaluate.score import score_looks
from couturier.evaluate.settings import EvaluateSettings
from couturier.generate.records import Look, append_look
from couturier.report.write import write_report

PLAIN = EvaluateSettings(segmenter="none", text_image=False, tower="none")
GREEN, RED = "#2f8f46", "#c8161d"


def draw_way(folder, colours, settings):
    folder.mkdir(parents=True)
    for number, colour in enumerate(colours):
        picture = Image.new("RGB", (96, 96), "#f4f1ec")
        ImageDraw.Draw(picture).rectangle((30, 20, 70, 85), fill=colour)
        picture.save(folder / f"{number}.png")
        look = Look(f"{number}.png", "a green dress", number, {"base": "mini", **settings}, {})
        append_look(folder, look)
    return folder


@pytest.fixture
def drawn(tmp_path):
    """Eight prompts: none right by the base, two by the adapter, all drawn faithfully."""
    lora = {"lora": ["models/first"]}
    return [
        draw_way(tmp_path / "before", [RED] * 8, {"lora": [], "faithful": "off"}),
        draw_way(tmp_path / "plain", [GREEN] * 2 + [RED] * 6, {**lora, "faithful": "off"}),
        draw_way(tmp_path / "looks", [GREEN] * 8, {**lora, "faithful": "verify"}),
    ]


def test_three_ways_are_compared_step_by_step(drawn):
    before, plain, looks = drawn
    score_looks(looks, against=[before, plain], settings=PLAIN)
    summary = read_summary(looks)
    assert [way.name for way in summary.ways] == ["base", "LoRA", "LoRA, faithful"]
    assert [way.measured.looks.right for way in summary.ways] == [0, 2, 8]
    steps = [way.step for way in summary.ways]
    assert steps[0] is None
    assert (steps[1].only_this, steps[1].unchanged, steps[2].only_this) == (2, 6, 6)
    assert steps[1].p_value == pytest.approx(0.5)  # two of two: 2 x (1/2)^2
    assert steps[2].p_value == pytest.approx(2 / 2**6)
    assert summary.paired.only_this == 8  # from the first to the last
    assert summary.lines[0] == "More pictures show what was asked."
    assert summary.lines[1].startswith(
        "Pictures with every garment in the colour asked for: base 0 of 8 (0 %, 0 to 32 %), "
        "LoRA 2 of 8 (25 %, 7 to 59 %), LoRA, faithful 8 of 8 (100 %, 68 to 100 %)."
    )
    assert any(line.startswith("From LoRA to LoRA, faithful") for line in summary.lines)


def test_the_page_and_the_table_show_a_column_a_way(drawn, tmp_path):
    before, plain, looks = drawn
    score_looks(looks, against=[before, plain], settings=PLAIN)
    text = write_report(looks, out=tmp_path / "report").read_text(encoding="utf-8")
    for name in ("Base", "LoRA", "LoRA, faithful"):
        assert f'scope="col">{name}</th>' in text
        assert f'alt="{name}: a green dress"' in text
    assert "Base to LoRA" in text
    head = (tmp_path / "report/results.md").read_text(encoding="utf-8").splitlines()[0]
    assert head == "| Prompt | Base | LoRA | LoRA, faithful | Comments |"


def test_a_way_that_is_gone_keeps_its_figures_and_loses_its_column(drawn, tmp_path):
    before, plain, looks = drawn
    score_looks(looks, against=[before, plain], settings=PLAIN)
    plain.rename(tmp_path / "moved")
    text = write_report(looks, out=tmp_path / "report").read_text(encoding="utf-8")
    assert 'alt="Base: a green dress"' in text
    assert 'alt="LoRA: a green dress"' not in text
    assert "2 of 8, 25" in text


def test_folders_drawn_in_the_same_way_go_by_their_names(tmp_path):
    drawn = [draw_way(tmp_path / name, [GREEN], {"faithful": "off"}) for name in ("a", "b", "c")]
    score_looks(drawn[2], against=drawn[:2], settings=PLAIN)
    text = write_report(drawn[2], out=tmp_path / "report").read_text(encoding="utf-8")
    assert 'alt="C: a green dress"' in text


def test_what_the_base_has_forgotten_is_told(drawn, tmp_path):
    *_, looks = drawn
    own = [
        draw_way(tmp_path / "own-before", [GREEN] * 8, {"faithful": "off"}),
        draw_way(tmp_path / "own", [RED] * 8, {"lora": ["models/first"], "faithful": "off"}),
    ]
    score_looks(looks, kept=own, settings=PLAIN)
    before, after = read_summary(looks).kept
    assert (before.measured.looks.right, after.measured.looks.right) == (8, 0)
    assert after.step.p_value == pytest.approx(2 / 2**8)
    assert any("forgotten some of what it knew" in line for line in read_summary(looks).lines)
    text = write_report(looks, out=tmp_path / "report").read_text(encoding="utf-8")
    assert "<h2>What was lost</h2>" in text
    assert 'alt="Before: a green dress"' in text


def test_where_nothing_was_forgotten_none_is_told(drawn, tmp_path):
    *_, looks = drawn
    own = [draw_way(tmp_path / name, [GREEN] * 8, {}) for name in ("own-before", "own")]
    score_looks(looks, kept=own, settings=PLAIN)
    assert any("no forgetting can be told" in line for line in read_summary(looks).lines)


def test_one_picture_alone_makes_a_whole_page(tmp_path):
    looks = draw_way(tmp_path / "looks", [GREEN], {"faithful": "off"})
    score_looks(looks, settings=PLAIN)
    text = write_report(looks, out=tmp_path / "report").read_text(encoding="utf-8")
    assert "1 of 1 pictures show what was asked." in text
