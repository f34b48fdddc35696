"""Tables a person reads: the costliest fault first, five examples, ids beside row numbers."""

import json
from pathlib import Path

import pytest

from couturier.cli.tables import SHOWN_A_FAULT, print_check, print_facts, print_summary
from couturier.dataset.check import CatalogueCheck, check_catalogue
from couturier.dataset.settings import DatasetSettings


def check_rows(tmp_path: Path, rows: list[object]) -> CatalogueCheck:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return check_catalogue(path, images=None, settings=DatasetSettings(rare_below=0))


def test_faults_stay_in_the_order_of_their_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"image_id": "1", "title": "Red Dress", "description": "A red dress"}
    rows = [row, {**row, "image_id": "id-[2]", "title": None, "description": "Wow you"}, row]
    print_check(Path("shop.json"), check_rows(tmp_path, rows))
    out = capsys.readouterr().out
    assert "2 of 3 rows usable" in out
    assert out.index("repeated id (1, left out)") < out.index("no garment (1, told)")
    assert "row 2 (id-[2]): no garment is named in 'Wow you.'" in out


def test_of_many_alike_five_are_shown_and_the_rest_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_check(Path("shop.json"), check_rows(tmp_path, [None] * 8))
    out = capsys.readouterr().out
    assert out.count("is null, expected an object") == SHOWN_A_FAULT
    assert out.count("fix: ") == 1
    assert "... and 3 more" in out


def test_a_summary_names_the_file_with_all_faults(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"n_items": 12, "n_held_out": 2, "faults": {"cmyk": 1, "no picture": 3}}
    print_summary(Path("set"), summary)
    out = capsys.readouterr().out
    assert "12 pictures, 2 of them held out" in out
    assert out.index("3  no picture (left out)") < out.index("1  cmyk (converted)")
    assert "faults.jsonl" in out


def test_nested_facts_are_named_by_their_path(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"device": "cpu", "versions": {"torch": "2.13.0"}})
    assert "versions torch" in capsys.readouterr().out
