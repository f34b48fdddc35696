import datetime
import sys
import zipfile

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from couturier.catalogue.readers import rows
from couturier.catalogue.readers.formats import list_formats
from couturier.errors import CatalogueError, MissingExtraError

ROWS = [
    {"image_id": "a1", "title": "Red Dress", "description": "A red dress."},
    {"image_id": "b2", "title": "Blue Skirt", "description": "A blue skirt."},
]


def save_sheet(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for lines in sheets:
        sheet = book.create_sheet()
        for line in lines:
            sheet.append(line)
    book.save(path)


def told(catalogue):
    return [(p.record, p.image_id, p.title, p.description) for p in catalogue.products]


EXPECTED = [
    (1, "a1", "Red Dress", "A red dress."),
    (2, "b2", "Blue Skirt", "A blue skirt."),
]


@pytest.mark.parametrize("name", ["shop.parquet", "shop.pq", "shop"])
def test_parquet_is_read_whatever_it_is_called(export, name):
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), export.root / name)
    catalogue = export.read(name)
    assert told(catalogue) == EXPECTED
    assert not catalogue.faults


def test_parquet_with_pictures_inside_gives_their_paths_alone(export):
    row = {"id": 7, "text": "Hat", "image": {"bytes": b"\xff" * 99, "path": "hat.jpg"}}
    row |= {"made": datetime.date(2024, 5, 1), "price": 9.5, "raw": b"\0", "tags": ["a", "b"]}
    parquet.write_table(pyarrow.Table.from_pylist([row]), export.root / "hf.parquet")
    export.pictures("hat.jpg")
    catalogue = export.read("hf.parquet", images=export.images)
    assert export.named(catalogue) == {"7": ["hat.jpg"]}
    fields = {"id": 7, "made": "2024-05-01", "price": 9.5, "tags": ["a", "b"]}
    assert catalogue.products[0].fields == fields | {"text": "Hat"}


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"\0" * 500 + b"PAR1", b"no parquet at all"])
def test_torn_parquet_is_refused_in_one_line(export, data):
    with pytest.raises(CatalogueError, match=r"shop.parquet: no readable Parquet at its start"):
        export.read("shop.parquet", data)


@pytest.mark.parametrize("name", ["shop.xlsx", "shop.csv", "shop"])
def test_a_workbook_is_read_whatever_it_is_called(export, name):
    lines = [list(ROWS[0]), *([*row.values()] for row in ROWS)]
    save_sheet(export.root / "made.xlsx", lines)
    (export.root / "made.xlsx").rename(export.root / name)
    assert told(export.read(name)) == EXPECTED


def test_a_workbooks_title_lines_and_empty_sheets_are_passed_over(export):
    day = datetime.datetime(2024, 5, 1)
    lines = [
        ["Our catalogue"],
        [],
        ["SKU", "Name", "Body", None, "Made"],
        [12.0, "Hat", "A hat", 1, day],
        [],
    ]
    save_sheet(export.root / "shop.xlsx", [], [["Notes"]], lines)
    catalogue = export.read("shop.xlsx")
    assert told(catalogue) == [(1, "12", "Hat", "A hat")]
    assert catalogue.products[0].fields["Made"].startswith("2024-05-01")


def test_a_hidden_sheet_is_read_where_no_other_has_rows(export):
    book = openpyxl.Workbook()
    book.active.append(["image_id", "title"])
    book.active.append(["old", "Hat"])
    shown = book.create_sheet("shown")
    shown.append(["image_id", "title"])
    book.active.sheet_state = "hidden"
    book.active = 1
    book.save(export.root / "shop.xlsx")
    assert told(export.read("shop.xlsx")) == [(1, "old", "Hat", "")]
    shown.append(["new", "Cap"])
    book.save(export.root / "shop.xlsx")
    assert told(export.read("shop.xlsx")) == [(1, "new", "Cap", "")]


def test_of_columns_with_one_name_the_first_that_is_filled_counts(export):
    cells = [["a", "b"], ["Hat", None], ["Cap", "Bag"]]
    table = pyarrow.table(list(map(pyarrow.array, cells)), names=["image_id", "title", "title"])
    parquet.write_table(table, export.root / "shop.parquet")
    assert told(export.read("shop.parquet")) == [(1, "a", "Hat", ""), (2, "b", "Bag", "")]
    save_sheet(export.root / "shop.xlsx", [table.column_names, *zip(*cells, strict=True)])
    assert told(export.read("shop.xlsx")) == [(1, "a", "Hat", ""), (2, "b", "Bag", "")]


def test_a_workbook_of_no_table_is_refused(export):
    save_sheet(export.root / "shop.xlsx", [["alone"], ["in one column"]])
    with pytest.raises(CatalogueError, match=r"no sheet with a heading of two columns"):
        export.read("shop.xlsx")


def zipped(path, **parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name.replace("__", "/"), data)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"image_id,title\n1,Hat\n", "no readable XLSX .File is not a zip"),
        (b"PK\x03\x04" + b"\0" * 50, "no readable XLSX"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old .xls or locked with a password"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused_in_one_line(export, data, message):
    with pytest.raises(CatalogueError, match=message):
        export.read("shop.xlsx", data)


def test_a_torn_workbook_is_refused(export):
    save_sheet(export.root / "good.xlsx", [["id", "title"], ["1", "Hat"]])
    data = (export.root / "good.xlsx").read_bytes()
    with pytest.raises(CatalogueError, match=r"no readable XLSX"):
        export.read("torn.xlsx", data[: len(data) // 2])
    with pytest.raises(CatalogueError, match=r"no readable XLSX"):
        export.read("odd.xlsx", zipped(export.root / "z.zip", xl__workbook="<x/>"))


def test_a_workbook_with_swelling_entities_is_refused(export):
    save_sheet(export.root / "good.xlsx", [["id", "title"], ["1", "Hat"]])
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with zipfile.ZipFile(export.root / "good.xlsx") as good:
        parts = {name: good.read(name) for name in good.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = (laughs + sheet.replace("Hat", "&b;")).encode()
    with zipfile.ZipFile(export.root / "bad.xlsx", "w") as bad:
        for name, data in parts.items():
            bad.writestr(name, data)
    with pytest.raises(CatalogueError, match=r"EntitiesForbidden"):
        export.read("bad.xlsx")


def test_a_workbook_that_swells_without_end_is_refused_before_it_is_opened(export):
    bomb = zipped(export.root / "z.zip", xl__workbook=b"\0" * 120_000_000)
    with pytest.raises(CatalogueError, match=r"unpacks to 120 MB"):
        export.read("bomb.xlsx", bomb)


def test_a_format_whose_library_is_missing_names_its_install_command(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "couturier\[formats\]"'):
        export.read("shop.parquet", b"PAR1")


def test_every_format_is_found_by_listing_its_folder():
    formats = list_formats()
    assert len(formats) == 10
    assert [known.name for known in formats if known.is_general] == ["JSON", "CSV or TSV"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "Handle,Title,Image Src\n", "Shopify CSV"),
        ("a.csv", "ID,Type,SKU,Name,Images,Parent\n", "WooCommerce CSV"),
        ("a.tsv", "id\ttitle\timage_link\n", "Google Merchant TSV"),
        ("a.csv", "handle,title,description\n", "CSV or TSV"),
        ("a.json", '{"products": [{"body_html": "", "variants": []}]}', "Shopify products.json"),
        ("a.json", '[{"image_id": "1", "images": []}]', "JSON"),
        ("a.json", '{"id": 1}\n{"id": 2}', "JSON lines"),
        ("a", "<rss></rss>", "Google Merchant XML"),
    ],
)
def test_one_format_alone_claims_a_file_before_the_general_ones(name, text, expected):
    suffix = f".{name.partition('.')[2]}" if "." in name else ""
    opening = rows.Opening(suffix, text.encode(), text)
    claims = [known for known in list_formats() if known.claims(opening)]
    assert claims[0].name == expected
    assert sum(not known.is_general for known in claims) <= 1
