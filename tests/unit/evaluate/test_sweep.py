from couturier.evaluate.records import Mean, Score, Sweep, Variant, read_sweep, write_sweep
from couturier.evaluate.statistics import measure_rate
from couturier.evaluate.sweep import choose


def variant(name, right, *, likeness=None, value=1.0, group="strength", n=20):
    mean = Mean(likeness, n, low=None, high=None) if likeness else None
    rate = measure_rate(right, n)
    return Variant(name, group, value, "looks", looks=rate, garments=rate, likeness=mean)


def scores(right, n=20):
    return [
        Score(f"{i}.png", (), None, i < right, "", {"prompt": "a dress", "seed": i})
        for i in range(n)
    ]


def choice(*variants, copying=()):
    name_of = {v.name: scores(v.looks.right) for v in variants}
    return choose(variants, name_of, {v.name: v.name in copying for v in variants})


def test_the_provably_most_faithful_is_chosen():
    best, why = choice(variant("a", 18, likeness=0.6), variant("b", 2, likeness=0.9))
    assert best == "a"
    assert "18 of 20 pictures, provably more often than any other" in why


def test_among_equals_the_one_most_like_the_catalogue_is_chosen():
    best, why = choice(variant("a", 18, likeness=0.6), variant("b", 17, likeness=0.9))
    assert best == "b"
    assert "it is the one most like the catalogue" in why
    assert "(the most is 18 of 20 pictures, by a)" in why


def test_without_a_catalogue_the_weaker_of_equals_is_chosen():
    best, why = choice(variant("1", 18, value=1.0), variant("0.5", 18, value=0.5))
    assert best == "0.5"
    assert "changes the base least" in why


def test_what_copies_and_the_base_alone_are_never_chosen():
    base = variant("base alone", 20, likeness=0.99, group="base")
    copier, honest = variant("copier", 19, likeness=0.98), variant("honest", 18, likeness=0.6)
    best, why = choice(base, copier, honest, copying=("copier",))
    assert best == "honest"
    assert "1 that copy training photographs are out" in why
    assert "train on more pictures" in choice(base, copier, copying=("copier",))[1]


def test_a_sweep_is_read_as_it_was_written(tmp_path):
    sweep = Sweep((variant("a", 3, likeness=0.5), variant("b", 4)), "a", "why", 2, 1)
    write_sweep(tmp_path, sweep)
    assert read_sweep(tmp_path) == sweep
