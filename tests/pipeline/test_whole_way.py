"""All six stages on a small shop and a tiny random base, through the command line."""

import json
from pathlib import Path

import pytest
from PIL import Image

from couturier.cli.main import main
from couturier.pipeline import Given, find_images
from tests.fakes import make_tiny_base

COLOURS = {"red": (190, 30, 40), "green": (40, 140, 70), "blue": (40, 70, 180)}
KINDS = ("dress", "skirt", "t-shirt", "jacket")


def make_shop(home: Path) -> Path:
    """Write a shop of twelve products with one broken row, and a couturier.toml for it."""
    images = home / "data" / "images"
    images.mkdir(parents=True)
    rows = {}
    for colour, rgb in COLOURS.items():
        for kind in KINDS:
            picture = Image.new("RGB", (80, 100), "white")
            picture.paste(rgb, (20, 20, 60, 90))
            picture.save(images / f"{colour}-{kind}.jpg")
            copy = f"Made from jersey, this {colour} {kind} is all you need"
            rows[f"{colour}-{kind}"] = {"title": f"Ada {colour} {kind}", "description": copy}
    rows["gone"] = {"title": "Ada grey coat", "description": "This grey coat has no picture"}
    (home / "data" / "product_data.json").write_text(json.dumps(rows))
    base = make_tiny_base(home / "base")
    (home / "couturier.toml").write_text(
        f"""
        [run]
        prompts = ["a red dress", "blue jacket, green skirt"]
        [dataset]
        held_out_share = 0.2
        [train]
        base = "{base}"
        max_steps = 3
        batch_size = 2
        validation_prompt = "a red dress"
        [generate]
        steps = 2
        """
    )
    return home


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_shop(tmp_path_factory.mktemp("shop"))
    assert main(["run", "--config", str(home / "couturier.toml")]) == 0
    return home


def test_a_shop_whose_pictures_are_downloaded_needs_no_images_folder(tmp_path: Path) -> None:
    downloads = Given(None, ("dataset.download=true",), {})
    assert find_images(tmp_path, downloads) is None
    assert find_images(tmp_path, Given(None, (), {})) == tmp_path / "data/images"
    (tmp_path / "data/images").mkdir(parents=True)
    assert find_images(tmp_path, downloads) == tmp_path / "data/images"


def test_every_stage_leaves_its_folder(finished: Path) -> None:
    for path in (
        "data/compressed_images/metadata.jsonl",
        "data/compressed_images/faults.jsonl",
        "models/first/settings.toml",
        "models/first/metrics.jsonl",
        "models/first/final_tensors/pytorch_lora_weights.safetensors",
        "models/first/README.md",
        "looks/first/looks.jsonl",
        "looks/first/scores.jsonl",
        "looks/first-before/scores.jsonl",
        "looks/first-plain/scores.jsonl",
        "looks/first-own-before/scores.jsonl",
        "looks/first-own/scores.jsonl",
        "report/first/index.html",
        "report/first/results.md",
    ):
        assert (finished / path).is_file(), path


def test_the_row_without_a_picture_is_named_and_the_rest_goes_on(finished: Path) -> None:
    lines = (finished / "data/compressed_images/faults.jsonl").read_text().splitlines()
    faults = [json.loads(line) for line in lines]
    assert [fault["image_id"] for fault in faults if fault["action"] == "left out"] == ["gone"]
    rows = (finished / "data/compressed_images/metadata.jsonl").read_text().splitlines()
    assert len(rows) == len(COLOURS) * len(KINDS)


def test_a_second_run_repeats_nothing(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = finished / "models/first/final_tensors/pytorch_lora_weights.safetensors"
    written = weights.stat().st_mtime_ns
    assert main(["run", "--config", str(finished / "couturier.toml")]) == 0
    assert capsys.readouterr().err.count("done before") == 7
    assert weights.stat().st_mtime_ns == written
    assert len((finished / "looks/first/looks.jsonl").read_text().splitlines()) == 2


def test_settings_changed_afterwards_are_refused(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--config", str(finished / "couturier.toml"), "--set", "train.seed=9"]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "was made from other settings" in error
    assert "fix: give run.name another name" in error


def test_the_page_shows_both_pictures_of_a_sentence_and_loads_nothing(finished: Path) -> None:
    page = (finished / "report/first/index.html").read_text()
    assert "blue jacket, green skirt" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "data:image" in page


def test_the_shops_files_are_never_written_to(finished: Path) -> None:
    names = {path.name for path in (finished / "data").iterdir()}
    assert names == {"product_data.json", "images", "compressed_images"}
    assert len(list((finished / "data/images").iterdir())) == len(COLOURS) * len(KINDS)
