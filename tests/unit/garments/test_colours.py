"""Colour words, differences and verdicts."""

import numpy as np
import pytest

from couturier.garments.colours import (
    BASIC,
    all_colours,
    basic_colour,
    difference,
    find_colour,
    find_colours,
    hex_of,
    judge_colour,
    lab_of,
    name_colour,
)

# Sharma, Wu, Dalal 2005, table 1: pairs chosen where other codes of the formula go wrong.
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, -0.001, 2.49), (50.0, 0.0011, -2.49), 4.7461),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "delta"), SHARMA)
def test_differences_are_those_of_sharma_2005(one, other, delta):
    assert difference(one, other) == pytest.approx(delta, abs=5e-5)


def test_differences_of_many_colours_come_as_an_array():
    deltas = difference(np.zeros((4, 3)), (10.0, 0.0, 0.0))
    assert deltas.shape == (4,)


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("hot pink", "pink"),
        ("Navy Blue", "blue"),
        ("light gray", "grey"),
        ("off-white", "white"),
        ("rust", "brown"),
        ("sage", "green"),
        ("dark olive", "green"),
        ("vibrant red", "red"),
        ("rust-brown", "brown"),
        ("#0A3161", "blue"),
    ],
)
def test_shop_words_have_a_basic_word(word, base):
    colour = find_colour(word)
    assert colour is not None
    assert colour.base == base


@pytest.mark.parametrize("word", ["multi", "black and white", "vodka", "", "#12", "light"])
def test_what_names_no_one_colour_is_none(word):
    assert find_colour(word) is None


def test_several_colours_are_found_in_order():
    names = [one.name for one in find_colours("sage, rust & off-white, vodka and #0a3161")]
    assert names == ["sage", "rust", "off white", "#0a3161"]


def test_shades_move_lightness_their_way():
    plain, light, dark = (find_colour(word) for word in ("green", "light green", "dark green"))
    assert dark.lab[0] < plain.lab[0] < light.lab[0]


def test_lab_and_hex_go_round():
    assert lab_of("#ffffff") == pytest.approx((100, 0, 0), abs=0.02)
    assert [hex_of(lab_of(value)) for value in ("#0a3161", "#f0288c")] == ["#0a3161", "#f0288c"]


def test_every_word_is_right_for_its_own_colour():
    colours = all_colours()
    assert len(colours) > 200
    assert [one.name for one in colours if judge_colour(one.name, one.lab).ok is not True] == []


def test_basic_colours_name_themselves():
    assert [name_colour(basic_colour(base).lab).name for base in BASIC] == list(BASIC)


def test_names_come_from_the_palette_asked_for():
    palette = [colour for word in ("sage", "rust") if (colour := find_colour(word))]
    assert name_colour(lab_of("#90a080"), among=palette).name == "sage"
    assert name_colour(lab_of("#1b2442"), among="all").name in {"navy", "navy blue"}


@pytest.mark.parametrize(
    ("asked", "seen", "ok"),
    [
        ("blue", "#a3c6e6", True),
        ("blue", "#1b2442", True),
        ("navy", "#a3c6e6", False),
        ("navy", "#050505", False),
        ("teal", "#35a475", "unsure"),  # green all right, and yet no teal
        ("black", "#666564", "unsure"),  # black in bright light or grey in dim light
        ("black", "#868689", False),
        ("gold", "#be977d", "unsure"),
        ("gold", "#c8161d", False),
        ("black", "#1b2442", False),
        ("white", "#f1e5c6", False),
        ("beige", "#6a4530", False),
        ("brown", "#d9c7a8", False),
        ("grey", "#868689", True),
        ("red", "#f08cb2", False),
        ("hot pink", "#f0288c", True),
        ("black and white", "#0c0c0e", "unsure"),
        ("black and white", "#c8161d", False),
        ("multi", "#c8161d", "unsure"),
    ],
)
def test_verdicts_follow_the_rule(asked, seen, ok):
    assert judge_colour(asked, lab_of(seen)).ok == ok


def test_a_colour_between_two_families_is_unsure():
    ways = np.linspace(lab_of("#868689"), lab_of("#2459b0"), 40)
    verdicts = [judge_colour("blue", lab).ok for lab in ways]
    assert verdicts[0] is False
    assert "unsure" in verdicts
    assert verdicts[-1] is True
