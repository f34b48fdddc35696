from PIL import Image, ImageDraw

from couturier.evaluate.score import score_looks
from couturier.evaluate.settings import EvaluateSettings
from couturier.garments.vocabulary import BRAND
from couturier.generate.records import Look, append_look

PLAIN = EvaluateSettings(segmenter="none", text_image=False)


def draw_dress(folder, number, colour, palette):
    picture = Image.new("RGB", (96, 96), "#f4f1ec")
    ImageDraw.Draw(picture).rectangle((30, 20, 70, 85), fill=colour)
    file = f"{number:04d}.png"
    picture.save(folder / file)
    settings = {"palette": palette} if palette else {}
    append_look(folder, Look(file, "a house glow dress", seed=number, settings=settings, safety={}))


def test_a_look_is_judged_by_the_palette_it_was_drawn_with(tmp_path):
    draw_dress(tmp_path, 1, "#2f8f46", {"house glow": "#2f8f46"})
    draw_dress(tmp_path, 2, "#2f8f46", {"house glow": "#e5512d"})
    draw_dress(tmp_path, 3, "#2f8f46", {})
    scores = score_looks(tmp_path, settings=PLAIN)
    assert [score.faithful for score in scores[:2]] == [True, False]
    assert scores[0].receipt[0]["asked"] == "house glow"
    assert scores[2].receipt[0]["asked"] is None
    assert not BRAND
    assert [one.faithful for one in score_looks(tmp_path, settings=PLAIN)[:2]] == [True, False]
