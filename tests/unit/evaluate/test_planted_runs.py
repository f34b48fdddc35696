"""Runs whose truth is known: nothing learnt, catalogue copied, colours learnt wrongly."""

import json
import random

import pytest
import torch
from PIL import Image, ImageDraw, ImageOps

from couturier.diffusion.adapters.training import AdapterPlan, add_adapters, save_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.evaluate.records import read_summary
from couturier.evaluate.score import score_looks
from couturier.evaluate.settings import EvaluateSettings
from couturier.evaluate.verdict import copies_surely
from couturier.generate.draw import render_looks
from couturier.generate.prompts import read_prompts
from couturier.generate.records import Look, append_look
from couturier.generate.settings import GenerateSettings
from couturier.vision.records import COPY_SCORE

PLAIN = EvaluateSettings(segmenter="none", text_image=False, tower="none")
COLOURS = {"green": "#2f8f46", "red": "#c8161d", "blue": "#20409a", "yellow": "#e8c61a"}


def draw_garment(seed, fill):
    """A garment no other seed draws: outline, seams, a print."""
    draw = random.Random(seed)
    picture = Image.new("RGB", (96, 128), "#ffffff")
    pen = ImageDraw.Draw(picture)
    left = [(48 - draw.randint(14, 40), y) for y in range(12, 120, draw.randint(12, 24))]
    right = [(96 - x + draw.randint(-4, 4), y) for x, y in reversed(left)]
    pen.polygon(left + right, fill=fill, outline="#222222")
    for _ in range(10):
        x, y, side = draw.randint(30, 60), draw.randint(20, 100), draw.randint(4, 16)
        shape = draw.choice([pen.ellipse, pen.rectangle])
        shape((x, y, x + side, y + side), outline="#111111", width=2)
    return picture


def write_looks(folder, pictures, *, prompt="a green dress"):
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures, start=1):
        file = f"{number:04d}-{number}.png"
        picture.save(folder / file)
        append_look(folder, Look(file, prompt, number, {"steps": 20}, {"verdict": "pass"}))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for number in range(24):
        draw_garment(number, random.Random(number).choice(list(COLOURS.values()))).save(
            folder / f"{number}.png"
        )
        rows.append({"file_name": f"{number}.png", "text": "a dress", "image_id": str(number)})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    return folder


def copy(path, number):
    """A training picture, turned, cropped or dyed by its number."""
    picture = Image.open(path).convert("RGB")
    return [
        lambda: ImageOps.mirror(picture),
        lambda: picture.crop((12, 14, 88, 118)).resize((128, 176)),
        lambda: Image.merge("RGB", [picture.split()[i] for i in (2, 0, 1)]),
    ][number % 3]()


@pytest.mark.parametrize("seed", [3, 11])
def test_an_adapter_at_scale_0_makes_no_difference(tiny_base, tmp_path, seed):
    adapter = make_adapter(tiny_base, tmp_path / "adapter")
    prompts = read_prompts(["a green dress", "a red hat"], None)
    for side, lora in (("before", ()), ("looks", (f"{adapter}:0",))):
        settings = GenerateSettings(
            base=str(tiny_base),
            lora=lora,
            steps=2,
            seed=seed,
            count=2,
            receipts=False,
            faithful="off",
        )
        render_looks(prompts, out=tmp_path / side, settings=settings)
    score_looks(tmp_path / "looks", against=[tmp_path / "before"], settings=PLAIN)
    summary = read_summary(tmp_path / "looks")
    assert summary.lines[0] == "No difference: every picture is the same, pixel by pixel."
    assert (summary.paired.n_drawn, summary.paired.unchanged) == (4, 4)


def make_adapter(base, folder):
    parts = load_parts(str(base), choose_placement("cpu"))
    add_adapters(parts.denoiser, AdapterPlan(rank=2, alpha=6.0))
    draws = torch.Generator().manual_seed(5)
    for name, parameter in parts.denoiser.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.5, generator=draws)
    save_adapters(folder / "final_tensors", parts.denoiser, {"base": "tiny"})
    return folder


@pytest.mark.parametrize("first", [0, 9])
def test_a_model_that_copies_is_told(data, tmp_path, first):
    planted = [copy(data / f"{n}.png", n) for n in range(first, first + 9)]
    looks = write_looks(tmp_path / "looks", planted)
    scores = score_looks(looks, train=data, settings=PLAIN)
    traced = [score.extra["copy"]["of"] for score in scores]
    assert traced == [f"{n}.png" for n in range(first, first + 9)]
    summary = read_summary(looks)
    assert (summary.measured.copies.right, summary.measured.copies.n) == (9, 9)
    assert summary.lines[0].startswith("The pictures copy the catalogue's photographs; ")
    assert any("must not be passed off as new" in line for line in summary.lines)
    assert all("Looks copied from" in score.comment for score in scores)


def test_new_pictures_are_not_called_copies(data, tmp_path):
    new = [draw_garment(1000 + n, COLOURS["green"]) for n in range(12)]
    looks = write_looks(tmp_path / "looks", new)
    score_looks(looks, train=data, settings=PLAIN)
    summary = read_summary(looks)
    assert summary.measured.copies.right == 0
    assert summary.measured.closest < COPY_SCORE
    assert any(line.startswith("No picture is a copy") for line in summary.lines)


def test_one_chance_hit_among_many_is_no_verdict_of_copying(data, tmp_path):
    pictures = [draw_garment(1000 + n, COLOURS["green"]) for n in range(30)]
    looks = write_looks(tmp_path / "looks", [*pictures, Image.open(data / "1.png")])
    score_looks(looks, train=data, settings=PLAIN)
    summary = read_summary(looks)
    assert summary.measured.copies.right == 1
    assert not copies_surely(summary.measured)
    assert any("in 100 do so by chance" in line for line in summary.lines)


@pytest.mark.parametrize("seed", [0, 5])
def test_colours_learnt_from_shuffled_captions_score_worse(tmp_path, seed):
    draw = random.Random(seed)
    words = [draw.choice(list(COLOURS)) for _ in range(16)]
    learnt = words[1:] + words[:1]  # each caption went with the next one's picture
    for side, shown in (("right", words), ("shuffled", learnt)):
        (tmp_path / side).mkdir()
        for number, (word, colour) in enumerate(zip(words, shown, strict=True), start=1):
            file = f"{number:04d}-{number}.png"
            draw_garment(number, COLOURS[colour]).save(tmp_path / side / file)
            append_look(tmp_path / side, Look(file, f"a {word} dress", number, {}, {}))
    score_looks(tmp_path / "shuffled", against=[tmp_path / "right"], settings=PLAIN)
    summary = read_summary(tmp_path / "shuffled")
    assert summary.lines[0] == "Fewer pictures show what was asked."
    assert summary.paired.only_this == 0
    assert summary.paired.p_value < 0.05
