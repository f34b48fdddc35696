import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts, load_pipeline
from couturier.diffusion.lora import (
    ADAPTER_FILE,
    adapter_tensors,
    add_lora,
    attach_lora,
    restore_lora,
    save_lora,
)
from couturier.errors import AdapterError
from tests.fakes import make_tiny_base

CPU = choose_placement("cpu", "fp32")


def _unet_with_lora(base, *, rank=4, alpha=8.0, disturb=0.1):
    parts = load_parts(str(base), CPU)
    parameters = add_lora(parts.unet, rank=rank, alpha=alpha, seed=3)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in parameters:
            parameter += disturb * torch.randn(parameter.shape, generator=generator)
    return parts.unet


@pytest.fixture(scope="module")
def adapter(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    return save_lora(folder, _unet_with_lora(tiny_base), {"base": "tiny", "step": 7})


def _draw(pipeline):
    generator = torch.Generator().manual_seed(1)
    drawn = pipeline("a red dress", num_inference_steps=3, generator=generator, output_type="np")
    return np.round(drawn.images[0] * 255).astype(int)


def _plain_diffusers(base):
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_plain_diffusers_draws_the_same_with_alpha_other_than_rank(tiny_base, adapter):
    ours = load_pipeline(str(tiny_base), CPU, safety=True)
    bare = _draw(ours)
    attach_lora(ours, adapter, 1.0)
    plain = _plain_diffusers(tiny_base)
    plain.load_lora_weights(adapter.parent)
    assert np.array_equal(_draw(ours), _draw(plain))
    assert np.abs(_draw(ours) - bare).max() > 2


def test_a_file_with_kohyas_names_draws_the_same(tiny_base, adapter, tmp_path):
    ours, theirs = (load_pipeline(str(tiny_base), CPU, safety=False) for _ in range(2))
    renamed = {}
    for name, tensor in load_file(adapter).items():
        module, side = name.removeprefix("unet.").removesuffix(".weight").rsplit(".", 1)
        kohya = "lora_unet_" + module.replace(".", "_")
        renamed[f"{kohya}.{'lora_down' if side == 'lora_A' else 'lora_up'}.weight"] = tensor
        renamed[f"{kohya}.alpha"] = torch.tensor(8.0)
    save_file(renamed, tmp_path / "kohya.safetensors")
    attach_lora(ours, adapter, 1.0)
    facts = attach_lora(theirs, tmp_path / "kohya.safetensors", 1.0)
    assert (facts.rank, facts.alpha) == (4, 8.0)
    assert np.array_equal(_draw(ours), _draw(theirs))


def test_strength_0_changes_nothing(tiny_base, adapter):
    pipeline = load_pipeline(str(tiny_base), CPU, safety=False)
    bare = _draw(pipeline)
    attach_lora(pipeline, adapter, 0.0)
    assert np.array_equal(_draw(pipeline), bare)


def test_two_adapters_of_half_strength_are_one_of_full(tiny_base, adapter):
    once, twice = (load_pipeline(str(tiny_base), CPU, safety=False) for _ in range(2))
    attach_lora(once, adapter, 1.0)
    names = [attach_lora(twice, adapter, 0.5).name for _ in range(2)]
    assert names == ["adapter_0", "adapter_1"]
    assert np.abs(_draw(once) - _draw(twice)).max() <= 1


def test_a_fresh_adapter_changes_nothing_and_its_start_follows_the_seed(tiny_base):
    first, second, other = (load_parts(str(tiny_base), CPU).unet for _ in range(3))
    for unet, seed in ((first, 1), (second, 1), (other, 2)):
        add_lora(unet, rank=2, alpha=2, seed=seed)
    starts = [adapter_tensors(unet) for unet in (first, second, other)]
    assert all(torch.equal(starts[0][name], starts[1][name]) for name in starts[0])
    assert any(not torch.equal(starts[0][name], starts[2][name]) for name in starts[0])
    assert all(not tensor.any() for name, tensor in starts[0].items() if "lora_B" in name)


def test_trained_weights_stay_fp32_under_a_half_precision_base(tiny_base):
    parts = load_parts(str(tiny_base), choose_placement("cpu", "bf16"))
    parameters = add_lora(parts.unet, rank=2, alpha=2)
    assert len(parameters) == 64
    assert all(parameter.dtype is torch.float32 for parameter in parameters)


def test_the_file_says_what_it_is_and_is_the_same_each_time(tiny_base, adapter, tmp_path):
    facts = attach_lora(load_pipeline(str(tiny_base), CPU, safety=False), adapter, 1.0)
    assert (facts.rank, facts.alpha, facts.n_modules, facts.base, facts.step) == (
        4,
        8.0,
        32,
        "tiny",
        7,
    )
    assert facts.metadata["target_modules"] == "to_k,to_out.0,to_q,to_v"
    again = save_lora(tmp_path, _unet_with_lora(tiny_base), {"base": "tiny", "step": 7})
    assert again.read_bytes() == adapter.read_bytes()


def test_saved_matrices_come_back_bit_for_bit(tiny_base, adapter):
    unet = _unet_with_lora(tiny_base, disturb=0.0)
    restore_lora(unet, adapter)
    expected = adapter_tensors(_unet_with_lora(tiny_base))
    assert expected
    assert all(torch.equal(expected[n], tensor) for n, tensor in adapter_tensors(unet).items())


def test_an_adapter_of_another_base_is_refused_with_the_list(adapter, tmp_path):
    pipeline = load_pipeline(
        str(make_tiny_base(tmp_path / "wide", text_width=24)), CPU, safety=False
    )
    with pytest.raises(AdapterError, match=r"8 of 64 matrices have no place in this base: unet\."):
        attach_lora(pipeline, adapter, 1.0)


def test_one_unknown_name_is_enough_to_refuse_a_file(tiny_base, adapter, tmp_path):
    tensors = load_file(adapter)
    tensors["unet.mid_block.nowhere.to_q.lora_A.weight"] = torch.zeros(4, 16)
    save_file(tensors, tmp_path / ADAPTER_FILE)
    with pytest.raises(AdapterError, match=r"1 of 65 matrices .* unet\.mid_block\.nowhere"):
        attach_lora(load_pipeline(str(tiny_base), CPU, safety=False), tmp_path / ADAPTER_FILE, 1.0)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "no readable safetensors file"),
        (lambda data: b"not a safetensors file at all", "no readable safetensors file"),
        (lambda data: data[:-4] + np.float32(np.nan).tobytes(), "holds NaN or Inf"),
    ],
)
def test_a_damaged_file_is_refused(tiny_base, adapter, tmp_path, damage, message):
    path = tmp_path / ADAPTER_FILE
    path.write_bytes(damage(adapter.read_bytes()))
    with pytest.raises(AdapterError, match=message):
        attach_lora(load_pipeline(str(tiny_base), CPU, safety=False), path, 1.0)


def test_weights_that_are_no_numbers_are_not_saved(tiny_base, tmp_path):
    unet = _unet_with_lora(tiny_base, disturb=float("nan"))
    with pytest.raises(AdapterError, match="holds NaN or Inf"):
        save_lora(tmp_path, unet, {})
    assert list(tmp_path.iterdir()) == []
