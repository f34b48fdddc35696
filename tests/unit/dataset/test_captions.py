from pathlib import Path

import pytest
from pydantic import ValidationError

from couturier.catalogue.records import Product
from couturier.dataset.buckets import choose_bucket
from couturier.dataset.captions import write_caption
from couturier.dataset.seen import see_garments
from couturier.dataset.settings import DatasetSettings
from couturier.dataset.tokens import MAX_TOKENS, cut_to_tokens, estimate_tokens, split_sentences


def product(title="", description="", **fields):
    return Product("1", 1, title, description, (Path("1.jpg"),), fields)


def caption(row, template="auto"):
    return write_caption(row, see_garments(row), template=template)


def seen(row):
    return [garment.phrase() for garment in see_garments(row)]


def test_what_is_seen_comes_first_then_the_copy():
    row = product("Lia Red Satin Midi Dress", "Own the room  Every room, babe")
    assert caption(row).text == "red satin midi dress. Own the room. Every room, babe."


def test_copy_that_adds_nothing_is_not_said_twice():
    assert caption(product(description="A pair of grey jeans.")).text == "grey jeans."


def test_a_set_has_an_entry_a_garment():
    row = product("Nia Set", "A white jersey top, paired with a black mini skirt.")
    assert seen(row) == ["white jersey top", "black mini skirt"]


def test_long_copy_is_cut_at_a_sentence_and_told():
    row = product("Red Dress", " ".join(f"Sentence number {n} says little." for n in range(40)))
    told = caption(row)
    assert told.text.startswith("red dress. Sentence number 0 says little.")
    assert told.text.endswith("says little.")
    assert estimate_tokens(told.text) <= MAX_TOKENS
    assert told.faults[0][0] == "cut caption"


def test_a_sentence_too_long_is_cut_at_a_comma_and_never_ends_on_a_small_word():
    sentence = "first thing, " + "and then that and " * 40
    assert cut_to_tokens([sentence], 20) == ["first thing"]
    assert cut_to_tokens(["one two three of the four"], 6) == ["one two three"]


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("red dress", 2), ("it's 100%", 6), ("T-shirt!", 4)]
)
def test_tokens_are_counted_as_clip_parts_them(text, tokens):
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize("letter", ["赤", "👗", "a"])
def test_writing_without_spaces_is_cut_too(letter):
    made = caption(product(description=letter * 5000))
    assert 20 <= made.text.count(letter) <= 300
    assert estimate_tokens(made.text) <= MAX_TOKENS
    assert "cut caption" in dict(made.faults)


def test_sentences_of_scripts_without_spaces_are_parted():
    assert cut_to_tokens(split_sentences("赤い服。" * 40), MAX_TOKENS)[0] == "赤い服。"


def test_50000_characters_are_cut_in_no_time():
    told = caption(product("Red Dress", "Buy me now! " * 5000))
    assert estimate_tokens(told.text) <= MAX_TOKENS


def test_fields_fill_in_what_the_text_leaves_open():
    row = product(description="Simply the best.", article_type="Tshirts", base_colour="Navy Blue")
    assert seen(row) == ["navy blue t-shirt"]
    row = product(
        description="A long-sleeved shirt.", colors=["red", "white"], material="100% cotton"
    )
    assert seen(row) == ["red and white cotton long sleeve shirt"]


def test_a_colour_field_goes_before_a_brands_colour_but_not_before_a_closer_shade():
    row = product("Red Tape Men Casual Shoe", article_type="Casual Shoes", base_colour="Black")
    assert seen(row)[0].startswith("black")
    row = product("Hot Pink Mini Skirt", base_colour="Pink")
    assert seen(row) == ["hot pink mini skirt"]


def test_a_type_field_makes_one_garment_of_a_brands_name():
    row = product("Regent Polo Men Check Black Shirt", article_type="Shirts", base_colour="Black")
    assert [garment.kind for garment in see_garments(row)] == ["shirt"]


@pytest.mark.parametrize("nothing", ["NA", None, "", "unknown", float("nan"), {}, []])
def test_fields_that_say_nothing_change_nothing(nothing):
    row = product("Red Dress", base_colour=nothing, material=nothing, category=nothing)
    assert seen(row) == ["red dress"]


def test_the_description_way_falls_back_on_the_title_and_says_so():
    told = caption(product("Red Dress"), "description")
    assert told.text == "Red Dress"
    assert told.faults[0][0] == "no description"


def test_a_row_that_says_nothing_gives_no_caption():
    told = caption(product())
    assert (told.text, [kind for kind, _ in told.faults]) == ("", ["no text"])


def test_a_near_empty_caption_and_a_missing_garment_are_told():
    assert [kind for kind, _ in caption(product(description="Wow")).faults] == [
        "short caption",
        "no garment",
    ]


def test_a_template_closes_the_gaps_of_empty_fields():
    row = product("Red Dress", season="")
    told = caption(row, "{title}, {season}, {colour} {kind}")
    assert told.text == "Red Dress, red dress"
    assert told.faults == (("empty field", "the row has no season"),)


def test_a_long_description_is_told_when_it_may_not_be_cut():
    told = caption(product("Red Dress", "word " * 100), "description")
    assert told.faults == (
        ("long caption", "about 102 tokens; the text encoder reads the first 77"),
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{title.__class__}", "is no field"),
        ("{0}", "is no field"),
        ("{title!r}", "is no field"),
        ("{title:>99}", "is no field"),
        ("{title", "no template"),
        ("just words", "names no field"),
    ],
)
def test_a_template_that_reaches_further_than_fields_is_refused(template, message):
    with pytest.raises(ValidationError, match=message):
        DatasetSettings(caption=template)


def test_a_slogan_is_a_fact_of_the_garment_and_no_part_of_the_caption():
    row = product("", "Hot girls drink vodka. A white jersey graphic top for the night.")
    told = caption(row)
    assert see_garments(row)[0].print_text == "Hot girls drink vodka"
    assert told.text == (
        "white jersey graphic top with printed words. A white jersey graphic top for the night."
    )
    assert caption(row, "{kind}: {print_text}").text == "top: Hot girls drink vodka"


@pytest.mark.parametrize("word", ["bitch", "B*TCH", "f**k", "sh!t", "a$$", "damn"])
def test_sentences_with_swear_words_are_left_out_and_told(word):
    told = caption(product("Red Satin Dress", f"Boss {word} energy. Soft to touch."))
    assert told.text == "red satin dress. Soft to touch."
    assert told.faults == (("swear word", f"sentences with {word} are left out"),)


def test_words_that_only_look_like_swear_words_stay():
    copy = "Hello, classic cocktail hour! *New* in: a cockpit-ready look, 5* rated."
    assert caption(product("Red Satin Dress", copy)).text == f"red satin dress. {copy}"


def test_where_nothing_else_is_said_only_the_word_itself_goes():
    assert caption(product("", "So damn good for you")).text == "So good for you."


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        ((512, 512), (512, 512)),
        ((384, 512), (448, 576)),
        ((512, 256), (704, 320)),
        ((9, 900), None),
    ],
)
def test_a_picture_belongs_to_the_bucket_nearest_its_shape(size, bucket):
    found = choose_bucket(*size, 512)
    assert bucket in (None, found)
    assert found[0] * found[1] <= 512 * 512
    assert not any(side % 64 for side in found)
