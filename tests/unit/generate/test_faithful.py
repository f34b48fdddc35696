from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from couturier.garments.grammar import find_garments
from couturier.generate.draw import render_looks
from couturier.generate.faithful import Climb, Ladder, Placing, Start, plan_starts, to_picture
from couturier.generate.metadata import read_making
from couturier.generate.outfit import plan_collage
from couturier.generate.painter import open_painter
from couturier.generate.plan import plan_pictures
from couturier.generate.prompts import PromptRow, read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings
from couturier.generate.words import find_word_groups
from couturier.vision.masks import LabelledPicture
from couturier.vision.receipts import Sighting, sight_labelled

NAMES = ("background", "person", "hat", "jacket")
WHITE, RED, BLUE = (250, 250, 250), (200, 20, 30), (30, 60, 190)
ASKED = find_garments("red hat, blue jacket")


def make_board(hat: tuple[int, ...], jacket: tuple[int, ...] | None) -> np.ndarray:
    pixels = np.full((64, 64, 3), WHITE, np.uint8)
    pixels[5:20, 20:44] = hat
    if jacket:
        pixels[28:60, 12:52] = jacket
    return pixels.astype(np.float32) / 255


def judge(image: Image.Image) -> Sequence[Sighting]:
    """Knows where a board's garments are: whatever is not white there."""
    pixels = np.asarray(image)
    shown = pixels.min(axis=2) < 240
    labels = np.zeros((64, 64), np.uint8)
    labels[:24] = np.where(shown[:24], 2, 0)
    labels[24:] = np.where(shown[24:], 3, 0)
    return sight_labelled(LabelledPicture(pixels, labels, NAMES), ASKED)


class Boards:
    """A drawer whose starts are known pictures."""

    def __init__(self, *pictures: np.ndarray) -> None:
        self.pictures = dict(zip(plan_starts(7, len(pictures)), pictures, strict=True))
        self.finished: list[Start] = []

    def draw(self, start, *, look_after, look):
        picture = self.pictures[start]
        if look and not look(Image.fromarray((picture * 255).round().astype(np.uint8))):
            return None
        self.finished.append(start)
        return picture

    def find_places(self):
        return ()


def climb(*pictures: np.ndarray, budget_s: float | None = None) -> tuple[np.ndarray, Climb, Boards]:
    boards = Boards(*pictures)
    ladder = Ladder(ASKED, boards, judge, n_starts=len(pictures), budget_s=budget_s)
    pixels, result = ladder.climb(7)
    return pixels, result, boards


def test_a_plain_start_that_is_right_is_all_there_is() -> None:
    _, result, boards = climb(make_board(RED, BLUE), make_board(BLUE, RED))
    assert result.rungs == ("plain", "plain")
    assert len(result.tried) == 1
    assert boards.finished == [Start(7, guided=False)]


def test_starts_that_fail_are_dropped_until_one_is_right() -> None:
    _, result, boards = climb(
        make_board(BLUE, RED), make_board(RED, None), make_board(RED, BLUE), make_board(RED, BLUE)
    )
    assert [right for _, right in result.tried] == [0, 1, 2]
    assert result.rungs == ("re-drawn", "re-drawn")
    assert len(boards.finished) == 1
    assert result.start.seed != 7


def test_a_guided_start_of_the_same_seed_is_called_guided() -> None:
    _, result, _ = climb(make_board(RED, None), make_board(RED, BLUE))
    assert result.start == Start(7, guided=True)
    assert result.rungs == ("guided", "guided")


def test_what_is_found_in_a_wrong_colour_is_recoloured_and_nothing_else_moves() -> None:
    pixels, result, _ = climb(make_board(RED, RED), make_board(RED, None))
    assert result.rungs == ("plain", "recoloured")
    before = Image.fromarray((pixels * 255).round().astype(np.uint8))
    after = result.changes[0].apply(before)
    assert [one.receipt.verdict for one in judge(after)] == ["right", "right"]
    changed = np.any(np.asarray(after) != np.asarray(before), axis=2)
    assert changed.any()
    assert not changed[:28].any()


def test_a_garment_nobody_could_draw_is_told() -> None:
    _, result, _ = climb(make_board(RED, None), make_board(RED, None))
    assert result.rungs == ("plain", "none")


class Shop(Boards):
    """A drawer that can draw garments alone: a hat above, a jacket below."""

    alone = make_board(RED, BLUE)

    def find_places(self):
        return ((0, 0, 1, 0.4), (0, 0.4, 1, 1))

    def place(self, pixels, placing):
        made = pixels.copy()
        for number in placing.garments:
            rows = slice(0, 25) if number == 0 else slice(25, 64)
            made[rows] = self.alone[rows]
        return made


def test_a_missing_garment_is_drawn_alone_into_its_place() -> None:
    shop = Shop(make_board(BLUE, None), make_board(RED, None))
    ladder = Ladder(ASKED, shop, judge, n_starts=2, budget_s=None)
    pixels, result = ladder.climb(7)
    assert result.rungs == ("guided", "drawn alone")
    assert [placing.garments for placing in result.placed] == [(1,)]
    assert [one.receipt.verdict for one in judge(to_picture(pixels))] == ["right", "right"]
    assert Climb.from_dict(result.as_dict()) == result


def test_drawing_alone_that_helps_nothing_is_not_kept() -> None:
    shop = Shop(make_board(BLUE, None), make_board(RED, None))
    shop.alone = make_board(RED, None)
    _, result = Ladder(ASKED, shop, judge, n_starts=2, budget_s=None).climb(7)
    assert result.placed == ()
    assert result.rungs == ("guided", "none")


def test_garments_laid_out_begin_with_a_guided_start() -> None:
    assert plan_starts(7, 3, is_laid_out=True) == [Start(7, guided=True)]
    assert len(plan_starts(7, 8, is_laid_out=True)) == 4


def test_outfits_are_laid_out_from_head_to_feet_in_words_a_base_can_read() -> None:
    collage = plan_collage("#0a3161 shoes, red hat and a blue jacket")
    assert collage
    assert collage.sentences == ("blue shoes", "red hat", "blue jacket")
    tops = [box[1] for box in collage.boxes]
    assert tops[0] > tops[1] == tops[2]
    assert plan_collage("red hat") is None
    assert plan_collage("a woman wearing a red hat and a blue jacket") is None


def test_garments_drawn_alone_on_mini_are_drawn_again_bit_by_bit(tmp_path: Path) -> None:
    settings = GenerateSettings(base="mini", safety="off", steps=6, guidance=5, receipts=False)
    painter = open_painter(settings)
    (request,) = plan_pictures([PromptRow("red hat, blue jacket, green skirt")], settings)
    request = painter.fit(request)
    climb = Climb(Start(3, guided=True), placed=(Placing((1,), 5),))
    first, second = (painter.paint(request, climb=climb).image for _ in range(2))
    plain = painter.paint(request, climb=Climb(Start(3, guided=True))).image
    assert first.tobytes() == second.tobytes()
    changed = np.any(np.asarray(first) != np.asarray(plain), axis=2)
    assert changed.any()
    left, top, right, bottom = plan_collage(request.prompt).boxes[1]
    changed[round(top * 128) : round(bottom * 128), round(left * 128) : round(right * 128)] = False
    assert not changed.any()


def test_a_spent_budget_ends_the_tries() -> None:
    _, result, _ = climb(make_board(RED, None), make_board(RED, BLUE), budget_s=1e-9)
    assert len(result.tried) == 1


def test_what_was_decided_is_read_back_as_written() -> None:
    _, result, _ = climb(make_board(RED, RED), make_board(RED, None))
    again = Climb.from_dict(result.as_dict())
    assert again.as_dict() == result.as_dict()


@pytest.mark.parametrize(
    ("mode", "sampler", "fast"),
    [("guide", "euler-a", False), ("verify", "dpm++2m-karras", True), ("off", "ddim", True)],
)
def test_faithful_and_fast_pictures_are_drawn_again_bit_by_bit(
    settings: GenerateSettings, tmp_path: Path, mode: str, sampler: str, fast: bool
) -> None:
    asked = settings.model_copy(
        update={"faithful": mode, "starts": 3, "steps": 6, "sampler": sampler, "fast": fast}
    )
    (look,) = render_looks(read_prompts(["red hat, blue bag"]), out=tmp_path, settings=asked)
    result = replay_image(tmp_path / look.file)
    assert (result.equal, result.differences) == (True, ())
    if mode == "verify":
        assert len(look.extra["faithful"]["rungs"]) == 2
        assert 1 <= len(look.extra["faithful"]["tried"]) <= 3


def test_guiding_moves_the_picture_and_leaves_the_base_as_it_was(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    prompts = read_prompts(["red hat, blue bag"])
    painter = open_painter(settings.model_copy(update={"faithful": "guide", "steps": 4}))
    before = dict(painter._pipeline.unet.attn_processors)
    (guided,) = render_looks(
        prompts, out=tmp_path, settings=settings.model_copy(update={"faithful": "guide"})
    )
    (plain,) = render_looks(prompts, out=tmp_path, settings=settings)
    hashes = [read_making(tmp_path / look.file).pixels for look in (guided, plain)]
    assert hashes[0] != hashes[1]
    assert guided.settings["faithful"] == "guide"
    assert dict(painter._pipeline.unet.attn_processors) == before


def test_garments_words_are_found_in_the_tokens(settings: GenerateSettings) -> None:
    pipeline = open_painter(settings)._pipeline
    prompt = "a red hat and a blue bag"
    first, second = find_word_groups(pipeline, prompt)
    # The tiny tokenizer has one token a letter; place 0 marks the beginning, spaces have none.
    letters = [letter for letter in prompt if letter != " "]
    assert "".join(letters[place - 1] for place in first.nouns) == "hat"
    assert "".join(letters[place - 1] for place in second.modifiers) == "blue"


def test_weights_do_not_move_the_words(settings: GenerateSettings) -> None:
    pipeline = open_painter(settings)._pipeline
    plain = find_word_groups(pipeline, "a red hat and a blue bag")
    assert find_word_groups(pipeline, "a (red:1.3) hat and a (blue:0.8) bag") == plain


def test_a_sentence_without_colours_is_drawn_once(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    asked = settings.model_copy(update={"faithful": "verify"})
    (look,) = render_looks(read_prompts(["a quiet lake"]), out=tmp_path, settings=asked)
    assert "faithful" not in look.extra


def test_fast_draws_otherwise_and_is_recorded(settings: GenerateSettings, tmp_path: Path) -> None:
    hashes = []
    for fast in (False, True):
        asked = settings.model_copy(update={"steps": 8, "fast": fast})
        (look,) = render_looks(read_prompts(["red hat"]), out=tmp_path, settings=asked)
        assert look.settings["fast"] is fast
        hashes.append(read_making(tmp_path / look.file).pixels)
    assert hashes[0] != hashes[1]
