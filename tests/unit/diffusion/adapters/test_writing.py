import json

import pytest
import torch
from diffusers import DiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from couturier.diffusion.adapters.attach import attach_adapter, list_models
from couturier.diffusion.adapters.check import check_file
from couturier.diffusion.adapters.storage import hash_tensors
from couturier.diffusion.adapters.training import (
    AdapterPlan,
    list_parts,
    save_adapters,
    trained_changes,
    trained_factors,
)
from couturier.diffusion.adapters.writing import (
    describe_adapter,
    make_full,
    write_for_diffusers,
    write_for_kohya,
)
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.errors import AdapterError
from tests.unit.diffusion.adapters.made import CPU, make_adapted

WIDE = {"layers": "transformer", "conv_rank": 2, "conv_alpha": 1.0, "text_encoder": True}
DRAW = Draw("a red dress", "", 3, 2, 5.0, "ddim", 32, 32)


def _write(path, parts, *, full=False, dtype=torch.float16):
    factors = trained_factors(parts.denoiser)
    if full:
        factors = make_full(factors, list_parts(parts.denoiser))
    said = describe_adapter(factors, parts.family, predicts="epsilon")
    config = parts.unet.config
    return write_for_kohya(
        path, factors, family=parts.family, config=config, dtype=dtype, metadata=said
    )


def _check(path, parts):
    """Compare a file with the layers that were trained, on a base of its own."""
    fresh = load_pipeline(parts.base, CPU, safety=False)
    return check_file(path, list_models(fresh), trained_changes(parts.denoiser))


@pytest.mark.parametrize(
    ("family", "method"),
    [("sd1", "lora"), ("sd1", "loha"), ("sd1", "lokr"), ("sd2", "lora"), ("sdxl", "lora")],
)
def test_a_kohya_file_holds_what_was_trained(bases, tmp_path, family, method):
    parts = make_adapted(bases(family), AdapterPlan(method, rank=3, alpha=2.0, **WIDE))
    # Four rounded matrices make a LoHa's change: half precision is not enough for them.
    dtype = torch.float32 if method == "loha" else torch.float16
    trip = _check(_write(tmp_path / "a.safetensors", parts, dtype=dtype), parts)
    assert trip.n_modules == len(trained_changes(parts.denoiser)) > 50
    assert trip.error < 1e-3


@pytest.mark.parametrize("method", ["lora", "dora", "loha", "lokr"])
def test_the_run_s_own_file_holds_exactly_what_was_trained(tiny_base, tmp_path, method):
    parts = make_adapted(tiny_base, AdapterPlan(method, rank=3, alpha=2.0, **WIDE))
    trip = _check(save_adapters(tmp_path, parts.denoiser, {}), parts)
    assert trip.error < 1e-5


def test_full_differences_hold_a_dora_which_plain_kohya_files_cannot(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan("dora", rank=3, alpha=2.0, **WIDE))
    with pytest.raises(AdapterError, match="a DoRA scales each output") as fault:
        _write(tmp_path / "a.safetensors", parts)
    assert "--format kohya-full" in fault.value.fix
    assert not list(tmp_path.iterdir())
    assert _check(_write(tmp_path / "b.safetensors", parts, full=True), parts).error < 1e-3


def test_a_young_adapter_survives_half_precision(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan(), disturb=0.0)
    with torch.no_grad():
        for name, weight in parts.unet.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=1e-7)  # below what half precision holds
    assert _check(_write(tmp_path / "a.safetensors", parts), parts).error < 1e-3


def test_kohya_names_are_those_that_other_tools_look_up(bases, tmp_path):
    names = {}
    for family in ("sd1", "sdxl"):
        parts = make_adapted(bases(family), AdapterPlan(rank=1, alpha=1.0, **WIDE))
        names[family] = set(load_file(_write(tmp_path / f"{family}.safetensors", parts)))
    attention = "transformer_blocks_0_attn1_to_q.lora_down.weight"
    assert f"lora_unet_down_blocks_0_attentions_0_{attention}" in names["sd1"]
    assert "lora_unet_mid_block_resnets_0_conv1.alpha" in names["sd1"]
    assert "lora_te_text_model_encoder_layers_1_mlp_fc1.lora_up.weight" in names["sd1"]
    assert f"lora_unet_input_blocks_3_1_{attention}" in names["sdxl"]
    assert "lora_unet_input_blocks_2_0_op.alpha" in names["sdxl"]
    assert "lora_unet_output_blocks_1_2_conv.alpha" in names["sdxl"]
    assert "lora_unet_middle_block_0_in_layers_2.alpha" in names["sdxl"]
    for number in (1, 2):
        name = f"lora_te{number}_text_model_encoder_layers_0_self_attn_out_proj.alpha"
        assert name in names["sdxl"]


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_plain_diffusers_draws_the_same_from_every_file(bases, tmp_path, family, form):
    parts = make_adapted(
        bases(family), AdapterPlan(rank=2, alpha=1.0, text_encoder=family == "sd1"), disturb=0.3
    )
    path = tmp_path / "lora.safetensors"
    if form == "kohya":
        _write(path, parts, dtype=torch.float32)
    else:
        factors = trained_factors(parts.denoiser)
        write_for_diffusers(path, factors, dtype=torch.float32, metadata={})
    ours = load_pipeline(parts.base, CPU, safety=False)
    bare = draw_picture(ours, DRAW)
    attach_adapter(ours, path, 1.0)
    plain = DiffusionPipeline.from_pretrained(parts.base)
    plain.set_progress_bar_config(disable=True)
    plain.safety_checker = None
    plain.load_lora_weights(tmp_path, weight_name=path.name)
    expected = draw_picture(plain, DRAW)
    assert abs(draw_picture(ours, DRAW) - expected).max() < 1e-4
    assert abs(bare - expected).max() > 1e-3


@pytest.mark.parametrize("method", ["dora", "loha", "lokr"])
def test_drawing_takes_every_method_at_every_strength(tiny_base, tmp_path, method):
    plan = AdapterPlan(method, rank=2, alpha=2.0, **WIDE)
    parts = make_adapted(tiny_base, plan, disturb=0.3)
    path = save_adapters(tmp_path, parts.denoiser, {})
    pictures = {}
    for scale in (0.0, 0.5, 1.0):
        pipeline = load_pipeline(str(tiny_base), CPU, safety=False)
        attach_adapter(pipeline, path, scale)
        pictures[scale] = draw_picture(pipeline, DRAW)
    bare = draw_picture(load_pipeline(str(tiny_base), CPU, safety=False), DRAW)
    if method != "dora":  # at strength 0 its magnitudes still count
        assert abs(pictures[0.0] - bare).max() < 1e-5
    assert abs(pictures[0.5] - bare).max() > 1e-3
    assert abs(pictures[1.0] - pictures[0.5]).max() > 1e-3


def test_a_file_says_in_other_tools_words_what_it_is(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan(rank=3, alpha=2.0, conv_rank=2, conv_alpha=1.0))
    path = _write(tmp_path / "a.safetensors", parts)
    with safe_open(path, "pt") as file:
        said = file.metadata()
    assert (said["ss_network_dim"], said["ss_network_alpha"]) == ("3", "2.0")
    assert json.loads(said["ss_network_args"]) == {"conv_dim": "2", "conv_alpha": "1.0"}
    assert (said["ss_base_model_version"], said["ss_network_module"]) == ("sd_v1", "networks.lora")
    assert said["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert said["sshs_model_hash"] == hash_tensors(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: {k: v for k, v in tensors.items() if "attn1" in k}, "holds 16 modules"),
        (
            lambda tensors: {k: 1.01 * v for k, v in tensors.items()},
            "differs from what was trained",
        ),
    ],
)
def test_a_file_that_lost_something_is_found_out(tiny_base, tmp_path, change, message):
    parts = make_adapted(tiny_base, AdapterPlan())
    path = _write(tmp_path / "a.safetensors", parts)
    save_file(change(load_file(path)), path)
    with pytest.raises(AdapterError, match=message):
        _check(path, parts)


def test_a_kohya_file_with_strange_names_is_refused_with_them(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan())
    path = _write(tmp_path / "a.safetensors", parts)
    tensors = load_file(path)
    tensors["lora_unet_down_blocks_7_attn1_to_q.lora_up.weight"] = torch.zeros(8, 4)
    tensors["lora_te_text_model_encoder_layers_11_mlp_fc1.alpha"] = torch.tensor(4.0)
    save_file(tensors, path)
    with pytest.raises(AdapterError, match=r"2 names of 98 matrices .*layers_11.*down_blocks_7"):
        attach_adapter(load_pipeline(str(tiny_base), CPU, safety=False), path, 1.0)
