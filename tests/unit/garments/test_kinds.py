"""Kinds and families."""

import pytest

from couturier.garments.kinds import all_kinds, families, family_of, find_kind, plain_kind


@pytest.mark.parametrize("word", ["tshirt", "t-shirt", "T Shirts", "Tee", "tees", "T-Shirts"])
def test_all_spellings_of_a_t_shirt_are_one_kind(word):
    assert find_kind(word) == "t-shirt"


@pytest.mark.parametrize(
    ("phrase", "kind", "family"),
    [
        ("Scarves", "scarf", "scarf"),
        ("Sunglasses", "sunglasses", "eyewear"),
        ("Printed Skater Dress", "dress", "dress"),
        ("long-sleeved top", "top", "top"),
        ("jeans", "jeans", "trousers"),
        ("Leg Warmer", "leg warmers", "socks"),
        ("Flip Flops", "flip flops", "shoes"),
        ("bikini bottom", "bikini bottom", "swimwear"),
        ("bucket hats", "bucket hat", "hat"),
    ],
)
def test_phrases_find_kind_and_family(phrase, kind, family):
    assert find_kind(phrase) == kind
    assert family_of(kind) == family


def test_what_is_no_garment_is_no_kind():
    assert find_kind("vodka") is None
    assert find_kind("") is None


def test_every_kind_finds_itself_and_has_a_family():
    kinds = all_kinds()
    assert len(kinds) > 120
    for kind in kinds:
        assert find_kind(kind) == kind
        assert family_of(kind) in families()
    assert plain_kind("trousers") == "pants"
