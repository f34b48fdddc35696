import json
import os

import pytest
from PIL import Image

from couturier.dataset import compress
from couturier.dataset.memory import MEMORY_FILE
from couturier.dataset.records import read_items
from couturier.errors import CatalogueError, StorageError
from couturier.runs import read_manifest


def snapshot(folder):
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_a_folder_with_pictures_captions_and_manifest_comes_out(small_shop):
    summary = small_shop.build()
    items = read_items(small_shop.out)
    assert [i.file_name for i in items] == ["a1.jpg", "b2.jpg"]
    assert items[0].text == "red satin dress. Be bold, babe."
    assert items[0].garments[0].colour == "red"
    assert items[0].extra["width"] == 80
    assert items[0].extra["bucket"] == [448, 576]
    assert items[0].extra["source"] == "a1.png"
    assert (summary.n_rows, summary.n_items, summary.faults) == (2, 2, {})
    manifest = read_manifest(small_shop.out)
    assert (manifest["stage"], manifest["status"], manifest["n_items"]) == ("dataset", "done", 2)


def test_the_originals_way_takes_the_description_as_it_is(small_shop):
    small_shop.build(caption="description")
    assert [i.text for i in read_items(small_shop.out)] == ["Be bold, babe.", "A blue skirt."]


def test_nothing_changes_in_the_shops_folder(small_shop):
    before = snapshot(small_shop.data.parent)
    small_shop.build()
    assert snapshot(small_shop.data.parent) == before


def test_datasets_reads_the_folder_as_it_is(shop, tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    # Names that `datasets` would take for splits of their own, rows without garments, nulls only.
    names = ["train-1", "my test 2", "val_3", "dev", "plain"]
    for name in names:
        shop.picture(f"{name}.png")
    shop.write([{"image_id": name, "description": "Buy it now, babe"} for name in names]).build()
    data = datasets.load_dataset(
        "imagefolder", data_dir=str(shop.out), cache_dir=str(tmp_path / "cache")
    )
    assert list(data) == ["train"]
    assert data["train"]["image_id"][:] == names
    assert data["train"][0]["image"].size == (80, 100)
    assert set(data["train"].features) >= {"image", "text", "image_id", "split", "garments"}


def test_every_row_and_picture_left_out_is_named(shop):
    shop.picture("ok.png")
    (shop.images / "empty.jpg").touch()
    (shop.images / "broken.jpg").write_bytes(b"no picture at all")
    shop.write(
        [
            {"image_id": "ok", "description": "A red dress"},
            {"image_id": "empty", "description": "A red dress"},
            {"image_id": "broken", "description": "A red dress"},
            {"image_id": "gone", "description": "A red dress"},
            {"image_id": "mute"},
            None,
        ]
    )
    shop.picture("mute.png", "blue")
    summary = shop.build()
    told = {(f["image_id"], f["fault"], f["action"]) for f in shop.lines("faults.jsonl")}
    assert told == {
        ("", "unreadable row", "left out"),
        ("mute", "no text", "left out"),
        ("gone", "no picture", "left out"),
        ("empty", "empty picture", "left out"),
        ("broken", "broken picture", "left out"),
    }
    assert (summary.n_rows, summary.n_items, summary.n_left_out) == (6, 1, 5)
    assert next(iter(summary.faults)) == "unreadable row"
    assert "; fix: " in summary.shown[0]


def test_strict_refuses_what_would_be_left_out(small_shop):
    (small_shop.images / "b2.png").unlink()
    with pytest.raises(CatalogueError, match="1 left out and --strict is set: row 2: no picture"):
        small_shop.build(strict=True)
    assert not (small_shop.out / "metadata.jsonl").exists()


def test_strict_refuses_a_broken_picture_too(small_shop):
    (small_shop.images / "b2.png").write_bytes(b"torn")
    with pytest.raises(CatalogueError, match="row 2: broken picture"):
        small_shop.build(strict=True)
    assert not (small_shop.out / "metadata.jsonl").exists()


def test_a_catalogue_without_one_good_row_is_refused(shop):
    shop.write([{"image_id": "1", "description": "A dress"}])
    with pytest.raises(CatalogueError, match="not one row can be used; first: no picture '1'"):
        shop.build()
    assert not shop.out.exists()


@pytest.mark.parametrize("place", ["data/images", "data", "data/images/small"])
def test_an_out_folder_around_the_shops_files_is_refused(small_shop, place):
    small_shop.out = small_shop.data.parent.parent / place
    with pytest.raises(CatalogueError, match="may not go into the images folder, nor around it"):
        small_shop.build()


def test_an_out_folder_with_other_things_in_it_is_refused(small_shop):
    small_shop.out.mkdir()
    (small_shop.out / "thesis.txt").write_text("years of work")
    with pytest.raises(CatalogueError, match=r"holds other things, such as thesis\.txt"):
        small_shop.build()


def test_a_second_run_takes_over_finished_pictures(small_shop):
    small_shop.build()
    before = snapshot(small_shop.out)
    assert small_shop.build().n_reused == 2
    changed = {p.name for p, state in snapshot(small_shop.out).items() if before.get(p) != state}
    assert changed <= {"metadata.jsonl", "faults.jsonl", "manifest.json", MEMORY_FILE}


def test_a_changed_picture_or_setting_is_made_again(small_shop):
    small_shop.build()
    path = small_shop.picture("a1.png", "green")
    os.utime(path, ns=(1, 1))
    assert small_shop.build().n_reused == 1
    assert small_shop.build(quality=50).n_reused == 0


def test_a_damaged_or_missing_finished_picture_is_made_again(small_shop):
    small_shop.build()
    (small_shop.out / "a1.jpg").write_bytes(b"torn")
    (small_shop.out / "b2.jpg").unlink()
    assert small_shop.build().n_reused == 0
    with Image.open(small_shop.out / "a1.jpg") as made:
        assert made.size == (80, 100)


def test_pictures_of_rows_that_are_gone_are_taken_away(small_shop):
    small_shop.build()
    small_shop.write([{"image_id": "a1", "description": "A red dress"}]).build()
    assert sorted(p.name for p in small_shop.out.glob("*.jpg")) == ["a1.jpg"]


def test_a_stopped_run_leaves_no_metadata_and_the_next_goes_on(small_shop):
    def stop(done, total, note):
        if note == "b2.jpg":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_shop.build(on_step=stop)
    assert not (small_shop.out / "metadata.jsonl").exists()
    assert read_manifest(small_shop.out)["status"] == "running"
    (small_shop.out / ".b2.jpg.part").touch()
    summary = small_shop.build()
    assert summary.n_reused == 2
    assert len(read_items(small_shop.out)) == 2
    assert not list(small_shop.out.glob(".*.part"))


def test_progress_is_told_up_to_the_end(small_shop):
    steps = []
    small_shop.build(on_step=lambda *step: steps.append(step))
    assert steps == [(2, 2, "captions"), (1, 2, "a1.jpg"), (2, 2, "b2.jpg")]


def test_a_full_disk_is_told_before_any_work(small_shop, monkeypatch):
    monkeypatch.setattr(compress, "require_room", _refuse_room)
    with pytest.raises(StorageError, match="no room"):
        small_shop.build()


def _refuse_room(folder, needed_bytes):
    assert needed_bytes > 0
    raise StorageError("no room", fix="make room")


def test_a_picture_that_cannot_be_written_stops_the_run(small_shop):
    (small_shop.out / "a1.jpg").mkdir(parents=True)
    (small_shop.out / "manifest.json").write_text('{"stage": "dataset"}')
    with pytest.raises(StorageError, match=r"a1\.jpg: Is a directory"):
        small_shop.build()


def test_pictures_that_are_the_same_are_told(shop):
    shop.picture("1.png")
    shop.picture("2.png")
    shop.write([{"image_id": n, "description": "A red dress"} for n in (1, 2)]).build()
    assert [f["message"][:26] for f in shop.lines("faults.jsonl")] == ["2.png: the same as 1.png; "]


def test_all_pictures_of_a_product_are_items_of_one_split(shop):
    names = [f"v{n}.png" for n in range(12)]
    for n, name in enumerate(names):
        shop.picture(name, (n * 20, 0, 0))
    rows = [{"image_id": "p", "images": names[:6], "description": "A red dress"}]
    rows += [{"image_id": "q", "images": names[6:], "description": "A blue skirt"}]
    shop.write(rows).build(held_out_share=0.5, seed=0)
    splits = {(i.image_id, i.split) for i in read_items(shop.out)}
    assert splits == {("p", "held-out"), ("q", "train")}
    assert (shop.out / "p-6.jpg").exists()


def test_a_template_over_the_rows_fields_is_filled_in(small_shop):
    small_shop.build(caption="a photo of a {colour} {kind}, {title}")
    texts = [i.text for i in read_items(small_shop.out)]
    assert texts[0] == "a photo of a red dress, Red Satin Dress"


def test_a_template_may_ask_by_the_shops_own_names(shop):
    shop.picture("1.png")
    rows = [{"SKU": "1", "Product Name": "Red Hat", "Body (HTML)": "<p>Soft &amp; warm</p>"}]
    shop.write(rows).build(caption="{product_name}: {body_html}")
    assert [i.text for i in read_items(shop.out)] == ["Red Hat: Soft & warm"]


def test_a_template_with_an_unknown_field_is_refused_with_the_known_ones(small_shop):
    with pytest.raises(
        CatalogueError, match=r"no row has a field sie[\s\S]*image_id, title"
    ) as told:
        small_shop.build(caption="{sie}")
    assert told.value.fix.startswith("the fields are image_id")


def test_metadata_holds_strict_json(small_shop):
    rows = json.loads(small_shop.data.read_text())
    rows[0]["price"] = float("nan")
    small_shop.write(rows).build()
    assert "NaN" not in (small_shop.out / "metadata.jsonl").read_text()
