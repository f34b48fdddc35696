"""Seeds depend on their parts alone."""

from couturier.seeds import MAX_SEED, derive_seed


def test_the_same_parts_give_the_same_seed_for_ever() -> None:
    assert derive_seed(1, "noise", 7) == 3495853558307945960


def test_no_two_ways_of_cutting_the_parts_coincide() -> None:
    seeds = {derive_seed("ab", "c"), derive_seed("a", "bc"), derive_seed("abc"), derive_seed(1, 23)}
    seeds |= {derive_seed(12, 3), derive_seed("1", 23), derive_seed(123)}
    assert len(seeds) == 7
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
