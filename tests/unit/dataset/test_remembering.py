import json
import sqlite3
import subprocess
import sys
import time

import pytest

from couturier.dataset import plan, told
from couturier.dataset.check import check_catalogue
from couturier.dataset.memory import MEMORY_FILE, Memory
from couturier.dataset.records import read_items
from couturier.dataset.settings import DatasetSettings
from couturier.errors import StorageError


def count_rows_read(monkeypatch):
    """Count the rows that the grammar reads from now on."""
    read = []

    def tell(product, template):
        read.append(product.image_id)
        return told.tell_row(product, template)

    monkeypatch.setattr(plan, "tell_row", tell)
    return read


def test_a_second_build_of_the_same_tells_the_same_and_touches_nothing(small_shop):
    first = small_shop.build()
    before = {p: p.stat().st_mtime_ns for p in small_shop.out.iterdir() if p.suffix != ".sqlite"}
    second = small_shop.build()
    same = ("n_rows", "n_items", "n_held_out", "n_left_out", "faults", "shown")
    assert [getattr(first, n) for n in same] == [getattr(second, n) for n in same]
    assert second.n_reused == 2
    after = {p: p.stat().st_mtime_ns for p in small_shop.out.iterdir() if p.suffix != ".sqlite"}
    assert after == before


def test_only_a_row_that_has_changed_is_read_by_the_grammar_again(small_shop, monkeypatch):
    small_shop.build()
    read = count_rows_read(monkeypatch)
    rows = json.loads(small_shop.data.read_text())
    rows[1]["title"] = "Green Denim Skirt"
    small_shop.write(rows).build()
    assert read == ["b2"]
    assert read_items(small_shop.out)[1].text == "green denim skirt. A blue skirt."


def test_another_version_of_the_grammar_reads_all_rows_again(small_shop, monkeypatch):
    small_shop.build()
    read = count_rows_read(monkeypatch)
    told.hash_grammar.cache_clear()
    monkeypatch.setattr(told, "_read_code", lambda: b"other rules")
    small_shop.build()
    told.hash_grammar.cache_clear()
    assert read == ["a1", "b2"]


def test_metadata_that_somebody_edited_is_made_anew(small_shop):
    small_shop.build()
    (small_shop.out / "metadata.jsonl").write_text("{}\n")
    assert small_shop.build().n_reused == 2
    assert len(read_items(small_shop.out)) == 2


def test_a_damaged_memory_costs_time_and_nothing_else(small_shop):
    small_shop.build()
    (small_shop.out / MEMORY_FILE).write_bytes(b"no database" * 1000)
    assert small_shop.build().n_reused == 0
    assert small_shop.build().n_reused == 2


def test_two_runs_in_one_folder_are_refused(small_shop, monkeypatch):
    small_shop.build()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.01}))
    with (
        Memory(small_shop.out / MEMORY_FILE),
        pytest.raises(StorageError, match="another couturier is at work in this folder"),
    ):
        small_shop.build()


def test_a_build_that_is_killed_goes_on_where_it_was(shop):
    names = [f"{n:03d}" for n in range(60)]
    for name in names:
        shop.picture(f"{name}.png", size=(700, 700))
    shop.write([{"image_id": name, "description": "A red dress"} for name in names])
    command = [sys.executable, "-m", "couturier", "dataset", str(shop.data)]
    command += ["--images", str(shop.images), "--out", str(shop.out), "--set", "dataset.workers=1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(list(shop.out.glob("*.jpg"))) < 5:
        assert process.poll() is None
        time.sleep(0.002)
    process.kill()
    process.wait()
    n_made = len(list(shop.out.glob("*.jpg")))
    again = shop.build(workers=1)
    assert n_made - 2 <= again.n_reused <= n_made
    assert len(read_items(shop.out)) == 60


def test_a_second_check_gives_what_the_first_one_gave(shop):
    shop.picture("1.png", size=(20, 20))
    (shop.images / "2.jpg").write_bytes(b"torn")
    shop.write([{"image_id": 1, "title": "Wow"}, {"image_id": 2, "title": "Red Dress"}, None])

    def check():
        result = check_catalogue(shop.data, images=shop.images, settings=DatasetSettings())
        return list(result.rows), list(result.faults), result.n_rows, result.n_usable

    first = check()
    assert check() == first
    shop.picture("2.jpg", "red")
    assert [fault.fault for fault in check()[1]] != [fault.fault for fault in first[1]]
