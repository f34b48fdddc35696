import numpy as np
import torch

from couturier.diffusion.beginning import Beginning, Keeper
from couturier.diffusion.collage import cut_out, lay_out
from couturier.diffusion.layout import list_boxes
from couturier.diffusion.sampling import build_scheduler


def make_thing(value: float, *, top: int = 32, left: int = 16) -> np.ndarray:
    picture = np.full((128, 128, 3), 0.95, np.float32)
    picture[top : top + 64, left : left + 96] = value
    return picture


def test_a_thing_is_cut_out_of_its_plain_ground() -> None:
    piece = cut_out(make_thing(0.2))
    assert piece is not None
    assert piece.shape == (64, 96, 4)
    assert np.allclose(piece[8:-8, 8:-8], (0.2, 0.2, 0.2, 1.0))


def test_what_fills_the_picture_cannot_be_cut_out() -> None:
    noise = np.random.default_rng(0).random((128, 128, 3), np.float32)
    assert cut_out(noise) is None
    assert lay_out([noise, make_thing(0.2)], list_boxes(2), (128, 128)) is None


def test_what_is_no_number_cannot_be_cut_out() -> None:
    assert cut_out(np.full((128, 128, 3), np.nan, np.float32)) is None


def test_what_an_outline_encloses_is_cut_out_with_it() -> None:
    shirt = make_thing(0.2)
    shirt[36:92, 20:108] = 0.95
    piece = cut_out(shirt)
    assert piece is not None
    assert piece[32, 48, 3] == 1


def test_things_stand_in_their_boxes_and_nowhere_else() -> None:
    values = [0.1, 0.4, 0.7]
    canvas = lay_out([make_thing(v) for v in values], list_boxes(3), (128, 192))
    assert canvas is not None
    assert canvas.shape == (128, 192, 3)
    for value, (left, top, right, bottom) in zip(values, list_boxes(3), strict=True):
        y, x = round((top + bottom) * 64), round((left + right) * 96)
        assert np.allclose(canvas[y, x], value, atol=0.01)
    assert np.allclose(canvas[:64, 95], 0.95, atol=0.01)  # between the two


def test_boxes_share_no_place_and_neighbours_in_the_list_never_stand_above_one_another() -> None:
    for n_things in range(2, 10):
        boxes = list_boxes(n_things)
        assert len(boxes) == n_things
        area = sum((b[2] - b[0]) * (b[3] - b[1]) for b in boxes)
        assert area <= 1 + 1e-9
    hat, top, bottom, bag, _ = list_boxes(5)
    assert top[1] == hat[1] < bottom[1] == bag[1]
    assert bag[0] < bottom[0]


def test_what_is_kept_ends_as_it_was() -> None:
    scheduler = build_scheduler("ddim", {"num_train_timesteps": 1000})
    scheduler.set_timesteps(10)
    clean, inside = torch.ones(1, 4, 8, 8), torch.zeros(8, 8)
    inside[:4] = 1
    drawn = Keeper(scheduler, clean, inside, seed=3).put_back(10, torch.zeros(1, 4, 8, 8))
    assert (drawn[:, :, 4:] == 1).all()
    assert (drawn[:, :, :4] == 0).all()


def test_skipped_steps_are_counted_as_diffusers_counts_them() -> None:
    assert Beginning(torch.zeros(1, 4, 8, 8), share=0.5).count_skipped(20) == 10
    assert Beginning(torch.zeros(1, 4, 8, 8), share=0.7).count_skipped(20) == 6
    assert Beginning(torch.zeros(1, 4, 8, 8), share=1.0).count_skipped(7) == 0
