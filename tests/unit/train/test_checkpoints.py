import pytest
import torch

from couturier.diffusion.adapters.training import AdapterPlan, adapter_tensors, add_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.train.checkpoints import (
    Progress,
    Trained,
    find_whole_checkpoint,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)


@pytest.fixture
def build(tiny_base):
    def build_both(seed):
        denoiser = load_parts(str(tiny_base), choose_placement("cpu", "fp32")).denoiser
        parameters = add_adapters(denoiser, AdapterPlan(rank=2, alpha=2), seed=seed)["unet"]
        return denoiser, torch.optim.AdamW(parameters), parameters

    return build_both


def _step(optimizer, parameters):
    for number, parameter in enumerate(parameters):
        parameter.grad = torch.full_like(parameter, 0.1 * (number + 1))
    optimizer.step()


def _save(out, denoiser, optimizer, step):
    progress = Progress(step, [0.5], 12.0, {})
    trained = Trained(denoiser, optimizer)
    return save_checkpoint(out, trained, progress=progress, metadata={"step": step})


def test_weights_optimizer_and_progress_come_back(build, tmp_path):
    denoiser, optimizer, parameters = build(seed=1)
    _step(optimizer, parameters)
    path = _save(tmp_path, denoiser, optimizer, 7)
    again, again_optimizer, again_parameters = build(seed=2)
    assert load_checkpoint(path, Trained(again, again_optimizer)) == Progress(7, [0.5], 12.0, {})
    _step(optimizer, parameters)
    _step(again_optimizer, again_parameters)
    expected = adapter_tensors(denoiser)
    assert expected
    assert all(torch.equal(expected[n], tensor) for n, tensor in adapter_tensors(again).items())


def test_the_newest_three_are_kept(build, tmp_path):
    denoiser, optimizer, parameters = build(seed=1)
    _step(optimizer, parameters)
    for step in (5, 10, 1_000_000, 15):
        _save(tmp_path, denoiser, optimizer, step)
    names = [path.name for path in list_checkpoints(tmp_path)]
    assert names == ["step-1000000", "step-000015", "step-000010"]


@pytest.mark.parametrize(
    "name", ["pytorch_lora_weights.safetensors", "optimizer.safetensors", "state.json"]
)
def test_a_checkpoint_with_a_damaged_file_is_passed_by(build, tmp_path, name):
    denoiser, optimizer, parameters = build(seed=1)
    _step(optimizer, parameters)
    whole, damaged = (_save(tmp_path, denoiser, optimizer, step) for step in (5, 10))
    (damaged / name).write_bytes((damaged / name).read_bytes()[:-9])
    assert find_whole_checkpoint(tmp_path) == (whole, [damaged])


def test_a_run_without_checkpoints_has_none(tmp_path):
    assert find_whole_checkpoint(tmp_path) == (None, [])
