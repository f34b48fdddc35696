import pytest
import torch

from couturier.diffusion.adapters.training import AdapterPlan, add_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.diffusion.word_loss import WordMasks, WordWatch, word_losses

# Two tokens on a grid of 2 x 2; the garment covers the left column, its word is token 1.
MASKS = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])[None]
OWNERS = torch.tensor([[-1, 0]])


def _loss(look):
    """Of one layer in which token 1 gets `look` of every place's attention."""
    look = torch.tensor(look)[None]
    kept = torch.stack([1 - look, look], dim=-1)
    return word_losses([kept], WordMasks(OWNERS, MASKS)).item()


def test_a_word_that_looks_at_its_garment_alone_costs_next_to_nothing():
    assert _loss([1.0, 0.0, 1.0, 0.0]) == pytest.approx(0.0, abs=1e-5)


def test_a_word_that_looks_everywhere_costs_a_quarter_and_its_pixels():
    # (1 - 1/2)^2, and half of the places as wrong as a half can be: ln 2.
    expected = 0.25 + 0.05 * torch.log(torch.tensor(2.0)).item()
    assert _loss([0.5, 0.5, 0.5, 0.5]) == pytest.approx(expected, abs=1e-4)


def test_a_word_that_looks_away_costs_most():
    assert _loss([0.0, 1.0, 0.0, 1.0]) > 1.0 > _loss([0.5, 0.5, 0.5, 0.5])


def test_a_garment_that_is_not_seen_costs_nothing():
    kept = torch.full((1, 4, 2), 0.5)
    assert word_losses([kept], WordMasks(OWNERS, torch.zeros(1, 1, 2, 2))).item() == 0.0


def test_watching_changes_no_answer_and_gives_gradients(tiny_base):
    denoiser = load_parts(str(tiny_base), choose_placement("cpu", "fp32")).denoiser
    trained = add_adapters(denoiser, AdapterPlan(rank=2, alpha=2.0))["unet"]
    watch = WordWatch(denoiser.unet)
    inputs = (torch.randn(1, 4, 4, 4), torch.tensor([500]), torch.randn(1, 77, 16))
    expected = denoiser.unet(*inputs, return_dict=False)[0]
    assert watch.kept == []
    with watch:
        found = denoiser.unet(*inputs, return_dict=False)[0]
    assert torch.allclose(found, expected, atol=1e-5)
    owners = torch.full((1, 77), -1)
    owners[0, 3] = 0
    masks = torch.zeros(1, 1, 4, 4)
    masks[..., :2] = 1
    word_losses(watch.kept, WordMasks(owners, masks)).sum().backward()
    assert sum(float(one.grad.abs().sum()) for one in trained if one.grad is not None) > 0
