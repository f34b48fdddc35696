import numpy as np

from tools.sample_brand.drawing import (
    Placement,
    band,
    brush,
    dashes,
    ellipse,
    fill_mask,
    mirrored,
    read_knots,
    resample,
    trace,
)


def test_knots_are_read_from_their_text() -> None:
    assert read_knots("-52,8! 0,18.5") == [(-52.0, 8.0, 1), (0.0, 18.5)]


def test_a_curve_passes_all_its_knots() -> None:
    knots = [(0.0, 0.0), (10.0, 20.0), (30.0, 5.0)]
    path = trace(knots, closed=False)
    for knot in knots:
        assert np.min(np.hypot(*(path - np.array(knot)).T)) < 1e-6


def test_between_two_corners_a_curve_is_straight() -> None:
    square = trace("0,0! 10,0! 10,10! 0,10!")
    mask = fill_mask([square * 10], (101, 101))
    assert np.asarray(mask).mean() / 255 > 0.97


def test_a_mirrored_outline_is_symmetric() -> None:
    path = trace(mirrored(read_knots("0,0 20,5! 30,40! 0,50")))
    flipped = path * np.array([-1, 1])
    nearest = [np.min(np.hypot(*(path - point).T)) for point in flipped]
    assert max(nearest) < 0.5


def test_a_brush_stroke_is_as_wide_as_asked_in_its_middle() -> None:
    stroke = brush("0,0 50,0 100,0", 10)
    assert np.isclose(np.ptp(stroke[:, 1]), 10, atol=0.2)


def test_dashes_cover_their_share_of_a_line() -> None:
    line = np.array([[0.0, 0.0], [120.0, 0.0]])
    lengths = [np.ptp(dash[:, 0]) + 1 for dash in dashes(line, dash=7, gap=5)]
    assert len(lengths) == 10
    assert abs(sum(lengths) - 70) <= 7


def test_even_steps_meet_both_ends() -> None:
    path = resample(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 14.0]]), 1.0)
    assert np.allclose(np.hypot(*np.diff(path, axis=0).T), 1.0)
    assert np.allclose(path[-1], [3, 14])


def test_a_band_has_the_height_asked_for() -> None:
    ribbon = band(np.array([[0.0, 0.0], [5.0, 0.0], [10.0, 0.0]]), 4.0)
    assert ribbon[:, 1].min() == -2
    assert ribbon[:, 1].max() == 2


def test_a_placement_turns_scales_and_moves() -> None:
    moved = Placement(10, 20, 2.0, 90).apply(np.array([[1.0, 0.0]]))
    assert np.allclose(moved, [[10, 22]])


def test_an_ellipse_keeps_its_middle() -> None:
    assert np.allclose(ellipse(3, 4, 5, 2).mean(axis=0), [3, 4])
