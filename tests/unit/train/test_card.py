import pytest

from couturier.files import write_json_lines
from couturier.train.card import write_card
from couturier.train.curves import draw_curves, tell_curves
from couturier.train.licences import find_licence
from couturier.train.settings import TrainSettings
from tests.fakes import make_tiny_base

METRICS = [
    {"step": 0, "loss": None, "held_out_loss": 0.3},
    {"step": 10, "loss": 0.30, "held_out_loss": 0.25},
    {"step": 20, "loss": 0.20, "held_out_loss": 0.28},
]
MANIFEST = {
    "couturier": "0.1.0",
    "base_hash": "ab" * 32,
    "dataset": {"folder": "data/set", "hash": "cd" * 32, "n_train": 5, "n_held_out": 2},
    "device": "cpu",
    "precision": "fp32",
    "step": 20,
    "seconds": 300.0,
}


@pytest.fixture
def write(tmp_path):
    def write_one(**changes):
        out = tmp_path / "first"
        write_json_lines(out / "metrics.jsonl", METRICS)
        kohya = out / "kohya" / "first.safetensors"
        exports = [
            {"path": str(kohya), "form": "kohya", "precision": "fp16", "n_modules": 32}
            | {"error": 4e-4}
        ]
        settings = TrainSettings(max_steps=20, **changes)
        write_card(out, settings, {**MANIFEST, "exports": exports})
        return (out / "README.md").read_text()

    return write_one


def test_the_card_of_sd_1_4_names_what_its_licence_forbids(write):
    card = write()
    assert card.startswith("---\nlicense: creativeml-openrail-m\n")
    for words in ("harming minors", "medical advice", "discriminating", "against the law"):
        assert words in card
    assert "as terms that whoever receives it must accept" in card


def test_the_card_tells_how_to_use_every_file_and_how_exact_it_is(write, tmp_path):
    card = write()
    assert 'pipeline.load_lora_weights("' in card
    assert "copy `kohya/first.safetensors`" in card
    assert "<lora:first:1>" in card
    assert "| `kohya/first.safetensors` | kohya | fp16 | 32 | 4.0e-04 |" in card
    assert "![Curves](curves.svg)" in card
    assert (tmp_path / "first" / "curves.svg").read_text().startswith("<svg")


def test_over_training_is_said_aloud():
    told = tell_curves(METRICS)
    assert "lowest at step 10: 0.2500, and 0.2800 at the end: the last steps over-trained" in told
    assert "cannot be seen" in tell_curves([{"step": 1, "loss": 0.1, "held_out_loss": None}])


def test_curves_need_two_losses_and_stay_within_the_drawing():
    assert draw_curves(METRICS[:2]) == ""
    wild = [*METRICS, {"step": 30, "loss": 900.0, "held_out_loss": None}]
    numbers = draw_curves(wild).split('points="')[1].split('"')[0]
    assert all(0 <= float(y) <= 300 for y in (pair.split(",")[1] for pair in numbers.split()))


@pytest.mark.parametrize(
    ("base", "key"),
    [
        ("mini", "apache-2.0"),
        ("stabilityai/stable-diffusion-2-1", "openrail++"),
        ("stabilityai/stable-diffusion-xl-base-1.0", "openrail++"),
        ("somebody/unheard-of", "other"),
    ],
)
def test_a_base_has_the_licence_it_was_published_under(base, key):
    assert find_licence(base).key == key


def test_a_folder_s_own_card_names_its_licence(tmp_path):
    base = make_tiny_base(tmp_path / "base")
    assert "not told" in find_licence(str(base)).name
    (base / "README.md").write_text("---\nlicense: openrail++\n---\n# A base\n")
    assert find_licence(str(base)).forbids
    (base / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    assert "cc-by-nc-4.0" in find_licence(str(base)).name
