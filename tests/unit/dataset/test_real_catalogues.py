from pathlib import Path

import pytest

from couturier.catalogue.read import read_catalogue
from couturier.dataset.check import check_catalogue
from couturier.dataset.records import read_items
from couturier.dataset.settings import AUTO, DatasetSettings
from couturier.dataset.tokens import MAX_TOKENS, estimate_tokens
from couturier.dataset.told import tell_row

SHARED = Path(__file__).resolve().parents[4] / "shared"


def shared(name):
    folder = SHARED / name
    if not (folder / "product_data.json").is_file():
        pytest.skip(f"../shared/{name} is not here; it never comes with the project")
    return folder


@pytest.mark.parametrize(
    ("name", "n_rows", "least_share"),
    [("brand-copy", 709, 0.7), ("catalogue", 406, 0.8), ("fashion-products", 8548, 0.99)],
)
def test_captions_of_a_real_shop_name_colour_and_kind(name, n_rows, least_share):
    catalogue = read_catalogue(shared(name) / "product_data.json", images=None)
    assert len(catalogue.products) == n_rows
    some = catalogue.products[:: max(1, n_rows // 700)]
    told = [tell_row(product, AUTO) for product in some]
    coloured = sum(any(garment.colour for garment in one.garments) for one in told)
    assert coloured / len(told) >= least_share
    assert max(estimate_tokens(one.caption) for one in told) <= MAX_TOKENS


def test_a_real_messy_catalogue_becomes_a_data_set(shop):
    folder = shared("catalogue")
    shop.data, shop.images = folder / "product_data.json", folder / "images"
    summary = shop.build(size_px=128)
    assert summary.n_items == 406
    assert summary.n_left_out == 0
    assert len(read_items(shop.out)) == 406


def test_the_sample_brands_faults_are_all_found():
    folder = Path(__file__).resolve().parents[3] / "src/couturier/sample"
    result = check_catalogue(
        folder / "product_data.json", images=folder / "images", settings=DatasetSettings()
    )
    found = {fault.fault for fault in result.faults}
    made = {"no picture", "broken picture", "same picture", "small picture", "no description"}
    assert found >= made | {"turned", "cmyk", "transparency", "unused picture", "cut caption"}
    assert result.n_rows == 162
