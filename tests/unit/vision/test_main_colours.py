import numpy as np
import pytest

from couturier.garments.colours import hex_of
from couturier.vision.colours import measure_colour, part_by_colour, to_lab


def shade(rgb, count, *, spread=0.25, seed=0):
    """Pixels of one cloth under uneven light: `rgb` darkened and lightened."""
    light = np.random.default_rng(seed).normal(1.0, spread / 2, size=(count, 1))
    return np.clip(np.array(rgb) * light, 0, 255).astype(np.uint8)


def gap(lab, rgb):
    return np.linalg.norm(np.array(lab) - to_lab(np.array([[rgb]], dtype=np.uint8))[0, 0])


@pytest.mark.parametrize(
    "rgb", [(200, 30, 40), (20, 20, 22), (245, 245, 243), (40, 60, 150), (222, 200, 160)]
)
def test_the_colour_of_a_shaded_cloth_is_found(rgb):
    found = measure_colour(shade(rgb, 2000))
    assert gap(found.lab, rgb) < 6
    assert found.share > 0.6


def test_glints_and_deep_folds_do_not_pull_the_colour():
    cloth = shade((30, 90, 160), 1000, spread=0.1)
    glint = np.full((120, 3), 255, np.uint8)
    fold = np.full((200, 3), 4, np.uint8)
    found = measure_colour(np.concatenate([cloth, glint, fold]))
    assert gap(found.lab, (30, 90, 160)) < 3
    assert found.second is None


def test_a_print_in_another_colour_is_the_second_colour():
    found = measure_colour(np.concatenate([shade((250, 250, 250), 700), shade((200, 0, 0), 300)]))
    assert gap(found.lab, (250, 250, 250)) < 8
    assert gap(found.second, (200, 0, 0)) < 8
    assert not found.mixed


def test_even_stripes_are_mixed():
    found = measure_colour(np.concatenate([shade((250, 250, 250), 500), shade((20, 30, 90), 500)]))
    assert found.mixed


def test_light_and_shade_of_one_cloth_are_not_two_colours():
    bright, dark = shade((210, 40, 40), 600, spread=0.05), shade((150, 28, 28), 400, spread=0.05)
    assert not measure_colour(np.concatenate([bright, dark])).mixed


def test_no_pixels_have_no_colour():
    assert measure_colour(np.zeros((0, 3), np.uint8)) is None


def test_no_pixels_have_no_parts():
    assert part_by_colour(np.zeros((0, 3))).size == 0


def test_a_single_pixel_has_its_own_colour():
    assert hex_of(measure_colour(np.array([[195, 59, 47]], np.uint8)).lab) == "#c33b2f"


def test_the_measure_is_deterministic():
    pixels = np.random.default_rng(1).integers(0, 256, size=(9000, 3), dtype=np.uint8)
    assert measure_colour(pixels) == measure_colour(pixels)
