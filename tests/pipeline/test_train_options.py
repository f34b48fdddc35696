"""Every training option: it changes the result as it says, and resumes to the same bits."""

import json
from dataclasses import dataclass

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from couturier.errors import DatasetError, MissingExtraError, SettingsError, TrainingError
from couturier.sample.locate import find_sample
from couturier.train import optimizers
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings
from tests.fakes import make_dataset

OPTIONS = {
    "8-bit": {"optimizer": "adamw-8bit"},
    "prodigy": {"optimizer": "prodigy"},
    "adafactor": {"optimizer": "adafactor"},
    "schedule-free": {"optimizer": "adamw-schedule-free"},
    "ema": {"ema_decay": 0.9},
    "offset noise": {"offset_noise": 0.1},
    "velocity": {"prediction": "v_prediction", "zero_terminal_snr": True},
    "prior": {"prior_weight": 1.0, "prior_pictures": 2},
    "mask": {"background_weight": 0.1},
    "words": {"attention_weight": 1.0},
    "buckets": {"buckets": True, "resolution_px": 64},
    "long captions": {"caption_tokens": 150},
    "text encoder": {"text_encoder": True},
    "dora": {"method": "dora"},
    "convolutions": {"conv_rank": 2},
}
_LIBRARY = {"8-bit": "bitsandbytes", "prodigy": "prodigyopt", "schedule-free": "schedulefree"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = make_dataset(tmp_path_factory.mktemp("data") / "set", n_items=5, n_held_out=1)
    # Garments to be found, for the options that ask what a picture shows.
    for number, photograph in enumerate(sorted((find_sample() / "images").glob("*.jpg"))[:5]):
        with Image.open(photograph) as file:
            file.convert("RGB").resize((48, 64)).save(folder / f"{number}.png")
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    for number, row in enumerate(rows):
        row["text"] = f"a red dress with a blue hat, number {number}, " + "cut on the bias " * 6
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@dataclass(frozen=True)
class _Tell:
    """Ends a run after some steps, as a power cut would: nothing is saved."""

    last: int

    def __call__(self, done, _total, note):
        if note.startswith("loss") and done == self.last:
            raise ConnectionAbortedError


def _settings(tiny_base, **more):
    quick = {"max_steps": 4, "batch_size": 2, "checkpoint_every": 2, "validation_every": 2}
    return TrainSettings(
        base=str(tiny_base),
        validation_pictures=0,
        log_every=1,
        **{"learning_rate": 1e-3} | quick | more,
    )


@pytest.fixture(scope="module")
def plain(tiny_base, data, tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "plain"
    return load_file(train_adapter(data, out=out, settings=_settings(tiny_base)).weights)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_changes_the_result_and_resumes_to_the_same_bits(
    name, plain, tiny_base, data, tmp_path
):
    if name in _LIBRARY:
        pytest.importorskip(_LIBRARY[name])
    settings = _settings(tiny_base, **OPTIONS[name])
    whole = train_adapter(data, out=tmp_path / "whole", settings=settings)
    cut = tmp_path / "cut"
    with pytest.raises(ConnectionAbortedError):
        train_adapter(data, out=cut, settings=settings, on_step=_Tell(3))
    resumed = train_adapter(data, out=cut, settings=settings, resume=True)
    tensors = load_file(resumed.weights)
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    assert tensors.keys() != plain.keys() or any(
        not torch.equal(tensor, plain[key]) for key, tensor in tensors.items()
    )


def test_checkpointed_gradients_are_the_same_gradients(plain, tiny_base, data, tmp_path):
    settings = _settings(tiny_base, gradient_checkpointing=True)
    run = train_adapter(data, out=tmp_path / "run", settings=settings)
    for name, tensor in load_file(run.weights).items():
        assert torch.allclose(tensor, plain[name], atol=1e-6)


def test_the_adapter_says_how_it_predicts(tiny_base, data, tmp_path):
    settings = _settings(tiny_base, max_steps=1, **OPTIONS["velocity"])
    run = train_adapter(data, out=tmp_path / "run", settings=settings)
    with safe_open(run.weights, framework="pt") as file:
        said = file.metadata()
    assert (said["prediction_type"], said["zero_terminal_snr"]) == ("v_prediction", "True")


def test_class_pictures_are_drawn_once_from_the_kinds_there_are(tiny_base, data, tmp_path):
    settings = _settings(tiny_base, max_steps=1, prior_weight=1.0, prior_pictures=2)
    run = train_adapter(data, out=tmp_path / "run", settings=settings)
    drawn = sorted(path.name for path in (run.folder / "prior").iterdir())
    assert drawn == ["00001.png", "00002.png"]


def test_own_class_pictures_need_a_sentence(tiny_base, data, tmp_path):
    settings = _settings(tiny_base, prior_weight=1.0, prior_folder=str(data))
    with pytest.raises(DatasetError, match=r"prior_folder: is given without train\.prior_prompt"):
        train_adapter(data, out=tmp_path / "run", settings=settings)


def test_a_missing_library_is_named_before_weights_load(tiny_base, data, tmp_path, monkeypatch):
    monkeypatch.setitem(optimizers._LIBRARIES, "prodigy", ("a_library_nobody_has", "extra"))
    settings = _settings(tiny_base, optimizer="prodigy")
    with pytest.raises(MissingExtraError, match="prodigy: a_library_nobody_has is not installed"):
        train_adapter(data, out=tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


def test_prodigy_begins_at_1_unless_told_otherwise():
    assert TrainSettings(optimizer="prodigy").learning_rate == 1.0
    assert TrainSettings(optimizer="prodigy", learning_rate=0.5).learning_rate == 0.5


def test_class_pictures_that_would_not_be_used_are_refused():
    with pytest.raises(ValueError, match="do nothing while prior_weight is 0"):
        TrainSettings(prior_folder="class pictures")


def test_zero_snr_for_a_base_that_predicts_noise_is_refused_before_anything_is_written(
    tiny_base, data, tmp_path
):
    with pytest.raises(SettingsError, match="predicts noise, and in noise alone there is none"):
        train_adapter(
            data, out=tmp_path / "run", settings=_settings(tiny_base, zero_terminal_snr=True)
        )
    assert not (tmp_path / "run").exists()


def test_noise_prediction_without_an_end_is_refused():
    with pytest.raises(ValueError, match="zero_terminal_snr needs prediction = v_prediction"):
        TrainSettings(zero_terminal_snr=True, prediction="epsilon")


def test_the_best_adapter_is_kept_and_over_training_said_aloud(tiny_base, data, tmp_path):
    notes = []
    # So high a rate does harm at once: the first look is the best one.
    settings = _settings(tiny_base, learning_rate=0.3, final="best", validation_every=1)
    run = train_adapter(
        data, out=tmp_path / "run", settings=settings, on_step=lambda *told: notes.append(told[2])
    )
    best = run.manifest["best"]
    measured = {r["step"]: r["held_out_loss"] for r in run.metrics if r["step"]}
    assert best["held_out_loss"] == min(measured.values())
    assert best["step"] == min(measured, key=measured.get) < 4
    assert any(note.startswith("over-training: the held-out loss was lowest at") for note in notes)
    assert run.manifest["notes"] == [notes[-1]]
    kept = run.folder / "best/pytorch_lora_weights.safetensors"
    assert run.weights.read_bytes() == kept.read_bytes()


def test_changes_are_allowed_where_one_says_so_and_noted(tiny_base, data, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(ConnectionAbortedError):
        train_adapter(data, out=out, settings=_settings(tiny_base), on_step=_Tell(3))
    changed = _settings(tiny_base, learning_rate=5e-4)
    with pytest.raises(TrainingError, match=r"learning_rate 0\.001, now 0\.0005") as refusal:
        train_adapter(data, out=out, settings=changed, resume=True)
    assert "--allow-changes" in refusal.value.fix
    run = train_adapter(data, out=out, settings=changed, resume=True, allow_changes=True)
    assert "learning_rate 0.001, now 0.0005" in run.manifest["notes"][0]


def test_the_mean_of_the_weights_is_saved_and_differs_from_the_last(tiny_base, data, tmp_path):
    run = train_adapter(data, out=tmp_path / "run", settings=_settings(tiny_base, ema_decay=0.9))
    last = load_file(run.folder / "checkpoints/step-000004/pytorch_lora_weights.safetensors")
    mean = load_file(run.folder / "checkpoints/step-000004/average.safetensors")
    final = load_file(run.weights)
    assert final.keys() == last.keys()
    assert any(not torch.equal(final[name], last[name]) for name in last)
    assert len(mean) == len(final)


def test_metrics_reach_tensorboard(tiny_base, data, tmp_path):
    pytest.importorskip("tensorboard")
    settings = _settings(tiny_base, max_steps=1, tracker="tensorboard")
    run = train_adapter(data, out=tmp_path / "run", settings=settings)
    assert list((run.folder / "tracker").rglob("events.out.tfevents*"))


def test_only_what_the_steps_will_see_is_encoded(tiny_base, tmp_path):
    data = make_dataset(tmp_path / "data", n_items=9, n_held_out=1)
    encoded = []

    def tell(done, total, note):
        if note == "encoding pictures" and done == total:
            encoded.append(total)

    settings = _settings(tiny_base, max_steps=1)
    train_adapter(data, out=tmp_path / "run", settings=settings, on_step=tell)
    assert encoded == [2, 1]  # one batch of two, and one held-out picture
