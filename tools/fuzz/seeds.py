"""Whole files of every kind that is read, for damage to begin from."""

import io
import json
import zipfile

import openpyxl
import pyarrow
from PIL import Image
from pyarrow import parquet

_ROWS = [
    {"id": "1", "title": "Hat", "image": "1.jpg", "colour": "red"},
    {"id": "2", "title": "Red satin dress", "description": "<p>Hot &amp; new</p> a red dress."},
]
_SHOPIFY = {
    "handle": "hat",
    "body_html": "<b>A hat</b>",
    "variants": [{"id": 1, "option1": "Red", "sku": "a", "featured_image": {"src": "1.jpg"}}],
    "options": [{"name": "Colour"}],
    "images": [{"src": "1.jpg", "variant_ids": [1]}],
}
_MODES = (
    ("JPEG", "RGB"),
    ("JPEG", "CMYK"),
    ("PNG", "RGBA"),
    ("PNG", "I;16"),
    ("PNG", "P"),
    ("WEBP", "RGB"),
    ("GIF", "P"),
    ("TIFF", "RGB"),
    ("BMP", "RGB"),
)


def make_files() -> list[tuple[str, bytes]]:
    """Make product data: name, which tells the format, and content."""
    texts = {
        "list.json": json.dumps(_ROWS),
        "keyed.json": json.dumps({row["id"]: row for row in _ROWS}),
        "wrapped.json": json.dumps({"count": 2, "products": [_SHOPIFY]}),
        "lines.jsonl": "\n".join(map(json.dumps, _ROWS)),
        "table.csv": "id,title,image\n1,Hat,1.jpg\n2,\"Red, 'satin' dress\",\n",
        "shopify.csv": "Handle,Title,Option1 Name,Option1 Value,Image Src,Image Position,"
        "Variant Image\nhat,Hat,Color,Red,https://x/1.jpg,1,\nhat,,,Blue,2.jpg,2,2.jpg\n",
        "woo.csv": "ID,Type,SKU,Name,Images,Parent,Attribute 1 name,Attribute 1 value(s)\n"
        '1,variable,h,Hat,1.jpg,,Color,"Red, Blue"\n2,variation,,,,h,Color,Red\n',
        "feed.tsv": "id\ttitle\timage_link\titem_group_id\n1\tHat\thttps://x/1.jpg\tg\n",
        "feed.xml": '<?xml version="1.0"?><rss><channel><item><g:id>1</g:id><title>Hat</title>'
        "<g:image_link>1.jpg</g:image_link></item></channel></rss>",
    }
    whole = [(name, text.encode()) for name, text in texts.items()]
    return [*whole, ("shop.parquet", _make_parquet()), ("shop.xlsx", _make_workbook())]


def make_pictures() -> list[tuple[str, bytes]]:
    """Make small pictures of several formats and modes."""
    return [(f"{mode}.{kind.lower()}", _make_picture(kind, mode)) for kind, mode in _MODES]


def make_zip() -> bytes:
    """Make a zip with one picture in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/1.jpg", _make_picture("JPEG", "RGB"))
    return out.getvalue()


def _make_picture(kind: str, mode: str) -> bytes:
    out = io.BytesIO()
    image = Image.new("RGB", (40, 30), "red")
    image = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(out, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}))
    return out.getvalue()


def _make_parquet() -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(_ROWS), out)
    return out.getvalue()


def _make_workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in (["id", "title"], ["1", "Hat"], [2, 3.5]):
        book.active.append(line)
    book.save(out)
    return out.getvalue()
