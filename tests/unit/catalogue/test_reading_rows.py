import json

import pytest

from couturier.catalogue.read import read_catalogue
from couturier.errors import CatalogueError, StorageError

ROWS = [
    {"image_id": "a1", "title": "Red Dress", "description": "A red dress."},
    {"image_id": "b2", "title": "Blue Skirt", "description": "A blue skirt."},
]


def read(tmp_path, text, name="product_data.json"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_catalogue(path, images=None)


def faults_of(catalogue):
    return [fault.fault for fault in catalogue.faults]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.json", json.dumps(ROWS)),
        ("keyed.json", json.dumps({row["image_id"]: row for row in ROWS})),
        ("wrapped.json", json.dumps({"products": ROWS})),
        ("lines.jsonl", "\n".join(map(json.dumps, ROWS)) + "\n"),
        ("lines_named.json", "\n".join(map(json.dumps, ROWS))),
        ("bom.json", "\ufeff" + json.dumps(ROWS)),
        ("wide.json", json.dumps(ROWS).encode("utf-16")),
        ("unmarked.json", json.dumps(ROWS).encode("utf-16-be")),
        ("wider.json", json.dumps(ROWS).encode("utf-32")),
        ("comma.json", json.dumps(ROWS)[:-1] + ",]"),
        (
            "table.csv",
            "Image ID,Title,Description\na1,Red Dress,A red dress.\nb2,Blue Skirt,A blue skirt.\n",
        ),
        (
            "table.tsv",
            "sku\tname\tbody\na1\tRed Dress\tA red dress.\nb2\tBlue Skirt\tA blue skirt.\n",
        ),
        (
            "twice.csv",
            "image_id,title,title,description,,\na1,Red Dress,X,A red dress.,,\n"
            "b2,,Blue Skirt,A blue skirt.,y,z\n",
        ),
        (
            "excel.csv",
            "sep=;\nimage_id;title;description\na1;Red Dress;A red dress.\n"
            "b2;Blue Skirt;A blue skirt.\n",
        ),
        (
            "european.csv",
            "image_id;title;description\na1;Red Dress;A red dress.\nb2;Blue Skirt;A blue skirt.\n",
        ),
    ],
)
def test_every_format_gives_the_same_products(tmp_path, name, text):
    catalogue = read(tmp_path, text, name)
    told = [(p.image_id, p.title, p.description, p.record) for p in catalogue.products]
    assert told == [
        ("a1", "Red Dress", "A red dress.", 1),
        ("b2", "Blue Skirt", "A blue skirt.", 2),
    ]
    assert not catalogue.faults


def test_an_object_keyed_by_id_keeps_its_other_fields(tmp_path):
    catalogue = read(tmp_path, '{"0001": {"title": "Red Dress", "id": 7, "base_colour": "Red"}}')
    product = catalogue.products[0]
    assert product.image_id == "0001"
    assert product.fields == {"id": 7, "base_colour": "Red"}


def test_an_object_of_plain_texts_is_read_as_descriptions(tmp_path):
    catalogue = read(tmp_path, '{"0001": "A red dress", "0002": "A hat"}')
    assert [p.description for p in catalogue.products] == ["A red dress", "A hat"]


def test_rows_that_are_no_objects_are_told_and_the_rest_goes_on(tmp_path):
    catalogue = read(tmp_path, '[null, "x", 3, [], {"description": "no id"}, {"image_id": "ok"}]')
    assert [p.image_id for p in catalogue.products] == ["ok"]
    assert faults_of(catalogue) == ["unreadable row"] * 4 + ["no id"]
    assert "row 1 is null, expected an object" in catalogue.faults[0].message


def test_a_repeated_id_is_told_with_the_row_it_repeats(tmp_path):
    catalogue = read(tmp_path, '[{"image_id": 5, "title": "a"}, {"image_id": "5", "title": "b"}]')
    assert [p.title for p in catalogue.products] == ["a"]
    assert "'5' is the id of row 1 already" in catalogue.faults[0].message


def test_a_key_that_stands_twice_in_the_object_is_told(tmp_path):
    catalogue = read(tmp_path, '{"1": {"title": "a"}, "1": {"title": "b"}}')
    assert [p.title for p in catalogue.products] == ["a"]
    assert faults_of(catalogue) == ["repeated id"]


def test_ids_written_in_two_unicode_forms_are_one(tmp_path):
    catalogue = read(tmp_path, '[{"image_id": "\\u00e9"}, {"image_id": "e\\u0301"}]')
    assert faults_of(catalogue) == ["repeated id"]


def test_a_broken_line_costs_that_row_alone(tmp_path):
    text = '{"image_id": 1, "title": "a"}\n{"image_id": 2,\n\n{"image_id": 3, "title": "c"}\n'
    catalogue = read(tmp_path, text, "lines.jsonl")
    assert [p.record for p in catalogue.products] == [1, 3]
    assert "line 2, column 16: no JSON" in catalogue.faults[0].message


def test_nan_counts_as_nothing_said(tmp_path):
    text = '[{"image_id": 12.0, "title": NaN, "description": "x y", "price": Infinity}]'
    product = read(tmp_path, text).products[0]
    assert (product.image_id, product.title, product.description) == ("12", "", "x y")


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    product = read(tmp_path, '[{"image_id": "a\\ud800", "description": "b\\udc00 c"}]').products[0]
    assert (product.image_id, product.description) == ("a?", "b? c")


def test_html_is_cleaned_and_scripts_are_gone(tmp_path):
    text = json.dumps(
        [{"image_id": "1", "description": "<p>Red&nbsp;dress</p><script>x()</script>"}]
    )
    assert read(tmp_path, text).products[0].description == "Red dress"


def test_a_picture_path_serves_as_id_where_there_is_none(tmp_path):
    catalogue = read(tmp_path, '[{"file_name": "0001.png", "text": "some text"}]')
    assert (catalogue.products[0].image_id, catalogue.products[0].description) == (
        "0001",
        "some text",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "product_data.json: empty"),
        ("  \n ", "product_data.json: empty"),
        ("[]", "product_data.json: holds no rows"),
        ("{}", "product_data.json: holds no rows"),
        ("7", "holds a number, expected a list of rows"),
        ("null", "holds null, expected"),
        ('[{"image_id": 1},\n {"image_id": 2,]', "line 2, column 1[67]: no JSON"),
        ("[,]", "line 1, column 2: no JSON"),
        ('[{"image_id": 1}', "line 1, column 17: no JSON \\(the file ends too early\\)"),
        ("[" * 20_000, "no readable JSON \\(nested too deep\\)"),
        (b"\xff\xfe\xfd[]", "not UTF-8 text|no JSON"),
        (b'[{"image_id": "\xe9"}]', "not UTF-8 text \\(byte 15\\)"),
        ("[" + "9" * 5000 + "]", "no readable JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, text)


def test_deep_nesting_in_one_line_costs_that_row_alone(tmp_path):
    catalogue = read(tmp_path, "[" * 20_000 + '\n{"image_id": "ok"}\n', "lines.jsonl")
    assert [p.image_id for p in catalogue.products] == ["ok"]
    assert "nested too deep" in catalogue.faults[0].message


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StorageError, match=r"nothing.json: No such file"):
        read_catalogue(tmp_path / "nothing.json", images=None)


def test_a_format_not_known_is_refused(tmp_path):
    with pytest.raises(CatalogueError, match=r"of no format that is known \(CSV or TSV"):
        read(tmp_path, "some notes", "shop.notes")


def test_a_table_row_with_too_many_cells_is_told(tmp_path):
    catalogue = read(tmp_path, "image_id,title\n1,Red, flowing dress\n2,Hat\n", "t.csv")
    assert [p.image_id for p in catalogue.products] == ["2"]
    assert "line 2: 3 cells under 2 names" in catalogue.faults[0].message


def test_empty_lines_before_a_tables_heading_are_passed_over(tmp_path):
    catalogue = read(tmp_path, "\n,,\nimage_id,title\n1,Hat\n", "t.csv")
    assert [p.image_id for p in catalogue.products] == ["1"]


def test_a_heading_that_is_no_csv_is_refused(tmp_path):
    with pytest.raises(CatalogueError, match=r"t.csv, line 1: no CSV"):
        read(tmp_path, f"a,{'x' * 1_000_001}\n", "t.csv")


def test_a_quote_that_is_never_closed_is_told_and_swallows_nothing_silently(tmp_path):
    catalogue = read(tmp_path, 'image_id,title\na,5" heel\nb,"Hat\nc,Cap\nd,Bag\n', "t.csv")
    told = [(p.image_id, p.title) for p in catalogue.products]
    assert told == [("a", '5" heel'), ("c", "Cap"), ("d", "Bag")]
    assert "line 3: a quote is opened and never closed;" in catalogue.faults[0].message


def test_a_cell_without_end_swallows_no_other_row(tmp_path):
    text = 'image_id,title\na,"Hat\n' + "b,Cap\n" * 200_000 + "c,Bag\n"
    catalogue = read(tmp_path, text, "t.csv")
    assert [p.image_id for p in catalogue.products] == ["b", "c"]
    assert faults_of(catalogue)[:2] == ["unreadable row", "repeated id"]
    assert len(catalogue.faults) == 200_000


def test_characters_that_turn_the_writing_are_no_part_of_an_id(tmp_path):
    text = '[{"image_id": "a\\u202e1", "title": "Hat"}, {"image_id": "\\u200b", "title": "Cap"}]'
    catalogue = read(tmp_path, text)
    assert [p.image_id for p in catalogue.products] == ["a1"]
    assert faults_of(catalogue) == ["no id"]
