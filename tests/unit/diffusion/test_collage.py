import torch

from couturier.diffusion.beginning import Beginning, Keeper
from couturier.diffusion.collage import cut_out, lay_out
from couturier.diffusion.layout import list_boxes
from couturier.diffusion.sampling import build_scheduler


def make_thing(value: float, *, top: int = 4, left: int = 2) -> torch.Tensor:
    latents = torch.full((4, 16, 16), 0.1)
    latents[:, top : top + 8, left : left + 12] = value
    return latents


def test_a_thing_is_cut_out_of_its_plain_ground() -> None:
    cut = cut_out(make_thing(2.0))
    assert cut
    piece, ground = cut
    assert piece.shape == (4, 8, 12)
    assert torch.allclose(ground, torch.tensor(0.1))


def test_what_fills_the_picture_cannot_be_cut_out() -> None:
    noise = torch.randn((4, 16, 16), generator=torch.Generator().manual_seed(0))
    assert cut_out(noise) is None
    assert lay_out(torch.stack([noise, make_thing(2.0)]), list_boxes(2), (16, 16)) is None


def test_things_stand_in_their_boxes_and_nowhere_else() -> None:
    values = [1.0, 2.0, 3.0]
    canvas = lay_out(torch.stack([make_thing(v) for v in values]), list_boxes(3), (16, 24))
    assert canvas is not None
    assert canvas.shape == (1, 4, 16, 24)
    for value, (left, top, right, bottom) in zip(values, list_boxes(3), strict=True):
        y, x = round((top + bottom) * 8), round((left + right) * 12)
        assert torch.allclose(canvas[0, :, y, x], torch.tensor(value), atol=0.1)
    assert torch.allclose(canvas[0, :, :8, 11], torch.tensor(0.1), atol=0.1)  # between the two


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
