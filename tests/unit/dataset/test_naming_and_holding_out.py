import pytest

from couturier.dataset.names import FileNames, make_safe
from couturier.dataset.split import hold_out


def names_of(*products):
    names = FileNames()
    stems = [names.choose_stem(image_id) for image_id, _ in products]
    return [
        tuple(f"{names.number(stem, n, image_id)}.jpg" for n in range(n_pictures))
        for stem, (image_id, n_pictures) in zip(stems, products, strict=True)
    ]


@pytest.mark.parametrize(
    "image_id", ["0001", "bag-183-1", "A.b_c", "ключ", "trainers-2", "contest"]
)
def test_a_safe_id_is_its_own_name(image_id):
    assert make_safe(image_id) == image_id


@pytest.mark.parametrize(
    "image_id",
    ["a/b", "../up", ".hidden", "a b", "CON", "x" * 500, "é" * 300, "///", "a\0b", "a:b"],
)
def test_an_unsafe_id_gets_a_safe_name_of_its_own(image_id):
    name = make_safe(image_id)
    assert name != image_id
    assert name
    assert not set(name) & set('/\\:*?"<>| \0')
    assert not name.startswith((".", "-"))
    assert len(name.encode()) < 140


@pytest.mark.parametrize("image_id", ["test-1", "my.train", "val_2", "eval", "x-Dev-y", "1test1"])
def test_no_name_looks_like_a_split_to_datasets(image_id):
    assert make_safe(image_id) != image_id


def test_two_ids_never_share_a_file():
    names = names_of(("a", 1), ("A", 1), ("a b", 1), ("a-b", 1), ("p", 3), ("p-2", 1))
    flat = [name.casefold() for own in names for name in own]
    assert len(set(flat)) == len(flat) == 8
    assert names[0] == ("a.jpg",)
    assert names[5] == ("p-2.jpg",)


def test_an_id_with_an_ending_keeps_its_stem():
    assert names_of(("0001.png", 1)) == [("0001.jpg",)]


def test_the_share_is_held_out_and_the_seed_chooses():
    ids = [str(n) for n in range(4000)]
    one, other = (hold_out(ids, [[i] for i in ids], share=0.05, seed=seed) for seed in (1, 2))
    assert 150 < sum(one) < 250
    assert one != other


def test_new_rows_move_no_other_product():
    ids = [str(n) for n in range(100)]
    few = hold_out(ids[:50], [[i] for i in ids[:50]], share=0.3, seed=0)
    many = hold_out(ids, [[i] for i in ids], share=0.3, seed=0)
    assert many[:50] == few


def test_what_shares_a_key_over_any_chain_goes_one_way():
    ids = [str(n) for n in range(90)]
    keys = [[f"a{n // 3}", "" if n % 3 else f"b{n // 6}"] for n in range(90)]
    held = hold_out(ids, keys, share=0.4, seed=3)
    assert {len(set(held[n : n + 6])) for n in range(0, 90, 6)} == {1}
    assert len(set(held)) == 2


def test_never_is_everything_held_out():
    assert hold_out(["a"], [["a"]], share=1.0, seed=0) == [False]
