import pytest

from couturier.train import plan as planning
from couturier.train.cost import Speed
from couturier.train.plan import plan_run
from couturier.train.settings import TrainSettings
from tests.fakes import make_dataset


@pytest.fixture
def plan(tiny_base, tmp_path):
    data = make_dataset(tmp_path / "data")

    def build(**more):
        settings = TrainSettings(base=str(tiny_base), max_steps=10, **more)
        return plan_run(data, out=tmp_path / "out", settings=settings)

    return build


def test_a_plan_writes_nothing_and_says_three_lines(plan, tmp_path):
    lines = plan().lines
    assert [line.split()[0] for line in lines] == ["time", "memory", "disk"]
    assert not (tmp_path / "out").exists()


def test_accumulating_twice_takes_twice_the_operations(plan, monkeypatch):
    monkeypatch.setattr(planning, "measure_speed", lambda *_: _one_gigaflop())
    once, twice = plan(), plan(gradient_accumulation=2)
    assert twice.step_s == pytest.approx(2 * once.step_s)


def test_a_larger_batch_keeps_more_for_the_backward_pass(plan):
    assert plan(batch_size=256).memory_mb > plan(batch_size=1).memory_mb


def test_half_precision_and_gradient_checkpointing_are_planned(plan):
    assert plan(mixed_precision="bf16", gradient_checkpointing=True).step_s > 0


def test_what_does_not_fit_is_told_with_the_setting_that_would(plan, monkeypatch):
    small, large = plan(batch_size=64), plan(batch_size=4096)
    between = (small.memory_mb + large.memory_mb) / 2
    monkeypatch.setattr(planning, "_find_free_mb", lambda _device: between)
    (warning,) = plan(batch_size=4096).warnings
    assert "will not fit" in warning
    assert "--set train.batch_size=" in warning
    assert "--set train.gradient_accumulation=" in warning
    assert plan(batch_size=64).warnings == ()


def _one_gigaflop():
    kinds = ("product", "convolution", "attention")
    return Speed(dict.fromkeys(kinds, 1e9), 1e9, 1e-6)
