"""The grammar at its seam: sentences in, garments out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from couturier.garments.grammar import find_garments, find_spans
from couturier.garments.records import Garment, describe

VODKA = (
    "Hot girls drink vodka This iconic set features a white jersey graphic top, paired with a "
    "black bikini bottom and black mini skirt for a look that is perfect for a night out."
)


WORDS = ["red", "hot", "pink", "top", "and", ",", "-", "in", "a", "the", "set", "dress", "/", "tie"]


def said(text: str, title: str | None = None) -> str:
    return describe(find_garments(text, title=title))


def test_each_garment_of_a_list_keeps_its_own_colour():
    assert said("Pink bucket hat, orange jacket, white tshirt") == (
        "pink bucket hat, orange jacket, white t-shirt"
    )


def test_a_slogan_is_printed_on_the_graphic_garment_and_is_no_garment():
    garments = find_garments(VODKA)
    assert [one.kind for one in garments] == ["top", "bikini bottom", "skirt"]
    assert [one.colour for one in garments] == ["white", "black", "black"]
    assert [one.print_text for one in garments] == ["Hot girls drink vodka", None, None]


def test_quoted_words_are_print_text_as_written():
    (tee,) = find_garments('An off-white tee that says "NO BAD DAYS"')
    assert (tee.colour, tee.print_text) == ("off white", "NO BAD DAYS")


def test_later_namings_fill_in_the_first():
    text = (
        "Elevating the crop top game with a twist of elegance. Made from drapey satin fabric, this "
        "green cropped top has an asymmetrical hem, and one strap detail"
    )
    (top,) = find_garments(text)
    assert (top.colour, top.material, top.length) == ("green", "satin", "cropped")
    assert top.neckline == "one shoulder"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("denim jacket", Garment("jacket", material="denim")),
        ("black jean shorts", Garment("shorts", "black", material="denim")),
        ("nude heels", Garment("heels", "nude")),
        ("a blue shirt dress", Garment("dress", "blue", fit="shirt")),
        ("grey sweater mini dress", Garment("dress", "grey", "sweater knit", length="mini")),
        ("brown tube dress", Garment("dress", "brown", fit="tube")),
        ("a black crop top", Garment("top", "black", length="cropped")),
        ("vegan leather pants", Garment("pants", material="faux leather")),
        ("lemon-print panty", Garment("panties", pattern="lemon print")),
        ("red and white striped t-shirt", Garment("t-shirt", "red and white", pattern="striped")),
        ("rose gold watch with a leather strap", Garment("watch", "rose gold")),
        ("a #0a3161 jacket", Garment("jacket", "#0a3161")),
        ("light grey crewneck sweater", Garment("sweater", "light grey", neckline="crew neck")),
    ],
)
def test_compounds_are_read_as_one_garment(text, expected):
    assert find_garments(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Hot girls drink vodka",
        "She is red-hot and green with envy",
        "golden hour with an orange juice",
        "dress it up, dress it down, on top of the world",
        "watch them fall head over heels",
        "pair it with white sneakers and blue jeans",
    ],
)
def test_talk_yields_no_garment(text):
    assert find_garments(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She's red-hot in this black slip dress", "black slip dress"),
        ("Perfect for a black tie event, this navy suit", "navy suit"),
        ("green with envy white sneakers", "white sneakers"),
        ("black dress with white collar and gold buttons", "black dress"),
        ("Our TIANA dress, now in red. You're welcome", "red dress"),
        ("This dress, now in red.", "red dress"),
        ("a hoodie in red and dark blue jeans", "red hoodie, dark blue jeans"),
        ("white top black skirt", "white top, black skirt"),
    ],
)
def test_colours_of_talk_and_of_parts_stay_out(text, expected):
    assert said(text) == expected


def test_a_matching_garment_shares_colour_and_fabric():
    assert said("Featuring a matching hot pink chainmail top and skirt") == (
        "hot pink chainmail top, hot pink chainmail skirt"
    )


def test_a_garment_with_its_own_fabric_or_article_shares_nothing():
    assert said("a white jersey top and twill micro mini skirt") == (
        "white jersey top, twill micro mini skirt"
    )
    assert said("a white top, and a mini skirt") == "white top, mini skirt"


def test_garments_without_colour_take_that_of_their_set():
    text = "this pink knit set - featuring a cropped jacket, and relaxed pants"
    assert said(text) == "pink knit cropped jacket, pink knit relaxed pants"


def test_a_set_told_only_by_colour_comes_as_a_set():
    assert said("Come in with this cotton green set", title="Cozy Lounge Set") == "green cotton set"
    assert said("Flower power and denim dreams", title="Daniella Darling Set") == ""


def test_the_title_comes_first_and_the_copy_fills_it_in():
    copy = "Slip into this romper. Made from satin fabric, with a bustier and flutter sleeves"
    assert said(copy, title="Nett Lavender Ruffle Romper") == (
        "lavender satin flutter sleeve ruffled romper"
    )


def test_garments_to_wear_with_it_are_left_out_where_the_title_names_one():
    copy = "Balance this with a tight top. Throw on any jeans and heels"
    assert said(copy, title="Kimmy Black Mini Skirt") == "black mini skirt"


def test_titles_may_name_brands_lines_and_the_colour_last():
    assert said("", title="U.S. Polo Assn. Men Stripes Navy Blue Sweater").startswith("navy blue")
    assert said("", title="Maddy Spellbound Skirt Pink/Navy") == "pink and navy skirt"
    assert said("", title="Olive Black Lace Dress") == "black lace dress"


def test_html_and_lost_spaces_do_not_hide_garments():
    text = "<p>Cosy&nbsp;&amp; soft</p>The combination ofthisblack satin top, wide-legblue jeans"
    assert said(text) == "black satin top, blue wide leg jeans"


def test_spans_hold_the_words_of_kind_and_colour():
    text = "A hot pink top and skirt, a hoodie in light blue"
    top, skirt, hoodie = find_spans(text)

    def words(span):
        return text[span[0] : span[1]]

    assert (words(top.phrase), words(top.kind)) == ("hot pink top", "top")
    assert [words(span) for span in top.colours] == ["hot pink"]
    assert (words(skirt.kind), skirt.colours) == ("skirt", top.colours)
    assert [words(span) for span in hoodie.colours] == ["light blue"]


def test_spans_of_two_colours_are_two():
    (shirt,) = find_spans("black and white checked shirt")
    assert shirt.colours == ((0, 5), (10, 15))
    assert shirt.garment.colour == "black and white"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "red",
                    "hot",
                    "pink",
                    "top",
                    "and",
                    ",",
                    "-",
                    "in",
                    "a",
                    "the",
                    "set",
                    "dress",
                    "/",
                    "tie",
                    "long",
                    "sleeve",
                ]
            ),
            st.text(max_size=8),
        ),
        max_size=30,
    )
)
def test_any_text_is_read_without_a_fault(words):
    text = " ".join(words)
    find_garments(text, title=text)
    for span in find_spans(text):
        assert 0 <= span.phrase[0] <= span.kind[0] < span.kind[1] <= len(text)


@pytest.mark.parametrize("word", ["one", "any", "every", "same"])
def test_a_word_that_counts_is_no_motif(word):
    (dress,) = find_garments(f"A {word} print mini dress.")
    assert dress.pattern == "printed"
    (skirt,) = find_garments("a lemon print skirt")
    assert skirt.pattern == "lemon print"


def test_a_garment_survives_its_dictionary():
    garment = Garment("top", "hot pink", material="jersey", print_text="Go")
    assert Garment.from_dict({**garment.as_dict(), "more": "x"}) == garment
    assert garment.phrase() == 'hot pink jersey top with the words "Go"'
