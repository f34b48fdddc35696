from pathlib import Path

import pytest

from couturier.errors import LooksError, SettingsError, StorageError
from couturier.generate.plan import find_adapters, plan_pictures
from couturier.generate.prompts import PromptRow, read_prompts
from couturier.generate.settings import GenerateSettings


def plan(*prompts: str, **settings: object) -> list[str]:
    rows = read_prompts(prompts)
    return [request.prompt for request in plan_pictures(rows, GenerateSettings(**settings))]


def test_sentences_typed_come_before_those_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "looks.txt"
    file.write_text("a blue hat\n\n  a red dress  \n", encoding="utf-8")
    rows = read_prompts(["a green top"], file)
    assert [row.prompt.strip() for row in rows] == ["a green top", "a blue hat", "a red dress"]
    assert rows[2].place == "looks.txt, line 3"


def test_a_table_gives_rows_settings_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "looks.csv"
    file.write_text(
        'Prompt,seed,negative_prompt,guidance_scale,size\n"hat, cap",5,blurry,3.5,64x32\nbag,,,,\n'
    )
    first, second = plan_pictures(read_prompts((), file), GenerateSettings(seed=9))
    assert (first.prompt, first.seed, first.negative) == ("hat, cap", 5, "blurry")
    assert (first.guidance, first.size_px) == (3.5, (64, 32))
    assert (second.seed, second.guidance, second.size_px) == (9, 7.5, None)


def test_json_lines_and_a_json_list_are_read_alike(tmp_path: Path) -> None:
    lines, listed = tmp_path / "a.jsonl", tmp_path / "b.json"
    lines.write_text('{"prompt": "a hat", "steps": 3}\n"a bag"\n')
    listed.write_text('[{"prompt": "a hat", "steps": 3}, "a bag"]')
    settings = GenerateSettings()
    assert plan_pictures(read_prompts((), lines), settings) == plan_pictures(
        read_prompts((), listed), settings
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "prompt,sed\nhat,1\n", r"unknown column 'sed' \(did you mean seed\?\)"),
        ("a.csv", "prompt\nhat, cap\n", "line 2: more values than columns"),
        ("a.csv", "seed\n1\n", "line 2: no 'prompt'"),
        ("a.jsonl", "{oh\n", "line 1: no JSON"),
        ("a.jsonl", "[1]\n", "a int, not an object"),
        ("a.txt", "\n\n", "no prompt in it"),
    ],
)
def test_a_bad_prompt_file_is_told_with_its_line(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(LooksError, match=told):
        read_prompts((), file)


def test_a_missing_prompt_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        read_prompts((), tmp_path / "none.txt")


def test_a_prompt_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"a caf\xe9 dress")
    with pytest.raises(StorageError, match=r"not UTF-8 text \(byte 5\)"):
        read_prompts((), file)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("   ", "prompt 1: the prompt is empty"),
        ("word " * 3000, r"has 3,000 words, 1,000 are the most"),
        ("a hat Negative prompt: blue", "holds the words 'Negative prompt:'"),
        ("a \ud800 hat", "half characters"),
    ],
)
def test_a_prompt_that_cannot_be_drawn_is_refused(prompt: str, told: str) -> None:
    with pytest.raises(LooksError, match=told):
        plan(prompt)


def test_no_prompt_at_all_is_refused() -> None:
    with pytest.raises(LooksError, match="no prompt given"):
        plan()


def test_each_sentence_counts_its_seeds_up_from_the_same_one() -> None:
    rows = read_prompts(["a hat", "a bag"])
    requests = plan_pictures(rows, GenerateSettings(seed=4, count=2))
    assert [(r.prompt, r.seed) for r in requests] == [
        ("a hat", 4),
        ("a hat", 5),
        ("a bag", 4),
        ("a bag", 5),
    ]


@pytest.mark.parametrize("size", ["-64x64", "100x64", "0x64", "5000x8", "big", "64"])
def test_a_size_that_cannot_be_drawn_is_refused(size: str) -> None:
    with pytest.raises(SettingsError, match=r"looks.csv, line 2: size = .*(multiple of 8|WIDTHx)"):
        plan_pictures([PromptRow("hat", "looks.csv, line 2", {"size": size})], GenerateSettings())


def test_a_scale_stands_after_the_last_colon(tmp_path: Path) -> None:
    file = tmp_path / "a:b.safetensors"
    file.touch()
    (plain,) = find_adapters([str(file)])
    (scaled,) = find_adapters([f"{file}:0.5"])
    assert (plain.scale, plain.weights) == (1.0, file)
    assert (scaled.scale, scaled.weights, scaled.path) == (0.5, file, str(file))
    with pytest.raises(SettingsError, match="the scale is no number"):
        find_adapters([f"{file}:nan"])
