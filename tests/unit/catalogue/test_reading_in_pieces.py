import io
import json
import tracemalloc

import pytest

from couturier.catalogue.read import stream_catalogue
from couturier.catalogue.readers.json_stream import JsonStream
from couturier.errors import CatalogueError

VALUES = [
    12345678,
    -1.5e-7,
    True,
    None,
    'a "quoted" \\ text \u2028',
    [1, [2]],
    {"k": {"n": "x" * 50}},
]


class Dripping(io.StringIO):
    """A text that comes a few characters at a time."""

    def read(self, size=-1):
        return super().read(3)


def test_values_cut_anywhere_by_the_pieces_are_read_whole():
    stream = JsonStream(Dripping(" ".join(json.dumps(v, ensure_ascii=False) for v in VALUES)))
    assert [stream.read_value() for _ in VALUES] == VALUES
    assert stream.peek() == ""


@pytest.mark.parametrize("n_rows", [1, 5000])
def test_a_fault_far_into_the_file_is_told_with_its_place(export, n_rows):
    lines = "[\n" + '{"image_id": 1, "title": "Hat"},\n' * n_rows + ' {"image_id": 2,, ]'
    with pytest.raises(CatalogueError, match=rf"line {n_rows + 2}, column 1[67]: no JSON"):
        export.read("p.json", lines)


BROKEN = [
    ('{"title": "Hat",}', "line 3, column 17: no JSON (a comma before the closing bracket)"),
    ('{"title": "\\q ]}"}', "line 3, column 12: no JSON (invalid \\escape)"),
    ('{"title": "Hat" "Cap"}', "line 3, column 17: no JSON (expecting ',' delimiter)"),
    ('{"x": ' + "[" * 20_000 + "]" * 20_000 + "}", "line 3: no readable JSON (nested too deep)"),
    ('{"x": ' + "9" * 5000 + "}", "line 3: no readable JSON (a number without end)"),
    ('{"x": "' + "}" * 200_000 + '",}', "no JSON (a comma before the closing bracket)"),
]


@pytest.mark.parametrize(("row", "reason"), BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("keyed", [False, True])
def test_a_broken_row_of_one_json_value_costs_itself_alone(export, row, reason, keyed):
    entries = ['{"image_id": "a", "title": "Hat"}', row, '{"image_id": "b", "title": "Cap"}']
    if keyed:
        entries = [f'"{n}": {entry}' for n, entry in enumerate(entries)]
        reason = reason.partition(", column")[0]
    opens, closes = "{}" if keyed else "[]"
    read = export.read("p.json", f"{opens}\n" + ",\n".join(entries) + f",\n{closes}")
    assert [p.image_id for p in read.products] == ["a", "b"]
    assert [(f.fault, f.record) for f in read.faults] == [("unreadable row", 2)]
    assert reason in read.faults[0].message


@pytest.mark.parametrize("end", ['{"x": [1}, {}]', '{"x": "1}, {}]', '{"x": {"y": 1}, {}]'])
def test_a_broken_row_without_an_end_is_refused_with_its_place(export, end):
    with pytest.raises(CatalogueError, match=r"p.json, line 2, column \d+: no JSON"):
        export.read("p.json", '[{"image_id": "a", "title": "Hat"},\n' + end)


def test_a_wrapper_may_say_other_things_before_and_after_its_rows(export):
    text = '{"count": 1, "next": null, "products": [{"image_id": "a"}], "meta": {"x": [1]}}'
    assert [p.image_id for p in export.read("p.json", text).products] == ["a"]


def test_an_object_of_many_rows_is_keyed_by_id_even_if_one_is_called_items(export):
    rows = {str(n): {"title": "Hat"} for n in range(300)} | {"items": {"title": "Cap"}}
    assert len(export.read("p.json", json.dumps(rows)).products) == 301


@pytest.mark.parametrize("name", ["p.json", "p.jsonl", "p.csv"])
def test_ten_times_the_rows_take_no_more_memory(export, name):
    def peak(n_rows):
        rows = (
            {"image_id": f"id-{n}", "title": "Red Hat", "note": "x" * 5000} for n in range(n_rows)
        )
        texts = {
            "p.json": lambda: "[" + ",".join(map(json.dumps, rows)) + "]",
            "p.jsonl": lambda: "\n".join(map(json.dumps, rows)),
            "p.csv": lambda: (
                "image_id,title,note\n"
                + "".join(f"{row['image_id']},{row['title']},{row['note']}\n" for row in rows)
            ),
        }
        path = export.write(name, texts[name]())
        tracemalloc.start()
        assert sum(1 for _ in stream_catalogue(path, images=None)) == n_rows
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)  # what is loaded once
    assert peak(3000) < 1.3 * peak(300)
