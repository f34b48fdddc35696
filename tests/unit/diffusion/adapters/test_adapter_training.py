import pytest
import torch

from couturier.diffusion.adapters.training import (
    AdapterPlan,
    adapter_tensors,
    add_adapters,
    restore_adapters,
    save_adapters,
)
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.errors import AdapterError
from tests.unit.diffusion.adapters.made import CPU, make_adapted

METHODS = ("lora", "dora", "loha", "lokr")


def _answer(parts):
    generator = torch.Generator().manual_seed(1)
    noised = torch.randn(1, 4, 4, 4, generator=generator)
    ids = torch.randint(5, 300, (1, len(parts.tokenizers), 77), generator=generator)
    with torch.no_grad():
        text = parts.denoiser.encode_text(ids)
        return parts.denoiser(noised, torch.tensor([400]), text)


@pytest.mark.parametrize("method", METHODS)
def test_a_fresh_adapter_changes_nothing_and_its_start_follows_the_seed(tiny_base, method):
    bare = _answer(load_parts(str(tiny_base), CPU))
    first, second, other = (load_parts(str(tiny_base), CPU) for _ in range(3))
    plan = AdapterPlan(method, rank=2, alpha=2, conv_rank=2, text_encoder=True)
    for parts, seed in ((first, 1), (second, 1), (other, 2)):
        add_adapters(parts.denoiser, plan, seed=seed)
    starts = [adapter_tensors(parts.denoiser) for parts in (first, second, other)]
    assert all(torch.equal(starts[0][name], starts[1][name]) for name in starts[0])
    assert any(not torch.equal(starts[0][name], starts[2][name]) for name in starts[0])
    assert torch.allclose(_answer(first), bare, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_trained_weights_stay_fp32_under_a_half_precision_base(tiny_base, method):
    parts = load_parts(str(tiny_base), choose_placement("cpu", "bf16"))
    trained = add_adapters(parts.denoiser, AdapterPlan(method, rank=2, alpha=2))
    assert list(trained) == ["unet"]
    assert len(trained["unet"]) >= 64
    assert all(parameter.dtype is torch.float32 for parameter in trained["unet"])


@pytest.mark.parametrize(("method", "family"), [*((m, "sd1") for m in METHODS), ("lora", "sdxl")])
def test_saved_matrices_come_back_bit_for_bit(bases, tmp_path, method, family):
    any_base = bases(family)
    plan = AdapterPlan(method, rank=2, alpha=3.0, conv_rank=1, text_encoder=True)
    trained = make_adapted(any_base, plan)
    weights = save_adapters(tmp_path, trained.denoiser, {})
    fresh = make_adapted(any_base, plan, disturb=0.0)
    restore_adapters(fresh.denoiser, weights)
    assert torch.equal(_answer(fresh), _answer(trained))
    assert not torch.allclose(_answer(fresh), _answer(load_parts(str(any_base), CPU)), atol=1e-3)


def test_matrices_of_another_rank_are_refused(tiny_base, tmp_path):
    weights = save_adapters(tmp_path, make_adapted(tiny_base, AdapterPlan()).denoiser, {})
    other = make_adapted(tiny_base, AdapterPlan(rank=2, alpha=2))
    with pytest.raises(AdapterError, match="holds other matrices than this run trains"):
        restore_adapters(other.denoiser, weights)


def test_weights_that_are_no_numbers_are_not_saved(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan(), disturb=float("nan"))
    with pytest.raises(AdapterError, match="holds NaN or Inf"):
        save_adapters(tmp_path, parts.denoiser, {})
    assert list(tmp_path.iterdir()) == []
