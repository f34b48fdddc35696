import pytest
import torch

from couturier.dataset.records import read_items
from couturier.diffusion.device import choose_placement
from couturier.diffusion.encoding import encode_pictures, tokenize
from couturier.diffusion.loading import load_parts
from couturier.errors import TrainingError
from couturier.train.cache import (
    fill_latents,
    fill_texts,
    latents_key,
    read_text,
    text_key,
)
from couturier.train.pictures import read_padded, read_pictures
from couturier.train.processes import Crew
from couturier.train.store import TensorStore
from tests.fakes import make_dataset


@pytest.fixture
def parts(tiny_base):
    return load_parts(str(tiny_base), choose_placement("cpu", "fp32"))


@pytest.fixture
def pictures(tmp_path):
    folder = make_dataset(tmp_path / "data", n_items=3)
    return read_pictures(folder, read_items(folder), lambda *_: None)


SIDE = (32, 32)


def _fill(store, pictures, parts, count):
    shaped = [(picture, SIDE) for picture in pictures]
    fill_latents(store, shaped, parts=parts, crew=Crew(), on_step=count)


class _Count:
    def __init__(self):
        self.notes = []

    def __call__(self, done, total, note):
        self.notes.append((done, total, note))


def test_latents_are_found_again_by_what_the_picture_shows(tmp_path, parts, pictures):
    store = TensorStore(tmp_path / "cache")
    _fill(store, pictures, parts, _Count())
    reopened = TensorStore(tmp_path / "cache")
    pixels = read_padded(pictures[1], SIDE)[None].float() / 127.5 - 1
    mean, std = encode_pictures(parts, pixels)
    found = reopened.read(latents_key(pictures[1], SIDE, parts.base_hash))
    assert torch.allclose(found, torch.stack([mean[0], std[0]]), atol=1e-6)


def test_nothing_is_encoded_twice_whatever_the_order(tmp_path, parts, pictures):
    store = TensorStore(tmp_path / "cache")
    _fill(store, pictures[:2], parts, _Count())
    count = _Count()
    _fill(store, pictures[::-1], parts, count)
    assert count.notes == [(1, 1, "encoding pictures")]


def test_another_size_is_another_entry(parts, pictures):
    keys = {latents_key(pictures[0], (32, height), parts.base_hash) for height in (32, 64)}
    assert len(keys) == 2


def test_captions_are_encoded_once_each(tmp_path, parts):
    store, count = TensorStore(tmp_path / "cache"), _Count()
    ids = tokenize(parts.tokenizers, ["", "a red dress", "a red dress"])
    fill_texts(store, ids, parts=parts, crew=Crew(), on_step=count)
    assert count.notes == [(2, 2, "encoding captions")]
    found = read_text(store, text_key(ids[1].tolist(), parts.base_hash, "fp32"))
    assert found.pooled is None
    assert found.states.shape == (77, 16)


def test_a_damaged_cache_file_is_computed_anew(tmp_path, parts, pictures):
    _fill(TensorStore(tmp_path / "cache"), pictures, parts, _Count())
    (shard,) = (tmp_path / "cache").iterdir()
    shard.write_bytes(shard.read_bytes()[:50])
    store, count = TensorStore(tmp_path / "cache"), _Count()
    _fill(store, pictures, parts, count)
    assert count.notes == [(3, 3, "encoding pictures")]


def test_latents_that_are_no_numbers_are_refused_by_name(tmp_path, parts, pictures):
    with torch.no_grad():
        parts.vae.quant_conv.weight.fill_(float("nan"))
    store = TensorStore(tmp_path / "cache")
    with pytest.raises(TrainingError, match=r"0\.png: the autoencoder gives NaN or Inf"):
        _fill(store, pictures, parts, _Count())
    assert not (tmp_path / "cache").exists()
