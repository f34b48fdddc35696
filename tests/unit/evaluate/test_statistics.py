import pytest
from scipy.stats import binom

from couturier.evaluate.statistics import compare_pairs, measure_mean, measure_rate


def test_the_wilson_interval_is_the_one_worked_by_hand():
    rate = measure_rate(8, 10)  # z = 1.95996: centre (0.8 + z²/20) / (1 + z²/10), and its width
    assert (rate.low, rate.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_nothing_counted_leaves_everything_open():
    rate = measure_rate(0, 0)
    assert (rate.right, rate.n, rate.low, rate.high) == (0, 0, 0.0, 1.0)


def test_a_mean_lies_in_its_interval_and_is_drawn_the_same_again():
    values = [0.1, 0.2, 0.4, 0.5, 0.9]
    mean = measure_mean(values)
    assert mean.low < mean.value < mean.high
    assert mean == measure_mean(values)


def test_one_value_has_no_interval_and_none_no_mean():
    assert measure_mean([0.3]).low is None
    assert measure_mean([]) is None


def test_equal_values_have_an_interval_of_no_width():
    mean = measure_mean([0.5, 0.5, 0.5])
    assert (mean.low, mean.high) == (0.5, 0.5)


def test_mcnemar_is_the_binomial_tail_of_the_pairs_that_disagree():
    pairs = [(True, False)] * 8 + [(False, True)] + [(True, True)] * 20 + [(False, False)] * 3
    paired = compare_pairs(pairs)
    assert (paired.n, paired.both, paired.only_this, paired.only_other) == (32, 20, 8, 1)
    assert paired.p_value == pytest.approx(2 * binom.cdf(1, 9, 0.5))


def test_pairs_that_all_agree_tell_no_difference():
    assert compare_pairs([(True, True), (False, False)]).p_value == 1.0
