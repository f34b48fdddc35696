"""A compiled step gives the gradients of the plain one, to every matrix that is trained."""

import shutil

import pytest
import torch
from diffusers import UNet2DConditionModel

from couturier.diffusion import compiled
from couturier.diffusion.adapters.training import AdapterPlan, add_adapters
from couturier.diffusion.compiled import CompiledDenoiser, require_compiler
from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.denoiser import Denoiser
from couturier.diffusion.device import choose_placement
from couturier.diffusion.families import read_family
from couturier.diffusion.loading import load_parts
from couturier.diffusion.word_loss import WordWatch
from couturier.errors import DeviceError

# torch warns of itself while it compiles.
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning", "default::UserWarning")
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")


@pytest.fixture
def denoiser(tiny_base):
    denoiser = load_parts(str(tiny_base), choose_placement("cpu", "fp32")).denoiser
    random = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for trained in add_adapters(denoiser, AdapterPlan(rank=2, alpha=4.0))["unet"]:
            trained.add_(0.1 * torch.randn(trained.shape, generator=random))
    yield denoiser
    torch.compiler.reset()


def _learn(asked, denoiser, watch):
    """Answer, attention, and all gradients of both, on a fixed input."""
    random = torch.Generator().manual_seed(1)
    noised = torch.randn(2, 4, 8, 8, generator=random)
    text = TextCondition(torch.randn(2, 77, 16, generator=random))
    denoiser.zero_grad()
    with watch:
        answer = asked(noised, torch.tensor([3, 700]), text)
    looks = torch.stack([share.square().mean() for share in watch.kept]).sum()
    (answer.square().mean() + looks).backward()
    trained = [one for one in denoiser.parameters() if one.requires_grad]
    return answer.detach(), looks.detach(), [one.grad.clone() for one in trained]


def _compare(denoiser):
    """How far the compiled answer, attention and worst gradient are off, relatively."""
    watch = WordWatch(denoiser.unet)
    expected, looks, gradients = _learn(denoiser, denoiser, watch)
    found, found_looks, found_gradients = _learn(CompiledDenoiser(denoiser, watch), denoiser, watch)
    pairs = list(zip(gradients, found_gradients, strict=True))
    assert len(pairs) > 10
    assert all(float(one.norm()) > 0 for one in gradients)
    worst = max(float((one - other).norm() / one.norm()) for one, other in pairs)
    return float((found - expected).norm() / expected.norm()), float(found_looks - looks), worst


@pytest.fixture
def small_unet():
    """The least network that shows it; all its weights are trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield UNet2DConditionModel(
            sample_size=8,
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            mid_block_type=None,
            block_out_channels=(8, 16),
            layers_per_block=1,
            cross_attention_dim=16,
            norm_num_groups=4,
        )
    torch.compiler.reset()


def _learn_all(asked, unet):
    random = torch.Generator().manual_seed(1)
    noised = torch.randn(2, 4, 8, 8, generator=random)
    unet.zero_grad()
    answer = asked(noised, torch.tensor([3, 700]), TextCondition(torch.zeros(2, 5, 16)))
    answer.square().mean().backward()
    return [one.grad.clone() for one in unet.parameters() if one.grad is not None]


def _find_worst(unet, family):
    plain = Denoiser(unet, {}, family)
    gradients = _learn_all(plain, unet)
    found = _learn_all(CompiledDenoiser(plain, None), unet)
    pairs = list(zip(gradients, found, strict=True))
    assert len(pairs) > 40
    return max(float((one - other).norm() / one.norm().clamp(min=1e-6)) for one, other in pairs)


@needs_compiler
def test_every_gradient_of_a_small_unet_is_the_plain_one(small_unet, tiny_base):
    assert _find_worst(small_unet, read_family(tiny_base)) < 1e-3


@needs_compiler
def test_diffusers_own_doubling_compiles_wrongly(small_unet, tiny_base, monkeypatch):
    # When this fails torch has mended it, and `_Doubled` can go.
    monkeypatch.setattr(compiled, "Upsample2D", type(None))
    assert _find_worst(small_unet, read_family(tiny_base)) > 0.1


@needs_compiler
@pytest.mark.slow
def test_every_gradient_of_an_adapter_is_the_plain_one(denoiser):
    answer, looks, worst = _compare(denoiser)
    assert answer < 1e-4
    assert abs(looks) < 1e-4
    assert worst < 1e-3


def test_no_compiler_is_told_before_weights_load(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(DeviceError, match="no C\\+\\+ compiler no-such-compiler"):
        require_compiler("cpu")


@pytest.mark.parametrize(("height", "width"), [(6, 4), (5, 3)])
def test_repeating_is_interpolating_to_the_nearest(height, width):
    block = compiled.Upsample2D(3, use_conv=True)
    hidden = torch.randn(2, 3, 3, 2)
    size = (height, width)
    assert torch.equal(compiled._Doubled(block)(hidden, size), block(hidden, size))
