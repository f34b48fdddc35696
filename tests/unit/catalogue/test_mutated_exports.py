import io
import json
import zipfile
from contextlib import suppress

import openpyxl
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from couturier.catalogue.archives import read_picture
from couturier.catalogue.read import read_catalogue
from couturier.errors import CatalogueError, CouturierError

ROWS = [{"id": "1", "title": "Hat", "image": "1.jpg"}, {"id": "2", "title": "Red dress"}]
SHOPIFY = {"handle": "hat", "body_html": "A hat", "variants": [{"id": 1, "option1": "Red"}]}


def make_parquet():
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), out)
    return out.getvalue()


def make_workbook():
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in (["id", "title"], ["1", "Hat"], [2, 3.5]):
        book.active.append(line)
    book.save(out)
    return out.getvalue()


def make_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/1.jpg", b"x" * 400)
    return out.getvalue()


EXPORTS = [
    (
        "shop.csv",
        b"Handle,Title,Image Src,Image Position,Variant Image\nhat,Hat,https://x/1.jpg,1,\n",
    ),
    ("shop.csv", b"ID,Type,SKU,Name,Images,Parent\n1,variable,h,Hat,1.jpg,\n2,variation,,,,h\n"),
    ("feed.tsv", b"id\ttitle\timage_link\titem_group_id\n1\tHat\thttps://x/1.jpg\tg\n"),
    ("feed.xml", b"<rss><item><g:id>1</g:id><title>Hat</title></item></rss>"),
    ("products.json", json.dumps({"products": [SHOPIFY]}).encode()),
    ("shop.parquet", make_parquet()),
    ("shop.xlsx", make_workbook()),
]
ZIP = make_zip()


@st.composite
def mutate(draw, whole):
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 20))] = draw(st.binary(max_size=6))
    return bytes(data)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_becomes_of_an_export_it_is_read_or_refused(tmp_path, data):
    name, whole = data.draw(st.sampled_from(EXPORTS))
    (tmp_path / name).write_bytes(data.draw(mutate(whole)))
    (tmp_path / "shop.zip").write_bytes(data.draw(mutate(ZIP)))
    # Any other exception than these fails the test.
    pictures = []
    with suppress(CouturierError):
        catalogue = read_catalogue(tmp_path / name, images=tmp_path / "shop.zip")
        pictures = [path for product in catalogue.products for path in product.pictures]
    for path in pictures:
        with suppress(OSError):
            read_picture(path)


def test_a_zip_of_a_version_not_known_is_no_workbook(export):
    data = bytearray(make_workbook())
    data[data.index(b"PK\x01\x02") + 6] = 199
    (export.root / "shop.xlsx").write_bytes(bytes(data))
    with pytest.raises(CatalogueError, match=r"no readable XLSX .zip file version 19.9"):
        export.read("shop.xlsx")
