from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from couturier.errors import LooksError, SettingsError
from couturier.generate.grid import read_axes, render_grid
from couturier.generate.plan import plan_pictures
from couturier.generate.prompts import PromptRow, read_prompts
from couturier.generate.settings import GenerateSettings
from couturier.generate.wildcards import draw_words


def test_a_choice_is_drawn_the_same_for_the_same_seed() -> None:
    drawn = [draw_words("a {red|blue|navy} hat", seed, None, "here") for seed in range(40)]
    assert set(drawn) == {"a red hat", "a blue hat", "a navy hat"}
    assert drawn == [draw_words("a {red|blue|navy} hat", seed, None, "here") for seed in range(40)]


def test_lists_may_name_choices_and_other_lists(tmp_path: Path) -> None:
    (tmp_path / "colour.txt").write_text("# ours\nred\n{dark|light} __blue__\n")
    (tmp_path / "blue.txt").write_text("navy\n")
    drawn = {draw_words("a __colour__ hat", seed, tmp_path, "here") for seed in range(40)}
    assert drawn == {"a red hat", "a dark navy hat", "a light navy hat"}


@pytest.mark.parametrize("text", ["a hat", "{one}", "a | b", "__init", "snake_case_word", "{}"])
def test_other_text_stays(text: str) -> None:
    assert draw_words(text, 1, None, "here") == text


def test_lists_that_are_missing_or_endless_are_told(tmp_path: Path) -> None:
    with pytest.raises(LooksError, match="line 3: __colour__ names a list, and no folder"):
        draw_words("a __colour__ hat", 1, None, "line 3")
    with pytest.raises(LooksError, match=r"colour.txt cannot be read \(No such file"):
        draw_words("a __colour__ hat", 1, tmp_path, "line 3")
    (tmp_path / "colour.txt").write_text("very __colour__\n")
    with pytest.raises(LooksError, match="without end"):
        draw_words("a __colour__ hat", 1, tmp_path, "line 3")


def test_each_picture_of_a_prompt_draws_its_own_words() -> None:
    settings = GenerateSettings(count=30)
    planned = plan_pictures([PromptRow("a {red|blue} hat")], settings)
    assert {request.prompt for request in planned} == {"a red hat", "a blue hat"}


def test_a_grid_draws_every_combination_and_shows_them(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    axes = read_axes(["steps=1,2", "faithful=off,guide", "seed=3,4"])
    looks, sheets = render_grid(read_prompts(["a red hat"]), axes, out=tmp_path, settings=settings)
    combinations = {(k.settings["steps"], k.settings["faithful"], k.seed) for k in looks}
    assert len(combinations) == len(looks) == 8
    assert [sheet.name for sheet in sheets] == ["grid-01.jpg", "grid-02.jpg"]
    with Image.open(sheets[0]) as sheet:
        shown = np.asarray(sheet)
    assert shown.shape[0] > 2 * 192
    assert (shown < 100).any()


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        (["colour=red"], "no setting of that name"),
        (["steps="], "no values"),
        (["steps=1,0"], "steps = '0'"),
        (["steps=1"] * 4, "given 4 times"),
        (["seed=" + ",".join(map(str, range(500)))], "500 pictures, 400 are the most"),
    ],
)
def test_grids_that_cannot_be_drawn_are_told(
    settings: GenerateSettings, tmp_path: Path, axes: list[str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        render_grid(
            read_prompts(["a hat"]), read_axes(axes), out=tmp_path / "no", settings=settings
        )
    assert not (tmp_path / "no").exists()
