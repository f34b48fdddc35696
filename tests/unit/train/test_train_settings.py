import pytest
from pydantic import ValidationError

from couturier.settings import read_settings, to_toml
from couturier.train.settings import TrainSettings


def _read(tmp_path, text):
    file = tmp_path / "settings.toml"
    file.write_text(text)
    return read_settings(TrainSettings, "train", sections={"train": TrainSettings}, file=file)


def test_the_defaults_are_the_originals_recipe():
    settings = TrainSettings()
    assert settings.base == "CompVis/stable-diffusion-v1-4"
    assert (settings.learning_rate, settings.weight_decay, settings.rank) == (1e-4, 1e-2, 4)
    assert (settings.lr_scheduler, settings.max_grad_norm) == ("constant", 1.0)


def test_the_dial_sets_what_was_not_set_by_name():
    settings = TrainSettings(effort="careful", rank=8)
    assert (settings.max_steps, settings.rank, settings.min_snr_gamma) == (4000, 8, 5.0)


def test_settings_written_are_read_back_equal(tmp_path):
    settings = TrainSettings(effort="draft", validation_prompt='a "red" dress\n', min_snr_gamma=5)
    assert _read(tmp_path, to_toml({"train": settings})) == settings


def test_a_warmup_longer_than_the_run_is_refused():
    with pytest.raises(ValidationError, match="warmup_steps is 20, more than max_steps 10"):
        TrainSettings(max_steps=10, warmup_steps=20)


@pytest.mark.parametrize("other", ["buckets", "gradient_checkpointing"])
def test_what_compile_does_not_go_with_is_refused(other):
    with pytest.raises(ValidationError, match=f"leave out compile or {other}"):
        TrainSettings(compile=True, **{other: True})
