from pathlib import Path

from PIL import Image

from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making
from couturier.generate.prompts import read_prompts
from couturier.generate.receipts import measure_garments
from couturier.generate.settings import GenerateSettings


def test_the_colour_asked_for_is_looked_for_in_the_picture() -> None:
    image = Image.new("RGB", (64, 64), "white")
    image.paste((190, 30, 40), (20, 8, 44, 56))
    (red,) = measure_garments(image, "a red dress", None)
    (blue,) = measure_garments(image, "a blue dress", None)
    assert (red["kind"], red["asked"], red["seen"], red["verdict"]) == (
        ("dress", "red", "red", "right")
    )
    assert (blue["asked"], blue["seen"], blue["verdict"]) == ("blue", "red", "wrong")


def test_a_sentence_without_garments_has_no_receipt() -> None:
    assert measure_garments(Image.new("RGB", (8, 8)), "a quiet lake", None) == ()


def test_the_receipt_stands_in_the_line_and_in_the_picture(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    measured = settings.model_copy(update={"receipts": True})
    (look,) = render_looks(read_prompts(["red hat, blue bag"]), out=tmp_path, settings=measured)
    assert [(entry["kind"], entry["asked"]) for entry in look.receipt] == [
        ("hat", "red"),
        ("bag", "blue"),
    ]
    assert read_making(tmp_path / look.file).receipt == look.receipt
