import copy

import pytest
import torch
from torch import nn

from couturier.diffusion import fast
from couturier.diffusion.adapters.training import AdapterPlan, add_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.fast import lowers_itself, quicken
from couturier.diffusion.loading import load_parts


@pytest.fixture
def denoiser(tiny_base):
    return load_parts(str(tiny_base), choose_placement("cpu", "fp32")).denoiser


def _answer(denoiser):
    """The UNet's answer and the adapters' gradients on a fixed input."""
    random = torch.Generator().manual_seed(1)
    noised = torch.randn(2, 4, 4, 4, generator=random)
    states = torch.randn(2, 77, 16, generator=random)
    answer = denoiser.unet(noised, torch.tensor([3, 700]), states, return_dict=False)[0]
    answer.square().sum().backward()
    trained = [one for one in denoiser.parameters() if one.requires_grad]
    return answer.detach(), [one.grad for one in trained]


@pytest.mark.parametrize("method", ["lora", "dora", "lokr"])
def test_the_faster_arithmetic_gives_the_same_answer_and_gradients(denoiser, method, monkeypatch):
    monkeypatch.setattr(fast, "_HEAVY_WEIGHTS", 1)  # the tiny convolutions, too
    trained = add_adapters(denoiser, AdapterPlan(method=method, rank=2, alpha=4.0))["unet"]
    with torch.no_grad():
        for number, parameter in enumerate(trained):
            parameter.add_(0.05 * (number % 3 + 1))
    quick = copy.deepcopy(denoiser)
    assert quicken(quick) > 50
    expected, gradients = _answer(denoiser)
    found, quick_gradients = _answer(quick)
    assert torch.allclose(found, expected, atol=1e-5)
    assert len(gradients) == len(quick_gradients) > 0
    for one, other in zip(gradients, quick_gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-4 * float(one.abs().max()) + 1e-7)


def test_what_is_trained_keeps_torchs_own_arithmetic():
    layer = nn.Linear(4, 4)
    assert quicken(layer) == 0
    assert quicken(layer.requires_grad_(False)) == 1


def test_a_frozen_convolution_keeps_nothing_of_its_input():
    layer = nn.Conv2d(4, 4, 3, padding=1, stride=2).requires_grad_(False)
    x = torch.randn(1, 4, 8, 8, requires_grad=True)
    (expected,) = torch.autograd.grad(layer(x).square().sum(), x)
    quicken(layer)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda one: one):
        answer = layer(x)
    assert kept == []
    (found,) = torch.autograd.grad(answer, x, 2 * answer.detach())
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("method", "lowers"), [("lora", True), ("dora", False)])
def test_only_plain_adapters_need_no_autocast(denoiser, method, lowers):
    add_adapters(denoiser, AdapterPlan(method=method, rank=2, alpha=2.0))
    assert not lowers_itself(denoiser)
    quicken(denoiser)
    assert lowers_itself(denoiser) is lowers
