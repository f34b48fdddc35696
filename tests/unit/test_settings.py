"""Settings come from TOML, `--set` and options, and all faults are told at once."""

from pathlib import Path

import pytest
from pydantic import Field

from couturier.errors import SettingsError, StorageError
from couturier.settings import Settings, read_settings, to_toml


class Sewing(Settings):
    """Settings of a stage that exists in these tests alone."""

    max_steps: int = Field(100, ge=1)
    rate: float = 0.5
    words: tuple[str, ...] = ()
    note: str | None = None


SECTIONS = {"sewing": Sewing}


def read(**sources: object) -> Sewing:
    return read_settings(Sewing, "sewing", sections=SECTIONS, **sources)  # type: ignore[arg-type]


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[sewing]\nmax_steps = 1\nrate = 0.1\nnote = "file"\n')
    settings = read(file=file, sets=["sewing.rate=0.2", "sewing.note=set"], options={"note": "o"})
    assert settings == Sewing(max_steps=1, rate=0.2, note="o")


def test_an_option_not_given_changes_nothing() -> None:
    assert read(options={"note": None}) == Sewing()


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"sewing.max_step \(did you mean max_steps\?\)"):
        read(sets=["sewing.max_step=5"])


def test_an_unknown_section_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"unknown section sowing \(did you mean sewing\?\)"):
        read(sets=["sowing.rate=5"])


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[sewing]\nmax_steps = 0\nrate = 'fast'\ncolour = 1\n")
    with pytest.raises(SettingsError) as caught:
        read(file=file)
    for part in ("c.toml", "unknown key sewing.colour", "sewing.max_steps = 0", "sewing.rate = "):
        assert part in caught.value.message


@pytest.mark.parametrize("assignment", ["rate=1", "sewing.rate", "=3", "sewing.=3"])
def test_a_set_without_section_key_and_value_is_refused(assignment: str) -> None:
    with pytest.raises(SettingsError, match=r"not of the form SECTION.KEY=VALUE"):
        read(sets=[assignment])


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[sewing\n")
    with pytest.raises(SettingsError, match=r"c.toml: no TOML"):
        read(file=file)
    with pytest.raises(StorageError, match=r"absent.toml"):
        read(file=tmp_path / "absent.toml")


def test_what_is_written_as_toml_reads_back_equal(tmp_path: Path) -> None:
    settings = Sewing(rate=1e-4, words=('say "hi"', "a\\b\nc", "ü\u202e"), note=None)
    file = tmp_path / "settings.toml"
    file.write_text(to_toml({"sewing": settings}), encoding="utf-8")
    assert read(file=file) == settings
