import json

import pytest
import torch

from couturier.diffusion.device import choose_placement
from couturier.diffusion.families import (
    encode_pictures,
    encode_text,
    load_parts,
    load_pipeline,
    read_family,
    resolve_base,
    tokenize,
)
from couturier.diffusion.schedule import read_schedule
from couturier.errors import BaseModelError
from tests.fakes import make_tiny_base

CPU = choose_placement("cpu", "fp32")


@pytest.fixture
def own_base(tmp_path):
    return make_tiny_base(tmp_path / "base")


def _change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_family_is_read_from_the_configuration_alone(tiny_base):
    family = read_family(tiny_base)
    assert (family.name, family.native_px, family.vae_scale, family.text_width) == (
        "sd1",
        32,
        8,
        16,
    )


def test_a_base_of_the_second_family_is_told_apart(tmp_path):
    base = make_tiny_base(tmp_path / "sd2", family="sd2")
    assert read_family(base).name == "sd2"
    assert read_schedule(load_parts(str(base), CPU).scheduler).prediction_type == "v_prediction"


def test_a_base_of_another_family_is_refused_by_name(own_base):
    _change(own_base / "model_index.json", _class_name="FluxPipeline")
    with pytest.raises(BaseModelError, match="a FluxPipeline, expected a StableDiffusionPipeline"):
        read_family(own_base)


def test_sdxl_is_refused_by_name(own_base):
    _change(own_base / "model_index.json", _class_name="StableDiffusionXLPipeline")
    with pytest.raises(BaseModelError, match="StableDiffusionXLPipeline, which this version"):
        load_parts(str(own_base), CPU)


def test_a_hub_id_without_a_network_is_refused_at_once():
    with pytest.raises(BaseModelError, match="not on this machine, and the hub cannot be reached"):
        resolve_base("CompVis/stable-diffusion-v1-4")


def test_a_base_that_is_neither_folder_nor_hub_id_is_refused():
    with pytest.raises(BaseModelError, match="my base: no such base model"):
        resolve_base("my base")


def test_a_folder_without_a_pipeline_is_refused(tmp_path):
    with pytest.raises(BaseModelError, match="no base model there"):
        resolve_base(str(tmp_path))


def test_a_base_with_truncated_weights_is_refused(own_base):
    weights = own_base / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(BaseModelError, match="cannot be loaded"):
        load_parts(str(own_base), CPU)


def test_pickled_weights_are_not_loaded(own_base):
    weights = own_base / "unet/diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(BaseModelError, match="cannot be loaded"):
        load_parts(str(own_base), CPU)


def test_the_hash_of_a_base_changes_with_its_weights(own_base, tiny_base, tmp_path):
    other = make_tiny_base(tmp_path / "other", seed=1)
    hashes = [load_parts(str(base), CPU).base_hash for base in (own_base, tiny_base, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_every_weight_of_a_loaded_base_is_frozen(tiny_base):
    parts = load_parts(str(tiny_base), CPU)
    weights = [*parts.unet.parameters(), *parts.vae.parameters(), *parts.text_encoder.parameters()]
    assert weights
    assert not any(weight.requires_grad for weight in weights)


def test_the_autoencoder_stays_in_fp32_where_the_rest_is_in_half(tiny_base):
    parts = load_parts(str(tiny_base), choose_placement("cpu", "bf16"))
    assert parts.unet.dtype is torch.bfloat16
    assert parts.vae.dtype is torch.float32


def test_captions_and_pictures_are_encoded_as_diffusers_does(tiny_base):
    parts = load_parts(str(tiny_base), CPU)
    pipeline = load_pipeline(str(tiny_base), CPU, safety=True)
    expected, _ = pipeline.encode_prompt("a red dress", "cpu", 1, False)
    states = encode_text(parts, tokenize(parts.tokenizer, ["a red dress"]))
    assert torch.equal(states, expected)
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mean, std = encode_pictures(parts, pixels)
    assert mean.shape == std.shape == (2, 4, 4, 4)
    with torch.no_grad():
        assert torch.equal(mean, pipeline.vae.encode(pixels).latent_dist.mode() * 0.18215)


def test_a_pipeline_is_loaded_with_its_checker_or_without(tiny_base):
    assert load_pipeline(str(tiny_base), CPU, safety=True).safety_checker is not None
    assert load_pipeline(str(tiny_base), CPU, safety=False).safety_checker is None
