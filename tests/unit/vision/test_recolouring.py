import numpy as np
import pytest
from scipy import ndimage
from skimage.color import lab2rgb

from couturier.garments.colours import difference, find_colour
from couturier.vision.colours import measure_colour, to_lab
from couturier.vision.recolour import fit_mask, pack_mask, recolour, unpack_mask


def draw_folded(lab: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A cloth with soft folds before white, and its mask."""
    rows, columns = np.mgrid[:64, :64]
    cloth = np.full((64, 64, 3), (98.0, 0.0, 0.0))
    mask = (rows > 8) & (rows < 56) & (columns > 12) & (columns < 52)
    cloth[mask] = lab
    cloth[..., 0] += np.where(mask, 5 * np.sin(columns / 3), 0)
    return (lab2rgb(cloth) * 255).round().astype(np.uint8), mask


@pytest.mark.parametrize("asked", ["red", "navy", "white", "black", "#aabbcc", "yellow"])
@pytest.mark.parametrize("was", [(45.0, 55.0, 35.0), (80.0, -5.0, 40.0), (20.0, 0.0, 0.0)])
def test_a_garment_takes_the_colour_asked_for(asked, was) -> None:
    pixels, mask = draw_folded(was)
    target = find_colour(asked).lab
    made = recolour(pixels, mask, target)
    assert difference(measure_colour(made[mask]).lab, target) < 4
    assert np.array_equal(made[~mask], pixels[~mask])


def test_folds_stay_where_they_were() -> None:
    pixels, mask = draw_folded((45.0, 55.0, 35.0))
    made = recolour(pixels, mask, find_colour("royal blue").lab)
    inner = np.s_[14:50, 18:46]
    before, after = to_lab(pixels)[inner][..., 0], to_lab(made)[inner][..., 0]
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95


def test_a_mask_is_read_back_as_written() -> None:
    _, mask = draw_folded((50.0, 0.0, 0.0))
    assert np.array_equal(unpack_mask(pack_mask(mask)), mask)
    with pytest.raises(ValueError, match="no mask"):
        unpack_mask({"bits": "x"})


def test_in_a_larger_picture_the_rim_follows_the_colour() -> None:
    pixels, mask = draw_folded((45.0, 55.0, 35.0))
    large = np.kron(pixels, np.ones((4, 4, 1), np.uint8))
    coarse = np.roll(mask, 1, axis=1)[::2, ::2]
    found = fit_mask(coarse, large)
    truth = np.kron(mask, np.ones((4, 4), bool))
    assert (found & truth).sum() / (found | truth).sum() > 0.93


def test_what_hangs_together_in_one_colour_is_one_garment_but_another_keeps_its_place() -> None:
    pixels, mask = draw_folded((45.0, 55.0, 35.0))
    half = mask.copy()
    half[30:] = False
    half[15:20, 20:25] = False  # a hole the segmenter left
    assert (fit_mask(half, pixels) == mask).mean() > 0.99
    other = mask & ~half
    other[:30] = False
    kept = fit_mask(half, pixels, others=[other])
    assert not (kept & other).any()
    assert kept[16, 22]


def test_a_part_in_another_shade_is_taken_in_where_nearly_all_of_a_thing_is_meant() -> None:
    pixels, mask = draw_folded((45.0, 55.0, 35.0))
    band = mask & (np.mgrid[:64, :64][0] < 16)
    shaded = pixels.copy()
    shaded[band] = (90, 20, 110)
    assert (fit_mask(mask & ~band, shaded) == mask).mean() > 0.99
    half = mask & (np.mgrid[:64, :64][1] < 32)  # a jacket beside trousers: only half is meant
    other = pixels.copy()
    other[mask & ~half] = (90, 20, 110)
    assert not fit_mask(half, other)[30, 45]


def test_a_halo_around_a_garment_keeps_its_colour() -> None:
    lab = np.full((64, 64, 3), (97.0, -7.0, 3.0))
    lab[10:54, 14:50] = (85.0, -8.0, 72.0)
    soft = ndimage.gaussian_filter(lab, (3, 3, 0))  # a skirt as mini draws it, soft at its edge
    pixels = (lab2rgb(soft) * 255).round().astype(np.uint8)
    core = np.zeros((64, 64), bool)
    core[11:53, 15:49] = True
    found = fit_mask(core, pixels)
    likeness = (soft[..., 2] - 3.0) / 69.0  # 0 for the ground, 1 for the skirt
    assert likeness[found].min() > 0.25
    assert found[likeness > 0.5].mean() > 0.98
