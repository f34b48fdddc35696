"""Compiled steps give the gradients of the steps as they are written."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from couturier.diffusion.adapters.training import AdapterPlan, add_adapters
from couturier.diffusion.compiled import Doubled, compile_unet, require_compiler, uncompiled
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.errors import DeviceError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def build_small_unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        mid_block_type=None,
        up_block_types=("UpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def find_gradients(unet: torch.nn.Module) -> torch.Tensor:
    """The gradients of all that is trained, on a fixed input, end to end."""
    random = torch.Generator().manual_seed(1)
    noised = torch.randn(2, 4, 8, 8, generator=random)
    states = torch.randn(2, 77, 16, generator=random)
    trained = [one for one in unet.parameters() if one.requires_grad]
    answer = unet(noised, torch.tensor([3, 700]), states, return_dict=False)[0]
    gradients = torch.autograd.grad(answer.square().sum(), trained)
    return torch.cat([one.flatten() for one in gradients])


def test_compiled_steps_have_the_gradients_of_plain_ones():
    unet = build_small_unet()
    names = set(unet.state_dict())
    expected = find_gradients(unet)
    compile_unet(unet)
    assert set(unet.state_dict()) == names
    found = find_gradients(unet)
    # With diffusers' own doubling they are 12 % of the largest apart.
    assert torch.allclose(found, expected, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.slow
def test_compiled_adapters_have_the_gradients_of_plain_ones(tiny_base):
    denoiser = load_parts(str(tiny_base), choose_placement("cpu", "fp32")).denoiser
    for parameter in add_adapters(denoiser, AdapterPlan(rank=2, alpha=4.0, conv_rank=2))["unet"]:
        torch.nn.init.normal_(parameter, std=0.1)
    expected = find_gradients(denoiser.unet)
    compile_unet(denoiser.unet)
    found = find_gradients(denoiser.unet)
    assert torch.allclose(found, expected, atol=1e-4 * float(expected.abs().max()))
    with uncompiled():
        assert torch.allclose(find_gradients(denoiser.unet), expected, rtol=1e-4, atol=1e-5)


def test_doubling_gives_what_interpolating_gives_at_odd_sizes_too():
    block = Doubled(torch.nn.Identity())
    x = torch.randn(1, 3, 4, 5)
    for size in ((8, 10), (7, 9)):
        expected = torch.nn.functional.interpolate(x, size=(8, 10))[..., : size[0], : size[1]]
        assert torch.equal(block(x, size), expected)
    assert torch.equal(block(x), torch.nn.functional.interpolate(x, scale_factor=2.0))


def test_a_machine_without_a_compiler_is_told_what_to_install(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(DeviceError, match="no-such-compiler") as caught:
        require_compiler("cpu")
    assert "train.compile=false" in caught.value.fix
    with pytest.raises(DeviceError, match="mps"):
        require_compiler("mps")
