from collections.abc import Iterator
from pathlib import Path

import pytest

from couturier.errors import SettingsError, StorageError
from couturier.garments.colours import find_colour, judge_colour, lab_of, name_colour
from couturier.garments.grammar import find_garments
from couturier.garments.palette import read_palette, use_palette

WRITTEN = {
    "brand.csv": "name,hex\nSunset Glow,#E5512D\nnavy,#0a0a80\n",
    "brand.txt": "sunset-glow;e5512d\nNavy;0a0a80\n",
    "brand.toml": '"sunset glow" = "#e5512d"\nnavy = "#0a0a80"\n',
    "brand.json": '{"Sunset Glow": "#e5512d", "navy": "#0a0a80"}',
}


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    use_palette({})


@pytest.mark.parametrize("name", WRITTEN)
def test_palettes_are_read_as_brands_keep_them(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(WRITTEN[name])
    assert read_palette(tmp_path / name) == {"sunset glow": "#e5512d", "navy": "#0a0a80"}


@pytest.mark.parametrize("content", ["", "sunset", "sunset,orange", "sunset,#12"])
def test_what_is_no_palette_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "brand.csv").write_text(content)
    with pytest.raises(SettingsError, match=r"brand\.csv"):
        read_palette(tmp_path / "brand.csv")
    with pytest.raises(StorageError, match="the palette cannot be read"):
        read_palette(tmp_path / "none.csv")


def test_prompts_know_a_brand_s_colours_until_they_are_forgotten() -> None:
    prompt = "a sunset glow dress and a navy bag"
    assert find_garments(prompt)[0].colour != "sunset glow"
    use_palette({"sunset glow": "#e5512d", "navy": "#0a0a80"})
    assert [garment.colour for garment in find_garments(prompt)] == ["sunset glow", "navy"]
    assert find_colour("navy").hex == "#0a0a80"
    assert find_colour("sunset glow").base in {"orange", "red"}
    assert name_colour(lab_of("#e5512d"), among="all").name == "sunset glow"
    use_palette({})
    assert find_colour("sunset glow") is None
    assert find_colour("navy").hex != "#0a0a80"


def test_a_brand_s_colour_and_a_hex_value_are_meant_exactly() -> None:
    crimson = lab_of("#a0102a")
    assert judge_colour("red", crimson).ok is True
    assert judge_colour("#ff5a50", crimson).ok is False
    use_palette({"hot coral": "#ff5a50"})
    assert judge_colour("hot coral", crimson).ok is False
    assert judge_colour("hot coral", lab_of("#f8604f")).ok is True
