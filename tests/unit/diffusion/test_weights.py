"""A UNet read in stretches is the one diffusers reads, in any number format."""

import shutil

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from couturier.diffusion import weights
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts, load_unet
from couturier.errors import BaseModelError


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_is_what_diffusers_reads(any_base, precision, monkeypatch):
    monkeypatch.setattr(weights, "_STRETCH_BYTES", 1000)
    placement = choose_placement("cpu", precision)
    parts = load_parts(str(any_base), placement, with_unet=False)
    assert {one.device.type for one in parts.unet.parameters()} == {"meta"}
    load_unet(parts)
    expected = UNet2DConditionModel.from_pretrained(
        any_base / "unet", dtype=placement.weights_dtype
    ).state_dict()
    found = parts.unet.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert not any(one.requires_grad for one in parts.unet.parameters())


def test_a_file_that_lacks_a_weight_is_refused(tiny_base, tmp_path):
    own_base = shutil.copytree(tiny_base, tmp_path / "base")
    file = own_base / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    del tensors["conv_in.bias"]
    save_file(tensors, file)
    with pytest.raises(BaseModelError, match=r"lacks conv_in.bias"):
        load_parts(str(own_base), choose_placement("cpu", "fp32"))
