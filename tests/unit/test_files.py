"""Files appear whole, and the system's refusals become errors with a remedy."""

import os
from pathlib import Path

import pytest

from couturier.errors import StorageError
from couturier.files import (
    append_json_line,
    hash_file,
    hash_json,
    read_json,
    read_json_lines,
    replace_folder_whole,
    replace_whole,
    require_room,
    write_json,
    write_json_lines,
)


def test_a_file_appears_only_after_its_last_byte(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "rows.jsonl"
    with replace_whole(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert [p.name for p in target.parent.iterdir()] == ["rows.jsonl"]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl"
    target.write_text("old")
    with pytest.raises(TypeError, match="str"), replace_whole(target) as temporary:
        temporary.write_text(None)  # type: ignore[arg-type]
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_folder_replaces_the_former_one_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "step-1"
    (target).mkdir()
    (target / "old").touch()
    with replace_folder_whole(target) as temporary:
        (temporary / "new").touch()
    assert [p.name for p in target.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["step-1"]


def test_json_lines_come_back_with_their_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_json_lines(path, [{"a": 1}, {"b": "ü"}])
    append_json_line(path, {"c": None})
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (2, {"b": "ü"}), (3, {"c": None})]


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "line 2: no JSON"), ("[1]", "line 2: a list, not an object"), ("[" * 9999, "no JSON")],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{{}}\n{line}\n")
    with pytest.raises(StorageError, match=message):
        list(read_json_lines(path))


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"absent.json: No such file.*\n  fix: check the path"):
        read_json(tmp_path / "absent.json")


def test_a_file_that_is_not_utf8_is_told_by_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "\xff"}\n')
    with pytest.raises(StorageError, match="not UTF-8 text"):
        list(read_json_lines(path))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(StorageError, match=r"No space left.*\n  fix: make room"):
        append_json_line(Path("/dev/full"), {"a": 1})


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(StorageError, match="fix: a part of this path is a file"):
        write_json(blocker / "below.json", {})


def test_nan_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_room_is_checked_before_work_begins(tmp_path: Path) -> None:
    require_room(tmp_path / "not" / "yet" / "there", 1)
    with pytest.raises(StorageError, match=r"the disk has .* MB left"):
        require_room(tmp_path, 10**18)


def test_hashes_depend_on_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert hash_file(path).startswith("ba7816bf8f01cfea")
    assert hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {})
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o666 & ~mask
