from pathlib import Path

import numpy as np
import pytest
import torch

from tools.mini.captions import write_caption
from tools.mini.checkpoints import (
    Averaged,
    Descent,
    load_average,
    rate_at,
    restore_state,
    save_state,
)
from tools.mini.classifier import KindClassifier, classify
from tools.mini.cutouts import find_foreground
from tools.mini.drawings import draw_garment
from tools.mini.figures import count_figure, format_table
from tools.mini.kinds import ARTICLE_TO_CLASS, ARTICLE_WORDS, CLASSES
from tools.mini.palette import ALL_LAB, CORE_NAMES, CORE_OF, name_core, recolour
from tools.mini.photos import Product
from tools.mini.scenes import LAYOUTS, Garment, SceneNotes
from tools.mini.towers import swap_colours

pytestmark = pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")

BOARD = SceneNotes(
    (
        Garment("Caps", "hat", "pink", "", "Men"),
        Garment("Jackets", "jacket", "orange", "", "Men"),
    ),
    worn=False,
)


def test_every_core_colour_names_itself() -> None:
    assert [CORE_OF[name] for name in CORE_NAMES] == list(CORE_NAMES)


@pytest.mark.parametrize("colour", CORE_NAMES)
def test_a_recoloured_product_has_the_colour_asked_for(colour: str) -> None:
    rng = np.random.default_rng(0)
    square = rng.integers(90, 130, (128, 128, 3)).astype(np.uint8)
    mask = np.ones((128, 128), bool)
    made = recolour(square, mask.astype(np.float32), ALL_LAB[colour], mask=mask)
    from skimage.color import rgb2lab

    assert name_core(np.median(rgb2lab(made).reshape(-1, 3), 0)) == colour


def test_the_foreground_is_what_no_white_from_the_border_reaches() -> None:
    square = np.full((128, 128, 3), 255, np.uint8)
    square[30:90, 40:80] = 60
    assert find_foreground(square, pale=False, filled=True).sum() == 60 * 40


def test_every_article_has_a_class_and_words() -> None:
    assert set(ARTICLE_TO_CLASS) <= set(ARTICLE_WORDS)
    assert set(ARTICLE_TO_CLASS.values()) == set(CLASSES[2:])


def test_layouts_have_a_slot_for_each_garment() -> None:
    assert all(len(slots) == count for count, ways in LAYOUTS.items() for slots in ways)


def test_a_caption_says_every_garment_with_its_colour() -> None:
    for seed in range(50):
        pieces = write_caption(BOARD, np.random.default_rng(seed))
        spoken = {owner: text for text, owner in pieces if owner >= 0}
        assert "pink" in spoken[0]
        assert "orange" in spoken[1]


def test_a_false_sentence_swaps_the_colours_of_a_board() -> None:
    pieces = [("pink cap", 0), (",", -1), ("orange jacket", 1)]
    swapped = swap_colours(pieces, BOARD, np.random.default_rng(0))
    assert [text for text, _ in swapped] == ["orange cap", ",", "pink jacket"]


def test_drawn_garments_come_with_a_mask_of_their_size() -> None:
    for kind in ("dress", "skirt", "hat"):
        pixels, alpha, _ = draw_garment(kind, ALL_LAB["red"], np.random.default_rng(1))
        assert pixels.shape[:2] == alpha.shape
        assert alpha.mean() > 0.3


def test_one_row_in_twenty_is_held_out() -> None:
    rows = [Product(str(i), "", "", "", "", "", "") for i in range(4000)]
    assert 0.04 < np.mean([row.held_out for row in rows]) < 0.06


def test_training_state_comes_back_as_it_was(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    averaged = Averaged(model, decay=0.9)
    save_state(tmp_path / "s.safetensors", model, optimizer, averaged=averaged, step=7)
    other = torch.nn.Linear(3, 2)
    moments = torch.optim.AdamW(other.parameters(), lr=0.1)
    found = Averaged(other, decay=0.9)
    assert restore_state(tmp_path / "s.safetensors", other, moments, averaged=found) == 7
    assert torch.equal(other.weight, model.weight)
    assert torch.equal(moments.state_dict()["state"][0]["exp_avg"],
                       optimizer.state_dict()["state"][0]["exp_avg"])  # fmt: skip


def go_down(path: Path, *, stop: int) -> None:
    """Go down a small loss as training does, on from where the file stands."""
    torch.manual_seed(1)
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    descent = Descent(
        path, model, optimizer, decay=0.9, peak=0.1, steps=stop, on_step=lambda *_: None
    )
    while descent.step < stop:
        inputs = torch.full((4, 3), 1.0 + descent.step)
        descent.take(model(inputs).square().mean(), "")


def test_steps_gone_down_in_two_sittings_change_the_weights_further(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    go_down(path, stop=3)
    before = torch.nn.Linear(3, 2)
    assert restore_state(path, before) == 3
    go_down(path, stop=6)
    after = torch.nn.Linear(3, 2)
    assert restore_state(path, after) == 6
    assert not torch.equal(before.weight, after.weight)


def test_a_missing_state_starts_at_step_0(tmp_path: Path) -> None:
    assert load_average(tmp_path / "none.safetensors", torch.nn.Linear(2, 2)) == 0


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [rate_at(step, steps=1000, peak=1.0) for step in (0, 500, 990)]
    assert rates == pytest.approx([0.01, 1.0, 0.04])


def test_a_line_of_figures_carries_wilsons_interval() -> None:
    figure = count_figure("colour right", 90, 100, wanted=">= 95 %")
    assert (figure.low, figure.high) == pytest.approx((0.8256, 0.9448), abs=1e-3)
    assert "| colour right | 90.0 % | 82.6 % to 94.5 % | 100 | >= 95 % |" in format_table([figure])


def test_a_kind_is_chosen_among_those_asked_for() -> None:
    torch.manual_seed(0)
    pictures = np.random.default_rng(0).integers(0, 255, (5, 128, 128, 3)).astype(np.uint8)
    named = classify(KindClassifier().eval(), pictures, among=("hat", "skirt"))
    assert set(named) <= {"hat", "skirt"}
