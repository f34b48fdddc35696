"""Tables a person reads: the costliest fault first, five examples, ids beside row numbers."""

from pathlib import Path

import pytest

from couturier.cli.tables import SHOWN_A_FAULT, print_facts, print_faults, print_summary


def make_fault(number: int, fault: str, action: str) -> dict[str, object]:
    return {
        "image_id": f"id-{number}",
        "file": "",
        "record": number,
        "fault": fault,
        "message": f"what is wrong [{number}]; fix: mend it",
        "action": action,
    }


def test_faults_stay_in_the_order_of_their_cost(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [make_fault(2, "no picture", "left out"), make_fault(1, "cmyk", "converted")]
    row = {"caption": "a red dress", "garments": [{"kind": "dress"}], "faults": []}
    print_faults(Path("shop.json"), [row, {**row, "faults": [faults[0]]}], faults)
    out = capsys.readouterr().out
    assert "1 of 2 rows usable" in out
    assert out.index("no picture (1, left out)") < out.index("cmyk (1, converted)")
    assert "row 2 (id-2): what is wrong [2]" in out


def test_of_many_alike_five_are_shown_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    faults = [make_fault(number, "no picture", "left out") for number in range(1, 9)]
    print_faults(Path("shop.json"), [], faults)
    out = capsys.readouterr().out
    assert out.count("what is wrong") == SHOWN_A_FAULT
    assert "... and 3 more" in out


def test_a_summary_names_the_file_with_all_faults(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"n_items": 12, "n_held_out": 2, "faults": {"cmyk": 1, "no picture": 3}}
    print_summary(Path("set"), summary)
    out = capsys.readouterr().out
    assert "12 pictures, 2 of them held out" in out
    assert out.index("no picture") < out.index("cmyk")
    assert "faults.jsonl" in out


def test_nested_facts_are_named_by_their_path(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"device": "cpu", "versions": {"torch": "2.13.0"}})
    assert "versions torch" in capsys.readouterr().out
