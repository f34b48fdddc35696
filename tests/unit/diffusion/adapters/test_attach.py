import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from couturier.diffusion.adapters.attach import attach_adapter
from couturier.diffusion.adapters.training import ADAPTER_FILE, AdapterPlan, save_adapters
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.errors import AdapterError
from tests.fakes import make_tiny_base
from tests.unit.diffusion.adapters.made import CPU, make_adapted

PLAN = AdapterPlan(rank=4, alpha=8.0)
DRAW = Draw("a red dress", "", 3, 2, 5.0, "ddim", 32, 32)


@pytest.fixture(scope="module")
def adapter(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    parts = make_adapted(tiny_base, PLAN)
    return save_adapters(folder, parts.denoiser, {"base": "tiny", "step": 7})


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
    attach_adapter(ours, adapter, 1.0)
    plain = _plain_diffusers(tiny_base)
    plain.load_lora_weights(adapter.parent)
    assert np.array_equal(_draw(ours), _draw(plain))
    assert np.abs(_draw(ours) - bare).max() > 2


def test_names_from_before_peft_mean_the_same(tiny_base, adapter, tmp_path):
    ours, theirs = (load_pipeline(str(tiny_base), CPU, safety=False) for _ in range(2))
    older = {}
    for name, tensor in load_file(adapter).items():
        path, side = name.removesuffix(".weight").rsplit(".", 1)
        head, step = path.replace(".to_out.0", ".to_out").rsplit(".", 1)
        older[f"{head}.processor.{step}_lora.{'down' if side == 'lora_A' else 'up'}.weight"] = (
            tensor * (1 if side == "lora_A" else 2)
        )  # such files know no alpha
    save_file(older, tmp_path / "older.safetensors")
    attach_adapter(ours, adapter, 1.0)
    facts = attach_adapter(theirs, tmp_path / "older.safetensors", 1.0)
    assert (facts.rank, facts.alpha) == (4, 4.0)
    assert np.abs(_draw(ours) - _draw(theirs)).max() <= 1


def test_strength_0_changes_nothing(tiny_base, adapter):
    pipeline = load_pipeline(str(tiny_base), CPU, safety=False)
    bare = _draw(pipeline)
    attach_adapter(pipeline, adapter, 0.0)
    assert np.array_equal(_draw(pipeline), bare)


def test_two_adapters_of_half_strength_are_one_of_full(tiny_base, adapter):
    once, twice = (load_pipeline(str(tiny_base), CPU, safety=False) for _ in range(2))
    attach_adapter(once, adapter, 1.0)
    names = [attach_adapter(twice, adapter, 0.5).name for _ in range(2)]
    assert names == ["adapter_0", "adapter_1"]
    assert np.abs(_draw(once) - _draw(twice)).max() <= 1


def test_the_file_says_what_it_is_and_is_the_same_each_time(tiny_base, adapter, tmp_path):
    facts = attach_adapter(load_pipeline(str(tiny_base), CPU, safety=False), adapter, 1.0)
    assert (facts.rank, facts.alpha, facts.n_modules) == (4, 8.0, 32)
    assert (facts.base, facts.step) == ("tiny", 7)
    assert facts.metadata["target_modules"] == "to_k,to_out.0,to_q,to_v"
    again = make_adapted(tiny_base, PLAN)
    same = save_adapters(tmp_path, again.denoiser, {"base": "tiny", "step": 7})
    assert same.read_bytes() == adapter.read_bytes()


def test_an_adapter_of_another_base_is_refused_with_both_sizes(adapter, tmp_path):
    other = load_pipeline(str(make_tiny_base(tmp_path / "wide", text_width=24)), CPU, safety=False)
    message = (
        r"8 names of 64 matrices have no place in this base: unet\.\S+attn2\.to_k "
        r"\(here 24 inputs, 8 outputs; there 16 and 8\)"
    )
    with pytest.raises(AdapterError, match=message):
        attach_adapter(other, adapter, 1.0)


def test_one_unknown_name_is_enough_to_refuse_a_file(tiny_base, adapter, tmp_path):
    tensors = load_file(adapter)
    for side, shape in (("A", (4, 16)), ("B", (16, 4))):
        tensors[f"unet.mid_block.nowhere.to_q.lora_{side}.weight"] = torch.zeros(shape)
    save_file(tensors, tmp_path / ADAPTER_FILE)
    with pytest.raises(AdapterError, match=r"1 names of 66 matrices .* unet\.mid_block\.nowhere"):
        attach_adapter(
            load_pipeline(str(tiny_base), CPU, safety=False), tmp_path / ADAPTER_FILE, 1.0
        )


def test_half_a_pair_is_refused(tiny_base, adapter, tmp_path):
    tensors = load_file(adapter)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, tmp_path / ADAPTER_FILE)
    with pytest.raises(AdapterError, match=r"1 names of 63 matrices .* only up"):
        attach_adapter(
            load_pipeline(str(tiny_base), CPU, safety=False), tmp_path / ADAPTER_FILE, 1.0
        )


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
        attach_adapter(load_pipeline(str(tiny_base), CPU, safety=False), path, 1.0)


def _save_velocity(base, folder):
    parts = make_adapted(base, PLAN)
    said = {"prediction_type": "v_prediction", "zero_terminal_snr": True}
    return save_adapters(folder, parts.denoiser, said)


def test_an_adapter_trained_on_velocity_is_drawn_with_velocity(tiny_base, tmp_path):
    weights = _save_velocity(tiny_base, tmp_path)
    ours = load_pipeline(str(tiny_base), CPU, safety=False)
    attach_adapter(ours, weights, 1.0)
    plain = _plain_diffusers(tiny_base)
    plain.safety_checker = None
    plain.load_lora_weights(tmp_path)
    noise_drawn = draw_picture(plain, DRAW)
    plain.scheduler = DDIMScheduler.from_config(
        plain.scheduler.config,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
    )
    assert np.array_equal(draw_picture(ours, DRAW), draw_picture(plain, DRAW))
    assert np.abs(draw_picture(ours, DRAW) - noise_drawn).max() > 1e-3


def test_adapters_that_answer_differently_are_not_mixed(tiny_base, adapter, tmp_path):
    pipeline = load_pipeline(str(tiny_base), CPU, safety=False)
    attach_adapter(pipeline, adapter, 1.0)
    with pytest.raises(AdapterError, match="answer the velocity down to noise alone, the adapters"):
        attach_adapter(pipeline, _save_velocity(tiny_base, tmp_path), 1.0)
