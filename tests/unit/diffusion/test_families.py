import json

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from couturier.diffusion.bases import resolve_base
from couturier.diffusion.conditions import TextCondition
from couturier.diffusion.device import choose_placement
from couturier.diffusion.encoding import encode_pictures, encode_text, tokenize
from couturier.diffusion.families import read_family
from couturier.diffusion.loading import assemble_pipeline, load_parts, load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
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


def test_sdxl_is_told_by_its_class_and_has_a_sentence_vector(tmp_path):
    family = read_family(make_tiny_base(tmp_path / "sdxl", family="sdxl"))
    assert (family.name, family.text_width, family.pooled_width) == ("sdxl", 48, 32)
    assert family.encoders == ("text_encoder", "text_encoder_2")


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
    weights = [*parts.denoiser.parameters(), *parts.vae.parameters()]
    assert weights
    assert not any(weight.requires_grad for weight in weights)


def test_the_autoencoder_stays_in_fp32_where_the_rest_is_in_half(tiny_base):
    parts = load_parts(str(tiny_base), choose_placement("cpu", "bf16"))
    assert parts.unet.dtype is torch.bfloat16
    assert parts.vae.dtype is torch.float32


def test_pictures_are_encoded_as_diffusers_does(tiny_base):
    parts = load_parts(str(tiny_base), CPU)
    pipeline = load_pipeline(str(tiny_base), CPU, safety=True)
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mean, std = encode_pictures(parts, pixels)
    assert mean.shape == std.shape == (2, 4, 4, 4)
    with torch.no_grad():
        assert torch.equal(mean, pipeline.vae.encode(pixels).latent_dist.mode() * 0.18215)


def test_a_pipeline_is_loaded_with_its_checker_or_without(tiny_base):
    assert load_pipeline(str(tiny_base), CPU, safety=True).safety_checker is not None
    assert load_pipeline(str(tiny_base), CPU, safety=False).safety_checker is None


def _encode_plainly(pipeline, sentence):
    """Give states and sentence vector, and those of no sentence, as diffusers draws with them."""
    with torch.no_grad():
        encoded = pipeline.encode_prompt(
            sentence, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True
        )
    return encoded if len(encoded) == 4 else (*encoded, None, None)


def test_captions_are_encoded_as_diffusers_does_in_every_family(any_base):
    parts = load_parts(str(any_base), CPU)
    ids = tokenize(parts.tokenizers, ["a red dress", ""])
    ours = encode_text(parts, ids)
    said, nothing, pooled, no_vector = _encode_plainly(
        load_pipeline(str(any_base), CPU, safety=False), "a red dress"
    )
    assert torch.allclose(ours.states, torch.cat([said, nothing]), atol=1e-6)
    if pooled is None:
        assert ours.pooled is None
    else:
        assert torch.allclose(ours.pooled, torch.cat([pooled, no_vector]), atol=1e-6)


def test_captions_of_two_stretches_are_encoded_one_after_the_other(any_base):
    parts = load_parts(str(any_base), CPU)
    first, second = (tokenize(parts.tokenizers, [text]) for text in ("a red dress", "in satin"))
    whole = encode_text(parts, torch.cat([first, second], dim=2))
    apart = [encode_text(parts, ids).states for ids in (first, second)]
    assert torch.allclose(whole.states, torch.cat(apart, dim=1), atol=1e-6)


def test_the_denoiser_asks_the_unet_what_diffusers_asks(any_base):
    parts = load_parts(str(any_base), CPU)
    pipeline = load_pipeline(str(any_base), CPU, safety=False)
    asked = {}

    def listen(_module, positional, named):
        asked.setdefault("input", (positional, named))

    pipeline.unet.register_forward_pre_hook(listen, with_kwargs=True)
    pipeline("a red dress", num_inference_steps=1, guidance_scale=1.0, output_type="latent")
    (noised, timestep), named = asked["input"]
    named.pop("return_dict")
    with torch.no_grad():
        theirs = parts.unet(noised, timestep, return_dict=False, **named)[0]
        text = encode_text(parts, tokenize(parts.tokenizers, ["a red dress"]))
        ours = parts.denoiser(noised, timestep[None], text)
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_every_family_draws_bit_for_bit_what_plain_diffusers_draws(any_base):
    plain = DiffusionPipeline.from_pretrained(any_base)
    plain.set_progress_bar_config(disable=True)
    drawn = plain(
        "a red dress",
        num_inference_steps=2,
        guidance_scale=5.0,
        output_type="np",
        generator=torch.Generator().manual_seed(3),
    )
    draw = Draw("a red dress", "", 3, 2, 5.0, "pndm", 32, 32)
    loaded = load_pipeline(str(any_base), CPU, safety=False)
    assert np.array_equal(draw_picture(loaded, draw), drawn.images[0])
    assembled = assemble_pipeline(load_parts(str(any_base), CPU))
    # Weights at other addresses are multiplied by other kernels: equal but for the last bits.
    assert np.allclose(draw_picture(assembled, draw), drawn.images[0], atol=1e-5)


def test_tokens_and_states_say_the_same_to_the_denoiser(any_base):
    parts = load_parts(str(any_base), CPU)
    ids = tokenize(parts.tokenizers, ["a red dress"])
    noised, timestep = torch.ones(1, 4, 4, 4), torch.tensor([500])
    with torch.no_grad():
        answers = [
            parts.denoiser(noised, timestep, text)
            for text in (TextCondition(token_ids=ids), encode_text(parts, ids))
        ]
    assert torch.equal(*answers)
