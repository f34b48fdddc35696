import numpy as np
import pytest

from couturier.evaluate.distances import (
    measure_cmmd,
    measure_coverage,
    measure_fid,
    measure_kid,
    mmd_squared,
)


def cloud(n, *, shift=0.0, seed=0, width=6):
    return np.random.default_rng(seed).normal(shift, 1.0, (n, width))


def naive(first, second, kernel):
    """The unbiased estimate as the papers write it: three double sums."""
    m, n = len(first), len(second)
    own = sum(kernel(a, b) for i, a in enumerate(first) for j, b in enumerate(first) if i != j)
    other = sum(kernel(a, b) for i, a in enumerate(second) for j, b in enumerate(second) if i != j)
    cross = sum(kernel(a, b) for a in first for b in second)
    return own / (m * (m - 1)) + other / (n * (n - 1)) - 2 * cross / (m * n)


def test_a_discrepancy_worked_by_hand():
    first, second = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    # Linear kernel: pairs 0*1, 1*2, and the mean of (0, 0, 1, 2) across.
    assert mmd_squared(first, second, lambda a, b: a @ b.T) == pytest.approx(0 + 2 - 2 * 0.75)


def test_kid_is_the_papers_triple_sum():
    first, second = cloud(9), cloud(11, shift=0.4, seed=1)
    expected = naive(first, second, lambda a, b: (a @ b / len(a) + 1) ** 3)
    assert measure_kid(first, second).value == pytest.approx(expected)


def test_kid_agrees_with_torchmetrics():
    kid = pytest.importorskip("torchmetrics.image.kid", reason="torchmetrics is not installed")
    torch = pytest.importorskip("torch")
    first, second = cloud(12), cloud(12, shift=0.5, seed=1)
    theirs = kid.poly_mmd(torch.from_numpy(first), torch.from_numpy(second))
    assert measure_kid(first, second).value == pytest.approx(float(theirs))


def test_cmmd_is_the_papers_triple_sum_on_unit_vectors():
    first, second = cloud(8), cloud(10, shift=0.7, seed=1)
    units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (first, second)]
    expected = 1000 * naive(*units, lambda a, b: np.exp(-((a - b) @ (a - b)) / 200))
    assert measure_cmmd(first, second).value == pytest.approx(expected)


def test_two_draws_of_one_kind_are_not_told_apart():
    for measure in (measure_kid, measure_cmmd):
        same = measure(cloud(120), cloud(150, seed=1))
        assert same.low < 0 < same.high or abs(same.value) < 3 * (same.high - same.low)
        assert abs(same.value) < 0.05 * measure(cloud(120), cloud(150, shift=2, seed=1)).value + 0.1


def test_the_interval_holds_the_truth_in_most_draws():
    truth = measure_kid(cloud(1500, seed=90), cloud(1500, shift=0.5, seed=91)).value
    runs = [
        measure_kid(cloud(60, seed=s), cloud(60, shift=0.5, seed=s + 500), seed=s)
        for s in range(30)
    ]
    assert sum(run.low <= truth <= run.high for run in runs) >= 24


def test_blocks_do_not_change_the_value(monkeypatch):
    first, second = cloud(40), cloud(50, shift=0.2, seed=1)
    whole = measure_kid(first, second)
    monkeypatch.setattr("couturier.evaluate.distances._BLOCK", 7)
    assert measure_kid(first, second).value == pytest.approx(whole.value)


def test_precision_and_recall_worked_by_hand():
    # On a line; with one neighbour each point reaches as far as its nearest.
    catalogue = np.array([[0.0], [1.0], [10.0], [11.0]])
    looks = np.array([[0.5], [1.5], [30.0], [31.0]])
    found = measure_coverage(looks, catalogue, neighbours=1)
    assert (found.precision, found.recall) == (0.5, 0.5)


def test_pictures_of_one_kind_alone_are_precise_but_recall_little():
    catalogue = np.concatenate([cloud(60), cloud(60, shift=20, seed=1)])
    found = measure_coverage(cloud(60, seed=2), catalogue)
    assert found.precision > 0.7
    assert 0.3 < found.recall < 0.6


def test_too_few_pictures_give_no_distance():
    assert measure_kid(cloud(7), cloud(100)) is None
    assert measure_coverage(cloud(3), cloud(100)) is None
    assert measure_fid(cloud(500), cloud(20_000)) is None


def test_fid_of_wide_sets_worked_by_hand():
    first, second = cloud(10_000, width=2), 2 * cloud(10_000, width=2, seed=1) + 3
    # Variances 1 and 4 and means 0 and 3 on two axes: 2 x 3^2 + 2 x (2 - 1)^2.
    assert measure_fid(first, second) == pytest.approx(20, rel=0.03)


def test_fid_agrees_with_torchmetrics(monkeypatch):
    fid = pytest.importorskip("torchmetrics.image.fid", reason="torchmetrics is not installed")
    torch = pytest.importorskip("torch")
    monkeypatch.setattr("couturier.evaluate.distances.FEWEST_FID", 50)
    first, second = cloud(60), cloud(70, shift=0.5, seed=1)
    facts = [torch.from_numpy(x) for s in (first, second) for x in (s.mean(0), np.cov(s.T))]
    assert measure_fid(first, second) == pytest.approx(float(fid._compute_fid(*facts)))


def test_precision_and_recall_are_the_papers_balls():
    catalogue, looks = cloud(40), cloud(30, shift=0.8, seed=1)

    def is_within(point, manifold, k=3):
        reach = [sorted(np.linalg.norm(m - other) for other in manifold)[k] for m in manifold]
        near = zip(manifold, reach, strict=True)
        return any(np.linalg.norm(point - m) <= r for m, r in near)

    found = measure_coverage(looks, catalogue)
    assert found.precision == np.mean([is_within(one, catalogue) for one in looks])
    assert found.recall == np.mean([is_within(one, looks) for one in catalogue])


def test_sets_that_never_meet_share_nothing():
    found = measure_coverage(cloud(30, shift=50), cloud(30))
    assert (found.precision, found.recall) == (0.0, 0.0)
