import pytest

from couturier.train.rates import learning_rate_at
from couturier.train.settings import TrainSettings


def _rates(steps, **settings):
    chosen = TrainSettings(learning_rate=1e-3, max_steps=10, **settings)
    return [pytest.approx(learning_rate_at(step, chosen) * 1e3) for step in steps]


def test_a_constant_learning_rate_is_constant():
    assert _rates([0, 5, 9]) == [1.0, 1.0, 1.0]


def test_the_warm_up_rises_to_the_full_rate_and_the_line_falls_to_0():
    assert _rates([0, 1, 2, 6, 10], warmup_steps=2, lr_scheduler="linear") == [
        0.5,
        1.0,
        1.0,
        0.5,
        0.0,
    ]


def test_the_cosine_is_half_way_in_the_middle():
    assert _rates([0, 5, 10], lr_scheduler="cosine") == [1.0, 0.5, 0.0]


def test_the_restarting_cosine_begins_anew_in_each_cycle():
    assert _rates([0, 4, 5], lr_scheduler="cosine-restarts", lr_cycles=2) == [
        1.0,
        pytest.approx(0.0955, abs=1e-4),
        1.0,
    ]


def test_the_polynomial_is_a_quarter_in_the_middle():
    assert _rates([0, 5, 10], lr_scheduler="polynomial") == [1.0, 0.25, 0.0]
