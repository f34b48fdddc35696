import csv
import io
import json

import pytest

from couturier.errors import CatalogueError

CDN = "https://cdn.shopify.com/s/files/1/0001/0002/files"
SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,"
    "Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,"
    "Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
    "Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,"
    "Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,"
    "Cost per item,Status"
)
SHOPIFY_2025 = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,"
    "Status,SKU,Barcode,Option1 name,Option1 value,Option2 name,Option2 value,Price,"
    "Product image URL,Image position,Image alt text,Variant image URL,Gift card"
)
WOO = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,"
    "Description,Date sale price starts,Date sale price ends,Tax status,Tax class,In stock?,"
    "Stock,Regular price,Categories,Tags,Shipping class,Images,Download limit,Parent,"
    "Grouped products,Upsells,Cross-sells,External URL,Button text,Position,"
    "Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Attribute 1 global"
)
MERCHANT = (
    "id,title,description,availability,link,image_link,additional_image_link,price,brand,color,"
    "size,item_group_id,product_type,google_product_category"
)


def table(names, *rows, delimiter=","):
    out = io.StringIO()
    lines = csv.DictWriter(out, names.split(","), delimiter=delimiter)
    lines.writeheader()
    lines.writerows(rows)
    return out.getvalue()


def by_id(catalogue):
    return {product.image_id: product for product in catalogue.products}


def shopify_dress():
    first = {"Handle": "slip", "Title": "Satin Slip Dress", "Body (HTML)": "<p>With straps.</p>"}
    first |= {"Type": "Dresses", "Option1 Name": "Color", "Option2 Name": "Size"}
    return [
        first
        | {"Option1 Value": "Red", "Option2 Value": "S", "Variant SKU": "SD-R-S"}
        | {"Image Src": f"{CDN}/red.jpg?v=1", "Image Position": "1"}
        | {"Variant Image": f"{CDN}/red.jpg?v=1"},
        {"Handle": "slip", "Option1 Value": "Red", "Option2 Value": "M", "Variant SKU": "SD-R-M"}
        | {"Image Src": f"{CDN}/hem.jpg?v=1", "Image Position": "3"}
        | {"Variant Image": f"{CDN}/red.jpg?v=1"},
        {"Handle": "slip", "Option1 Value": "Blue", "Option2 Value": "S", "Variant SKU": "SD-B-S"}
        | {"Image Src": f"{CDN}/blue.jpg?v=1", "Image Position": "2"}
        | {"Variant Image": f"{CDN}/blue.jpg?v=1"},
    ]


def test_a_shopify_product_of_one_colour_is_one_row_with_its_pictures_in_order(export):
    hat = {"Handle": "hat", "Title": "Straw Hat", "Body (HTML)": "<b>A</b> hat."}
    hat |= {"Option1 Name": "Title", "Option1 Value": "Default Title", "Variant SKU": "H1"}
    rows = [
        hat | {"Image Src": f"{CDN}/front.jpg?v=17", "Image Position": "2"},
        {"Handle": "hat", "Image Src": f"{CDN}/top%20view.jpg?v=17", "Image Position": "1"},
    ]
    export.pictures("front.jpg", "top view.jpg")
    catalogue = export.read("products.csv", table(SHOPIFY, *rows), images=export.images)
    assert export.named(catalogue) == {"hat": ["top view.jpg", "front.jpg"]}
    assert by_id(catalogue)["hat"].description == "A hat."
    assert "colour" not in by_id(catalogue)["hat"].fields
    assert not catalogue.faults


def test_shopify_colours_with_pictures_of_their_own_are_rows_of_one_group(export):
    export.pictures("red.jpg", "blue.jpg", "hem.jpg")
    catalogue = export.read("products.csv", table(SHOPIFY, *shopify_dress()), images=export.images)
    assert export.named(catalogue) == {
        "slip": ["hem.jpg"],
        "slip-red": ["red.jpg"],
        "slip-blue": ["blue.jpg"],
    }
    products = by_id(catalogue)
    assert [p.fields.get("colour") for p in products.values()] == [None, "Red", "Blue"]
    assert {p.fields["item_group_id"] for p in products.values()} == {"slip"}
    assert products["slip-red"].title == "Satin Slip Dress"


def test_shopify_lines_that_a_sort_tore_apart_are_one_product(export):
    hat = {"Handle": "hat", "Title": "Straw Hat", "Image Src": f"{CDN}/hat.jpg"}
    red, hem, blue = shopify_dress()
    text = table(SHOPIFY, hem, hat, blue, red)
    assert list(by_id(export.read("products.csv", text))) == [
        "slip",
        "slip-red",
        "slip-blue",
        "hat",
    ]


def test_the_shopify_export_of_2025_is_read(export):
    row = {"Title": "Hat", "URL handle": "hat", "Description": "<p>Straw.</p>", "SKU": "H1"}
    row |= {"Product image URL": f"{CDN}/hat.jpg", "Option1 name": "Color", "Option1 value": "Tan"}
    product = export.read("products.csv", table(SHOPIFY_2025, row)).products[0]
    assert (product.image_id, product.description) == ("hat", "Straw.")
    assert product.fields["colour"] == "Tan"


def shopify_product(**changes):
    return {
        "id": 632910392,
        "title": "Satin Slip Dress",
        "handle": "slip",
        "body_html": "<p>With straps.</p>",
        "vendor": "Brand",
        "product_type": "Dresses",
        "tags": ["new"],
        "variants": [
            {"id": 1, "option1": "Red", "option2": "S", "sku": "R", "featured_image": None},
            {"id": 2, "option1": "Blue", "option2": "S", "sku": "B", "featured_image": None},
        ],
        "images": [
            {"id": 7, "position": 1, "src": f"{CDN}/red.jpg?v=2", "variant_ids": [1]},
            {"id": 8, "position": 2, "src": f"{CDN}/blue.jpg?v=2", "variant_ids": [2]},
        ],
        "options": [{"name": "Color", "position": 1}, {"name": "Size", "position": 2}],
    } | changes


def test_shopifys_products_json_gives_each_colour_its_picture(export):
    export.pictures("red.webp", "blue.jpg")
    text = json.dumps({"products": [shopify_product()]})
    catalogue = export.read("products.json", text, images=export.images)
    assert export.named(catalogue) == {
        "632910392-red": ["red.webp"],
        "632910392-blue": ["blue.jpg"],
    }
    assert [p.fields["colour"] for p in catalogue.products] == ["Red", "Blue"]
    assert not catalogue.faults


def test_shopifys_products_json_of_one_colour_keeps_the_products_number(export):
    only = shopify_product(variants=[{"id": 1, "option1": "Red", "sku": "R"}])
    export.pictures("R.jpg")
    catalogue = export.read("p.json", json.dumps({"products": [only]}), images=export.images)
    assert export.named(catalogue) == {"632910392": ["R.jpg"]}  # found by the variant's SKU
    assert catalogue.products[0].description == "With straps."


def woo_tee():
    return [
        {"ID": "44", "Type": "variable", "SKU": "tee", "Name": "V-Neck Tee"}
        | {"Description": "A tee.\\n\\nSoft, too.", "Categories": "Clothing > Tshirts"}
        | {"Images": "https://w.example/u/green.jpg, https://w.example/u/all.jpg"}
        | {"Attribute 1 name": "Color", "Attribute 1 value(s)": "Green, Red"},
        {"ID": "60", "Type": "variation", "SKU": "tee-red", "Name": "V-Neck Tee - Red"}
        | {"Images": "https://w.example/u/red.jpg", "Parent": "tee"}
        | {"Attribute 1 name": "Color", "Attribute 1 value(s)": "Red"},
        {"ID": "61", "Type": "variation", "SKU": "tee-green", "Name": "V-Neck Tee - Green"}
        | {"Images": "https://w.example/u/green.jpg", "Parent": "id:44"}
        | {"Attribute 1 name": "Color", "Attribute 1 value(s)": "Green"},
    ]


def test_woocommerce_variations_join_their_parents_by_sku_and_by_number(export):
    export.pictures("all.jpg", "red.jpg", "green.jpg")
    catalogue = export.read("wc.csv", table(WOO, *woo_tee()), images=export.images)
    assert export.named(catalogue) == {
        "44": ["all.jpg"],
        "44-red": ["red.jpg"],
        "44-green": ["green.jpg"],
    }
    product = by_id(catalogue)["44-red"]
    assert (product.title, product.description) == ("V-Neck Tee", "A tee. Soft, too.")
    assert (product.fields["colour"], product.fields["category"]) == ("Red", "Tshirts")


def test_a_woocommerce_variation_without_its_parent_stands_for_itself(export):
    catalogue = export.read("wc.csv", table(WOO, woo_tee()[1]))
    assert [(p.image_id, p.title) for p in catalogue.products] == [("60", "V-Neck Tee - Red")]


def test_sizes_of_a_woocommerce_product_are_one_row(export):
    parent = {"ID": "1", "Type": "variable", "SKU": "hat", "Name": "Red Hat", "Images": "a.jpg"}
    sizes = [
        {"ID": f"{n}", "Type": "variation", "SKU": f"hat-{n}", "Parent": "hat"}
        | {"Attribute 1 name": "Size", "Attribute 1 value(s)": f"{n}"}
        for n in (2, 3)
    ]
    assert list(by_id(export.read("wc.csv", table(WOO, parent, *sizes)))) == ["1"]


def merchant_rows():
    shirt = {"title": "Shirt", "description": "Linen shirt", "item_group_id": "a"}
    shirt |= {"image_link": "https://x.example/1.jpg", "color": "Black/White"}
    shirt |= {"additional_image_link": "https://x.example/2.jpg,https://x.example/3.jpg"}
    shirt |= {"product_type": "Home > Women > Shirts"}
    red = {"image_link": "https://x.example/red.jpg", "color": "Red"}
    return [shirt | {"id": "a-s"}, shirt | {"id": "a-m"}, shirt | red | {"id": "a-red"}]


def test_a_merchant_feed_as_tsv_is_one_row_a_colour(export):
    export.pictures("1.jpg", "2.jpg", "3.jpg", "red.jpg")
    text = table(MERCHANT, *merchant_rows(), delimiter="\t")
    catalogue = export.read("feed.txt", text, images=export.images)
    assert export.named(catalogue) == {
        "a-s": ["1.jpg", "2.jpg", "3.jpg"],
        "a-red": ["red.jpg", "2.jpg", "3.jpg"],
    }
    assert by_id(catalogue)["a-s"].fields["color"] == ["Black", "White"]
    assert by_id(catalogue)["a-s"].fields["product_type"] == "Shirts"


MERCHANT_XML = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>
<title>Shop</title><link>https://x.example</link>
<item><title>Linen Shirt</title><g:title>Linen Shirt</g:title><g:id>TV_1</g:id>
<g:description><![CDATA[<p>Linen &amp; cotton</p>]]></g:description>
<g:image_link>https://x.example/1.png</g:image_link>
<g:additional_image_link>https://x.example/2.png</g:additional_image_link>
<g:additional_image_link>https://x.example/3.png</g:additional_image_link>
<g:shipping><g:country>US</g:country></g:shipping><g:color>Red</g:color></item>
</channel></rss>"""


@pytest.mark.parametrize(
    "text", [MERCHANT_XML, MERCHANT_XML.replace(' xmlns:g="http://base.google.com/ns/1.0"', "")]
)
def test_a_merchant_feed_as_rss_is_read_also_without_its_namespace(export, text):
    export.pictures("1.png", "2.png", "3.png")
    catalogue = export.read("feed.xml", text, images=export.images)
    assert export.named(catalogue) == {"TV_1": ["1.png", "2.png", "3.png"]}
    product = catalogue.products[0]
    assert (product.title, product.description) == ("Linen Shirt", "Linen & cotton")


def test_a_merchant_feed_as_atom_is_read(export):
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
        '<title>Shop</title><entry><g:id>1</g:id><title>Hat</title><link href="https://x"/>'
        "<summary>Straw</summary></entry></feed>"
    )
    assert [(p.image_id, p.title) for p in export.read("feed", text).products] == [("1", "Hat")]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]><rss><channel><item><id>&l9;</id></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "declares a DOCTYPE .lolz."),
        (
            '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><id>&x;</id></item></rss>',
            "declares a DOCTYPE",
        ),
        ("<rss><channel><item><id>1</id>", "line 1, column 31: no XML"),
        ("<rss><channel><title>Shop</title></channel></rss>", "without any <item> or <entry>"),
        ("<a>" * 20_000, "no XML .no element found"),
        ("", "empty"),
        (b'<?xml version="1.0" encoding="x-none"?><rss/>', "no XML .unknown encoding"),
    ],
)
def test_xml_that_is_broken_or_means_harm_is_refused(export, text, message):
    with pytest.raises(CatalogueError, match=message):
        export.read("feed.xml", text)


def test_a_picture_saved_under_the_products_id_stands_for_the_first_address(export):
    row = {"image_id": "7", "title": "Hat", "images": ["https://x/a.jpg", "https://x/b.jpg"]}
    export.pictures("7.jpg")
    catalogue = export.read("p.json", json.dumps([row]), images=export.images)
    assert export.named(catalogue) == {"7": ["7.jpg"]}
    assert [(f.fault, f.file) for f in catalogue.faults] == [("web address", "https://x/b.jpg")]


def test_an_address_without_a_saved_picture_says_how_to_mend_it(export):
    row = {"image_id": "7", "title": "Hat", "image": "https://x.example/files/hat.jpg?v=1"}
    catalogue = export.read("p.json", json.dumps([row]), images=export.images)
    assert catalogue.faults[0].message == (
        "'https://x.example/files/hat.jpg?v=1' is a web address, and no 'hat.jpg' is there; fix: "
        "run it with --download, or save the picture into the images folder under the name at the "
        "end of the address"
    )


def test_addresses_that_end_alike_stay_apart_where_the_folder_keeps_them_apart(export):
    rows = [
        {"image_id": "1", "title": "Hat", "image": "https://x.example/p/hat/main.jpg"},
        {"image_id": "2", "title": "Bag", "image": "https://x.example/p/bag/main.jpg"},
    ]
    export.pictures("hat/main.jpg", "bag/main.jpg")
    catalogue = export.read("p.json", json.dumps(rows), images=export.images)
    assert export.named(catalogue) == {"1": ["hat/main.jpg"], "2": ["bag/main.jpg"]}


@pytest.mark.parametrize(
    "address", ["http://[", "https://x/%2e%2e/%2e%2e/etc/passwd", "//", "https://"]
)
def test_odd_addresses_lead_nowhere(export, address):
    row = {"image_id": "7", "title": "Hat", "image": address}
    catalogue = export.read("p.json", json.dumps([row]), images=export.images)
    assert [fault.fault for fault in catalogue.faults] == ["web address"]
