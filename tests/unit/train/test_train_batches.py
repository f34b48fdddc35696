from operator import attrgetter

import pytest
import torch

from couturier.diffusion.schedule import NoiseSchedule
from couturier.train.ahead import Ahead
from couturier.train.batches import Deck, Example, Noising, build_batch, pick
from couturier.train.store import TensorStore

SCHEDULE = NoiseSchedule(torch.linspace(0.999, 0.001, 1000), "epsilon")


@pytest.fixture
def deck(tmp_path):
    latents, texts = TensorStore(tmp_path / "latents"), TensorStore(tmp_path / "texts")
    latents.write({f"l{n}": torch.full((2, 4, 2, 2), float(n)) for n in range(5)})
    texts.write({"empty.states": torch.full((77, 8), -1.0)})
    texts.write({f"t{n}.states": torch.full((77, 8), float(n)) for n in range(5)})
    examples = [Example(f"{n}.png", f"l{n}", f"t{n}") for n in range(5)]
    return Deck(examples, "empty", latents, texts)


def _build(deck, serials, **more):
    return build_batch(deck, list(serials), Noising(seed=7, schedule=SCHEDULE, **more))


def _deal(shapes, batch_size=1):
    examples = [Example(f"{n}.png", "", "", shape) for n, shape in enumerate(shapes)]
    return Deck(examples, "", None, None, None, batch_size)


def test_every_epoch_shows_each_picture_once_in_another_order():
    deck = _deal([(8, 8)] * 10)
    epochs = [[pick(deck, 10 * epoch + n, seed=7) for n in range(10)] for epoch in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_the_batch_size_does_not_change_what_a_serial_number_shows(deck):
    whole = _build(deck, range(6))
    parts = [_build(deck, range(first, first + 2)) for first in (0, 2, 4)]
    for name in ("latents", "noise", "timesteps", "text.states"):
        look = attrgetter(name)
        assert torch.equal(look(whole), torch.cat([look(part) for part in parts]))


def test_each_picture_comes_with_its_own_caption(deck):
    batch = _build(deck, range(20))
    # Mean and deviation of picture n are both n: its latents are n + n * noise.
    assert batch.text.states[:, 0, 0].tolist() == [float(pick(deck, n, seed=7)) for n in range(20)]
    zero = batch.text.states[:, 0, 0] == 0
    assert zero.sum() == 4
    assert not batch.latents[zero].any()


def test_timesteps_cover_the_schedule(deck):
    timesteps = _build(deck, range(400)).timesteps
    assert timesteps.min() < 25
    assert timesteps.max() > 975


def test_caption_dropout_takes_away_the_share_it_says(deck):
    batch = _build(deck, range(1000), dropout=0.2)
    assert (batch.text.states[:, 0, 0] == -1).float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert not (_build(deck, range(1000)).text.states == -1).any()


def test_a_batch_holds_one_shape_and_an_epoch_shows_every_picture():
    deck = _deal([(8, 8)] * 5 + [(16, 4)] * 4 + [(4, 16)], batch_size=2)
    epoch = [pick(deck, n, seed=7) for n in range(12)]  # 3 + 2 + 1 batches of 2
    batches = [epoch[n : n + 2] for n in range(0, 12, 2)]
    assert all(deck.examples[a].shape == deck.examples[b].shape for a, b in batches)
    assert set(epoch) == set(range(10))
    assert epoch != [pick(deck, n, seed=7) for n in range(12, 24)]


def test_offset_noise_moves_each_channel_as_a_whole(deck):
    plain, offset = _build(deck, range(3)), _build(deck, range(3), offset=0.1)
    moved = offset.noise - plain.noise
    assert moved.abs().amax() > 0.01
    assert torch.allclose(moved.amax((2, 3)), moved.amin((2, 3)), atol=1e-6)
    assert torch.equal(plain.timesteps, offset.timesteps)


def test_class_pictures_are_shown_under_other_noise(deck):
    own, prior = _build(deck, range(3)), _build(deck, range(3), name="prior ")
    assert not torch.equal(own.noise, prior.noise)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_batch_made_ahead_is_the_one_made_when_asked(deck, device):
    ahead, how = Ahead(device), Noising(seed=7, schedule=SCHEDULE, dropout=0.5)
    ahead.announce(deck, [4, 5], how)
    for serials in ([4, 5], [6, 7]):
        made, expected = ahead.take(deck, serials, how), build_batch(deck, serials, how)
        assert torch.equal(made.latents, expected.latents)
        assert torch.equal(made.noise, expected.noise)
        assert torch.equal(made.text.states, expected.text.states)
