import json

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from couturier.errors import LooksError
from couturier.evaluate.records import read_scores, read_summary
from couturier.evaluate.score import score_looks, summarise
from couturier.evaluate.settings import EvaluateSettings
from couturier.generate.records import Look, append_look

PLAIN = EvaluateSettings(segmenter="none", text_image=False)
GREEN, RED = "#2f8f46", "#c8161d"


def paint(path, colour):
    """One garment before a plain ground, as the judge without a segmenter can tell it."""
    picture = Image.new("RGB", (96, 96), "#f4f1ec")
    ImageDraw.Draw(picture).rectangle((30, 20, 70, 85), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def draw_look(folder, number, colour, *, prompt="a green dress", safety=None):
    file = f"{number:04d}-{number}.png"
    paint(folder / file, colour)
    look = Look(file, prompt, seed=number, settings={"steps": 20}, safety=safety or {})
    append_look(folder, look)
    return look


def test_every_look_is_measured_and_written_down(tmp_path):
    draw_look(tmp_path, 1, GREEN)
    draw_look(tmp_path, 2, RED)
    scores = score_looks(tmp_path, settings=PLAIN)
    assert [score.faithful for score in scores] == [True, False]
    assert scores[1].comment.startswith("Dress: asked green, seen red (#c8161d, ΔE")
    assert list(read_scores(tmp_path)) == scores
    summary = read_summary(tmp_path)
    assert (summary.measured.looks.right, summary.measured.looks.n) == (1, 2)
    assert summary.lines[0] == "1 of 2 pictures show what was asked."


def test_pairs_of_the_same_prompt_and_seed_are_compared(tmp_path):
    base, lora = tmp_path / "base", tmp_path / "lora"
    for number in range(8):
        draw_look(base, number, RED)
        draw_look(lora, number, GREEN)
    score_looks(lora, against=[base], settings=PLAIN)
    summary = read_summary(lora)
    assert (summary.paired.only_this, summary.paired.only_other) == (8, 0)
    assert summary.paired.p_value == pytest.approx(2 / 2**8)
    assert summary.lines[0] == "More pictures show what was asked."
    assert read_summary(base).other is None


def test_the_same_pictures_on_both_sides_tell_no_difference(tmp_path):
    for side in ("base", "lora"):
        for number, colour in enumerate([GREEN, RED, GREEN, GREEN]):
            draw_look(tmp_path / side, number, colour)
    score_looks(tmp_path / "lora", against=[tmp_path / "base"], settings=PLAIN)
    summary = read_summary(tmp_path / "lora")
    assert summary.lines[0] == "No difference: every picture is the same, pixel by pixel."
    assert summary.paired.p_value == 1.0


def test_a_second_run_measures_only_what_is_new(tmp_path, monkeypatch):
    import couturier.evaluate.score as score

    draw_look(tmp_path, 1, GREEN)
    first = score_looks(tmp_path, settings=PLAIN)
    draw_look(tmp_path, 2, RED)
    opened = []
    monkeypatch.setattr(score, "open_picture", lambda path: opened.append(path) or Image.open(path))
    second = score_looks(tmp_path, settings=PLAIN)
    assert [path.name for path in opened] == ["0002-2.png"]
    assert second[0] == first[0]


def test_a_picture_drawn_anew_under_its_name_is_measured_anew(tmp_path):
    draw_look(tmp_path, 1, GREEN)
    score_looks(tmp_path, settings=PLAIN)
    paint(tmp_path / "0001-1.png", RED)
    assert score_looks(tmp_path, settings=PLAIN)[0].faithful is False


def test_a_withheld_picture_is_measured_on_its_original(tmp_path):
    look = draw_look(tmp_path, 1, "#000000", safety={"verdict": "block", "reasons": ["skin 0.4"]})
    paint(tmp_path / "quarantine" / look.file, GREEN)
    (score,) = score_looks(tmp_path, settings=PLAIN)
    assert score.faithful is True
    assert "Withheld by the safety checker (skin 0.4)" in score.comment
    assert read_summary(tmp_path).measured.n_blocked == 1


def test_a_broken_picture_is_told_and_the_rest_goes_on(tmp_path):
    look = draw_look(tmp_path, 1, GREEN)
    whole = (tmp_path / look.file).read_bytes()
    (tmp_path / look.file).write_bytes(whole[: len(whole) // 2])
    draw_look(tmp_path, 2, GREEN)
    broken, right = score_looks(tmp_path, settings=PLAIN)
    assert broken.comment.startswith("This picture could not be read: ")
    assert right.faithful is True
    assert read_summary(tmp_path).measured.n_faults == 1


def test_a_listed_picture_that_is_gone_is_told(tmp_path):
    look = draw_look(tmp_path, 1, GREEN)
    (tmp_path / look.file).unlink()
    (score,) = score_looks(tmp_path, settings=PLAIN)
    assert score.comment == "This picture could not be read: the file is not there."


def test_pictures_from_elsewhere_are_scored_with_what_they_tell(tmp_path):
    paint(tmp_path / "stray.png", GREEN)
    told = PngInfo()
    told.add_text("parameters", "a green dress\nNegative prompt: red\nSteps: 20, Seed: 1")
    Image.open(tmp_path / "stray.png").save(tmp_path / "told.png", pnginfo=told)
    stray, with_prompt = score_looks(tmp_path, settings=PLAIN)
    assert stray.comment == "No prompt is known of this picture, so nothing was asked of it."
    assert with_prompt.faithful is True


def test_training_pictures_give_a_likeness(tmp_path):
    data, looks = tmp_path / "data", tmp_path / "looks"
    paint(data / "1.png", GREEN)
    paint(data / "2.png", "#204080")
    rows = [{"file_name": f"{n}.png", "text": "a dress"} for n in (1, 2)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (data / "metadata.jsonl").write_text(lines, encoding="utf-8")
    draw_look(looks, 1, GREEN)
    (score,) = score_looks(looks, train=data, settings=PLAIN)
    assert (score.extra["nearest"], score.extra["likeness"]) == ("1.png", 1.0)
    assert read_summary(looks).catalogue_likeness.n == 2


def test_progress_is_told_picture_by_picture(tmp_path):
    draw_look(tmp_path, 1, GREEN)
    draw_look(tmp_path, 2, GREEN)
    steps = []
    score_looks(tmp_path, settings=PLAIN, on_step=lambda *step: steps.append(step[:2]))
    assert steps == [(1, 2), (2, 2)]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(LooksError, match="no pictures in it"):
        score_looks(tmp_path, settings=PLAIN)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LooksError, match="no such folder"):
        score_looks(tmp_path / "nowhere", settings=PLAIN)


def test_looks_against_themselves_are_refused(tmp_path):
    draw_look(tmp_path, 1, GREEN)
    with pytest.raises(LooksError, match="is the folder of looks itself"):
        score_looks(tmp_path, against=[tmp_path], settings=PLAIN)


def test_a_summary_without_the_comparison_asked_for_is_refused(tmp_path):
    draw_look(tmp_path, 1, GREEN)
    score_looks(tmp_path, settings=PLAIN)
    assert summarise(tmp_path)["measured"]["n_looks"] == 1
    with pytest.raises(LooksError, match=r"not compared with .*base yet"):
        summarise(tmp_path, against=tmp_path.with_name("base"))


def test_scores_that_couturier_did_not_write_are_named(tmp_path):
    (tmp_path / "scores.jsonl").write_text('{"colour": 1}\n', encoding="utf-8")
    with pytest.raises(LooksError, match=r"scores\.jsonl, line 1"):
        list(read_scores(tmp_path))
