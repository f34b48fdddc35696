import pytest
import torch
from diffusers import DDPMScheduler

from couturier.diffusion.schedule import add_noise, find_target, min_snr_weights, read_schedule

SHARES = torch.tensor([0.25, 0.5, 0.9])
LATENTS = torch.arange(24.0).view(3, 2, 2, 2)
NOISE = -torch.ones(3, 2, 2, 2)


@pytest.fixture
def scheduler():
    return DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def test_the_schedule_is_the_schedulers_own(scheduler):
    schedule = read_schedule(scheduler)
    assert (schedule.n_timesteps, schedule.prediction_type) == (1000, "epsilon")
    # The first beta is 0.00085, so 0.99915 of the signal is left after it.
    assert schedule.alpha_bar[0].item() == pytest.approx(0.99915, abs=1e-6)


def test_noise_is_added_as_diffusers_adds_it(scheduler):
    timesteps = torch.tensor([0, 500, 999])
    alpha_bar = read_schedule(scheduler).alpha_bar[timesteps]
    expected = scheduler.add_noise(LATENTS, NOISE, timesteps)
    assert torch.allclose(add_noise(LATENTS, NOISE, alpha_bar=alpha_bar), expected)


def test_half_the_power_is_the_same_share_of_both():
    noised = add_noise(LATENTS, NOISE, alpha_bar=torch.full((3,), 0.5))
    assert torch.allclose(noised, (LATENTS + NOISE) * 0.5**0.5)


def test_a_base_that_predicts_velocity_is_taught_velocity(scheduler):
    timesteps = torch.tensor([0, 500, 999])
    alpha_bar = read_schedule(scheduler).alpha_bar[timesteps]
    target = find_target(LATENTS, NOISE, alpha_bar=alpha_bar, predicts="v_prediction")
    assert torch.allclose(target, scheduler.get_velocity(LATENTS, NOISE, timesteps))


def test_a_base_that_predicts_the_picture_is_refused():
    with pytest.raises(ValueError, match="prediction_type is 'sample', expected epsilon"):
        read_schedule(DDPMScheduler(prediction_type="sample"))


def test_nearly_clean_pictures_count_less_under_min_snr():
    # SNR is 1/3, 1 and 9; with a ceiling of 5 only the last is held back, to 5/9.
    weights = min_snr_weights(SHARES, gamma=5.0)
    assert torch.allclose(weights, torch.tensor([1.0, 1.0, 5 / 9]))


def test_min_snr_of_velocity_divides_by_snr_plus_one():
    weights = min_snr_weights(SHARES, gamma=5.0, predicts="v_prediction")
    assert torch.allclose(weights, torch.tensor([0.25, 0.5, 0.5]))


def test_a_share_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match=r"alpha_bar out of range: 0 to 0\.5"):
        min_snr_weights(torch.tensor([0.0, 0.5]))
