"""The grammar against 190 rows of real shop copy, labelled by hand."""

import json
from pathlib import Path

import pytest

from couturier.garments.grammar import find_garments
from tests.unit.garments.scoring import Counts, count_row

LABELS = Path(__file__).parents[2] / "data" / "brand_copy_labels.json"
COPY = Path(__file__).parents[4] / "shared" / "brand-copy" / "product_data.json"
GOALS = {
    "colour+kind": 0.95,
    "material": 0.90,
    "pattern": 0.85,
    "neckline": 0.85,
    "sleeve": 0.85,
    "length": 0.85,
}


@pytest.fixture(scope="module")
def counts() -> dict[str, Counts]:
    if not COPY.is_file():
        pytest.skip("the shop copy of ../shared/brand-copy is not here")
    copy = json.loads(COPY.read_text("utf-8"))
    rows = json.loads(LABELS.read_text("utf-8"))["rows"]
    assert len(rows) == 190
    counted: dict[str, Counts] = {}
    for image_id, row in rows.items():
        product = copy[image_id]
        found = find_garments(product["description"], title=product["title"])
        count_row(counted, image_id, row["garments"], found)
    return counted


@pytest.mark.parametrize("field", GOALS)
def test_garments_of_real_copy_are_found(counts, field):
    assert counts[field].f1 >= GOALS[field], counts[field].faults
