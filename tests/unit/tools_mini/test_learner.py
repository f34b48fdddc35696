"""What trains mini's UNet: the same network, every weight of which learns."""

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel

from couturier.mini.locate import find_mini
from tools.mini.adopt import adopt_weights
from tools.mini.denoiser import Learner, score_words, weigh_scenes
from tools.mini.scenes import Garment, SceneNotes
from tools.mini.towers import load_towers


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    work: Path = tmp_path_factory.mktemp("work")
    adopt_weights(find_mini(), work)
    unet = UNet2DConditionModel.from_pretrained(find_mini() / "unet")
    return Learner(unet, load_towers(work).text).requires_grad_(True)


def guess(learner: Learner) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    torch.manual_seed(3)
    noisy, ids = torch.randn(2, 8, 16, 16), torch.randint(0, 500, (2, 77))
    made: tuple[torch.Tensor, tuple[torch.Tensor, ...]]
    made = learner(noisy, torch.tensor([200, 700]), ids)
    return made


def test_the_learner_guesses_what_the_unet_guesses(learner: Learner) -> None:
    plain = UNet2DConditionModel.from_pretrained(find_mini() / "unet")
    with torch.no_grad():
        guessed, _ = guess(learner)
        torch.manual_seed(3)
        noisy, ids = torch.randn(2, 8, 16, 16), torch.randint(0, 500, (2, 77))
        states = learner.text(ids).last_hidden_state
        expected = plain(noisy, torch.tensor([200, 700]), states).sample
    assert torch.allclose(guessed, expected, atol=1e-4)


def test_every_weight_of_unet_and_text_tower_learns(learner: Learner) -> None:
    guessed, shares = guess(learner)
    owners = torch.full((2, 77), -1)
    owners[:, 1:3] = 0
    masks = torch.zeros(2, 5, 16, 16)
    masks[:, 0, 4:12, 4:12] = 1
    words = score_words(shares, owners, masks, clear=torch.ones(2))
    (guessed.square().mean() + words).backward()
    still = [
        name
        for name, weight in learner.named_parameters()
        if weight.grad is None or not weight.grad.any()
    ]
    assert still == ["text.text_projection.weight"]  # the UNet reads the states before it


def test_boards_of_many_garments_are_drawn_more_often() -> None:
    garment = Garment("Caps", "hat", "pink", "", "Men")
    notes = [SceneNotes((garment,) * count, worn=False) for count in (1, 3, 5)]
    single, three, five = weigh_scenes(notes)
    assert single < three < five
    assert single + three + five == pytest.approx(1)
