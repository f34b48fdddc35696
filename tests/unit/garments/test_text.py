"""Shop copy cleaned."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from couturier.garments.text import clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<p>Stay <strong>warm</strong>.</p>\n<p>Be soft</p>", "Stay warm. Be soft"),
        ("one<br/>two", "one  two"),
        ("5 &lt; 6 &amp;amp; soft&nbsp;cotton", "5 < 6 & soft cotton"),
        ("<script>alert('x')</script>A dress", "A dress"),
        ("A <!-- hidden --> dress", "A dress"),
        ("a\u202ered\u202c dress\u200b\x00", "ared dress"),
        ("cafe\u0301", "caf\u00e9"),
        ("  a   b  ", "a  b"),
        ("less than <3 of love", "less than <3 of love"),
    ],
)
def test_markup_entities_and_invisible_characters_go(raw, clean):
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a designYou love", "a design  You love"),
        ("throughoutthe day", "throughout the day"),
        ("combination ofthisblack top", "combination of this black top"),
        ("a figure-huggingfit", "a figure-hugging fit"),
        ("wide-legblue jeans", "wide-leg blue jeans"),
        ("Featuringa top", "Featuring a top"),
        ("made of Pontefabric", "made of Ponte fabric"),
        ("guaranteedto fit", "guaranteed to fit"),
    ],
)
def test_words_run_together_are_parted(raw, clean):
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        "FlexActive McQueen eShop iPhone Redtape Legend",
        "summertime outstanding together forever island suitable",
        "waistline neckline sunglasses handbag forget another",
        "sustainable multicolor meadow wonderland butterfly",
    ],
)
def test_whole_words_and_names_stay_whole(text):
    assert clean_text(text) == text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_clean_text_has_no_control_characters_and_no_tags(raw):
    clean = clean_text(raw)
    assert "\n" not in clean
    assert "   " not in clean
    assert clean == clean.strip()
