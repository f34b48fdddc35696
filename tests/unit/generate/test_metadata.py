from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from sd_parsers import ParserManager
from sd_parsers.data import Generators

from couturier.errors import LooksError
from couturier.generate.metadata import (
    Making,
    format_parameters,
    hash_pixels,
    read_making,
    write_picture,
)

# What plan_pictures lets through: trimmed, no half characters, not the mark of the negative.
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=300).map(str.strip)
sentences = words.filter(lambda text: "Negative prompt:" not in text)


def make_making(prompt: str = "a hat", **changes: Any) -> Making:
    drawn = {
        "steps": 20,
        "sampler": "dpm++2m-karras",
        "guidance": 7.5,
        "negative": "",
        "base": "models/my, base: 2",
        "base_hash": "0123456789abcdef" * 4,
        "lora": [],
        "lora_hash_a1111": [],
    }
    return Making(prompt, 1, {**drawn, **changes}, {"verdict": "pass"}, (), "00", {})


def write(path: Path, making: Making) -> Path:
    write_picture(path, Image.new("RGB", (8, 16)), making)
    return path


def test_the_parameters_are_written_as_automatic1111_writes_them() -> None:
    making = make_making(negative="blurry", lora=["models/first"], lora_hash_a1111=["abc123"])
    assert format_parameters((128, 64), making) == (
        "a hat\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, "
        "CFG scale: 7.5, Seed: 1, Size: 128x64, Model hash: 0123456789, Model: my base 2, "
        'Lora hashes: "first: abc123", Version: couturier 0.1.0'
    )


@given(prompt=sentences.filter(bool), negative=sentences)
@example(
    prompt="<b>a</b>, {x: 1}, \\(y\\)\nSteps: 1, Sampler: x, Seed: 2, CFG scale: 3", negative=""
)
@example(prompt='{"prompt": "a"}', negative="Steps: 20")
@example(prompt="قميص أحمر 👗 \u202e", negative="é")
@settings(max_examples=300, deadline=None)
def test_sd_parsers_reads_back_what_was_asked(
    tmp_path_factory: pytest.TempPathFactory, prompt: str, negative: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.png"
    found = ParserManager().parse(write(path, make_making(prompt, negative=negative)))
    assert found is not None
    assert found.generator is Generators.AUTOMATIC1111
    (sampler,) = found.samplers
    assert [p.value for p in sampler.prompts] == [prompt]
    assert [p.value for p in sampler.negative_prompts] == ([negative] if negative else [])
    assert (sampler.name, sampler.model.hash) == ("DPM++ 2M", "0123456789")
    assert sampler.parameters["seed"] == "1"
    assert sampler.parameters["steps"] == "20"


def test_a_making_is_read_back_equal(tmp_path: Path) -> None:
    making = make_making("a 👗, “quoted”\nin two lines", lora=["x"], lora_hash_a1111=["1"])
    assert read_making(write(tmp_path / "a.png", making)) == making


def test_every_picture_says_that_a_machine_made_it(tmp_path: Path) -> None:
    with Image.open(write(tmp_path / "a.png", make_making())) as image:
        (description,) = ElementTree.fromstring(image.info["XML:com.adobe.xmp"])[0]
    (source,) = (value for key, value in description.items() if key.endswith("SourceType"))
    assert source == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def test_a_picture_of_somebody_else_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(LooksError, match="no `couturier` text in it"):
        read_making(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(LooksError, match=r"b.png: no picture"):
        read_making(tmp_path / "b.png")
    with pytest.raises(LooksError, match="No such file"):
        read_making(tmp_path / "c.png")


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", make_making())
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(LooksError, match=r"a.png: "):
        read_making(path)


def test_pixels_have_one_hash_whatever_the_mode() -> None:
    grey = Image.new("L", (4, 2), 7)
    assert hash_pixels(grey) == hash_pixels(grey.convert("RGB"))
    assert hash_pixels(grey) != hash_pixels(grey.resize((2, 4)))
