import json

import pytest
from PIL import Image

from couturier.evaluate.safety import measure_filter
from couturier.generate.audit import audit_filter
from couturier.generate.records import Look, append_look, read_audit
from tests.fakes import make_dataset, make_tiny_base


def draw_looks(folder, base, n=2):
    folder.mkdir()
    for number in range(n):
        Image.new("RGB", (32, 32), (200, 40 * number, 60)).save(folder / f"{number}.png")
        append_look(folder, Look(f"{number}.png", "a dress", number, {"base": str(base)}, {}))
    return folder


@pytest.fixture
def alone(monkeypatch):
    """Without the second checker, whatever is installed."""
    monkeypatch.setattr("couturier.generate.audit.load_second", lambda wanted: None)


def test_a_filter_that_flags_everything_is_wrong_on_all_of_the_catalogue(tmp_path, alone):
    base = make_tiny_base(tmp_path / "base", flag_all=True)
    looks, data = draw_looks(tmp_path / "looks", base), make_dataset(tmp_path / "data", n_items=6)
    audit = audit_filter(looks, data, most=4)
    assert audit.catalogue["general"] == {"block": 4}
    assert len(audit.stopped) == 4
    (general, *_) = measure_filter(looks)
    assert (general.profile, general.alarms.right, general.alarms.n) == ("general", 4, 4)
    assert (general.blocked, general.looks) == (4, {"block": 2})


def test_a_filter_that_flags_nothing_has_no_false_alarm(tiny_base, tmp_path, alone):
    looks, data = draw_looks(tmp_path / "looks", tiny_base), make_dataset(tmp_path / "data")
    audit_filter(looks, data, most=50)
    for rate in measure_filter(looks):
        assert (rate.alarms.right, rate.alarms.n) == (0, 6)
        assert rate.alarms.high == pytest.approx(0.39, abs=0.01)  # Wilson: nothing of six


def test_the_second_checker_is_asked_once_a_picture_and_lifts_alarms(tmp_path, monkeypatch):
    asked = []
    second = lambda image: asked.append(image) or 0.3  # noqa: E731
    monkeypatch.setattr("couturier.generate.audit.load_second", lambda wanted: second)
    base = make_tiny_base(tmp_path / "base", flag_all=True)
    base_looks = draw_looks(tmp_path / "looks", base, n=1)
    data = make_dataset(tmp_path / "data", n_items=3)
    calm = {"special_care_embeds_weights": 1.5}
    _set_thresholds(base, **calm)  # no picture taken for a minor's, which would settle it
    audit = audit_filter(base_looks, data, most=50)
    assert audit.catalogue["general"] == {"review": 3}
    assert audit.catalogue["swim-lingerie"] == {"pass": 3}
    assert audit.catalogue["kids"] == {"block": 3}
    assert len(asked) == 4  # three photographs, one look


def _set_thresholds(base, **values):
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    checker = StableDiffusionSafetyChecker.from_pretrained(base / "safety_checker")
    for name, value in values.items():
        getattr(checker, name).data.fill_(value)
    checker.save_pretrained(base / "safety_checker")


def test_an_audit_is_made_anew_only_when_something_changed(tiny_base, tmp_path, alone, monkeypatch):
    looks, data = draw_looks(tmp_path / "looks", tiny_base), make_dataset(tmp_path / "data")
    first = audit_filter(looks, data, most=50)
    monkeypatch.setattr("couturier.generate.audit.judge_picture", None)
    assert audit_filter(looks, data, most=50) == first
    with pytest.raises(TypeError):
        audit_filter(looks, data, most=3)


def test_looks_from_elsewhere_and_bases_that_are_gone_are_not_audited(tmp_path):
    data = make_dataset(tmp_path / "data")
    (tmp_path / "strays").mkdir()
    assert audit_filter(tmp_path / "strays", data, most=5) is None
    looks = draw_looks(tmp_path / "looks", tmp_path / "no-base")
    assert audit_filter(looks, data, most=5) is None
    assert measure_filter(looks) == ()


def test_a_damaged_audit_is_no_audit(tiny_base, tmp_path, alone):
    looks, data = draw_looks(tmp_path / "looks", tiny_base), make_dataset(tmp_path / "data")
    audit_filter(looks, data, most=2)
    (looks / "safety-audit.json").write_text(json.dumps({"format": 1}), encoding="utf-8")
    assert read_audit(looks) is None
