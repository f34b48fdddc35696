import torch

from couturier.diffusion.attention import find_shape
from couturier.diffusion.layout import choose_slots


def test_each_thing_gets_the_slot_it_is_seen_in() -> None:
    shares = torch.zeros(2, 16, 16)
    shares[0, 10:, 4:12] = 0.5  # the first thing below, the second above
    shares[1, :6, 4:12] = 0.5
    first, second = choose_slots(shares)
    assert first[12, 8] == second[3, 8] == 1
    assert (first * second).sum() == 0


def test_a_thing_seen_nowhere_gets_what_the_others_leave() -> None:
    shares = torch.zeros(3, 16, 16)
    shares[0, :8, :8] = shares[1, :8, 8:] = 0.6
    slots = choose_slots(shares)
    assert slots[2, 12, 8] == 1
    assert slots.sum(0).max() == 1


def test_any_number_of_things_finds_room() -> None:
    for n_things in range(1, 10):
        slots = choose_slots(torch.rand(n_things, 12, 20, generator=torch.Generator()))
        assert slots.shape == (n_things, 12, 20)
        assert (slots.sum((1, 2)) > 0).all()


def test_a_layer_has_the_picture_s_proportions() -> None:
    assert find_shape(24 * 16, (48, 32)) == (24, 16)
    assert find_shape(3 * 4, (5, 7)) == (3, 4)
