import pytest
import torch

from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loss import NoisedBatch, denoising_losses
from couturier.diffusion.schedule import NoiseSchedule

CPU = choose_placement("cpu", "fp32")
SCHEDULE = NoiseSchedule(torch.tensor([0.9, 0.5, 0.1]), "epsilon")


def _answer_nothing(noised, _timesteps, text):
    assert text.states.dtype == noised.dtype
    return torch.zeros_like(noised)


_answer_nothing.lowers_itself = False


@pytest.fixture
def batch():
    noise = torch.stack([torch.full((4, 2, 2), 1.0), torch.full((4, 2, 2), 3.0)])
    text = TextCondition(torch.zeros(2, 77, 8))
    return NoisedBatch(torch.zeros(2, 4, 2, 2), noise, torch.tensor([0, 1]), text)


def test_each_picture_has_a_mean_squared_error_of_its_own(batch):
    losses = denoising_losses(_answer_nothing, batch, schedule=SCHEDULE, placement=CPU)
    assert losses.tolist() == [1.0, 9.0]


def test_min_snr_weighs_each_picture_by_its_timestep(batch):
    losses = denoising_losses(
        _answer_nothing, batch, schedule=SCHEDULE, placement=CPU, min_snr_gamma=4.5
    )
    assert losses.tolist() == pytest.approx([0.5, 9.0])  # SNR is 9 and 1


def test_the_loss_is_fp32_under_a_half_precision_base(batch):
    placement = choose_placement("cpu", "bf16")
    losses = denoising_losses(_answer_nothing, batch, schedule=SCHEDULE, placement=placement)
    assert losses.dtype is torch.float32
