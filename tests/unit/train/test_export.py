import json

import pytest
from diffusers import StableDiffusionPipeline
from safetensors import safe_open

from couturier.cli.main import main
from couturier.diffusion.adapters import check
from couturier.diffusion.adapters.attach import attach_adapter
from couturier.diffusion.adapters.training import AdapterPlan, save_adapters
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.errors import AdapterError
from couturier.train.export import export_adapter
from couturier.train.labels import count_tags, find_trigger
from tests.fakes import make_tiny_base
from tests.unit.diffusion.adapters.made import CPU, make_adapted

DRAW = Draw("a red dress", "", 3, 2, 5.0, "ddim", 32, 32)


def _train(base, out, method="lora", **more):
    parts = make_adapted(base, AdapterPlan(method, rank=2, alpha=1.0, **more), disturb=0.3)
    facts = {"base": str(base), "base_hash": parts.base_hash, "trigger_words": "a couture"}
    save_adapters(out / "final_tensors", parts.denoiser, facts)
    return out


@pytest.fixture
def run(tiny_base, tmp_path):
    return _train(tiny_base, tmp_path / "models" / "first")


def _metadata(path):
    with safe_open(path, "pt") as file:
        return file.metadata()


def test_a_run_becomes_a_kohya_file_that_keeps_its_facts(run, capsys):
    assert main(["export", str(run), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["path"] == str(run / "kohya" / "first.safetensors")
    assert (written["precision"], written["n_modules"]) == ("fp16", 32)
    assert written["error"] < 1e-3
    said = _metadata(written["path"])
    assert (said["ss_output_name"], said["trigger_words"]) == ("first", "a couture")
    assert "lora_adapter_metadata" not in said


def test_a_kohya_file_becomes_a_diffusers_file_again(run, tmp_path):
    kohya = export_adapter(run, form="kohya", precision="fp32").path
    back = export_adapter(kohya, form="diffusers", precision="fp32", out=tmp_path / "b.safetensors")
    assert back.error < 1e-6
    pictures = []
    for path in (run / "final_tensors" / "pytorch_lora_weights.safetensors", back.path):
        pipeline = load_pipeline(_metadata(path)["base"], CPU, safety=False)
        attach_adapter(pipeline, path, 1.0)
        pictures.append(draw_picture(pipeline, DRAW))
    assert abs(pictures[0] - pictures[1]).max() < 1e-5


@pytest.mark.parametrize("method", ["lora", "dora", "lokr"])
def test_a_merged_base_draws_in_plain_diffusers_as_base_and_adapter_do(tiny_base, tmp_path, method):
    run = _train(tiny_base, tmp_path / "first", method)
    merged = export_adapter(run, form="merged", precision="fp32")
    ours = load_pipeline(str(tiny_base), CPU, safety=False)
    attach_adapter(ours, run / "final_tensors" / "pytorch_lora_weights.safetensors", 1.0)
    plain = StableDiffusionPipeline.from_pretrained(merged.path)
    plain.set_progress_bar_config(disable=True)
    assert plain.safety_checker is not None
    assert abs(draw_picture(plain, DRAW) - draw_picture(ours, DRAW)).max() < 1e-4


def test_a_merged_base_predicts_what_its_adapter_was_trained_for(tiny_base, tmp_path):
    parts = make_adapted(tiny_base, AdapterPlan())
    facts = {"base": str(tiny_base), "prediction_type": "v_prediction", "zero_terminal_snr": True}
    save_adapters(tmp_path / "first" / "final_tensors", parts.denoiser, facts)
    merged = export_adapter(tmp_path / "first", form="merged")
    config = load_pipeline(str(merged.path), CPU, safety=False).scheduler.config
    assert config.prediction_type == "v_prediction"
    assert config.rescale_betas_zero_snr


def test_half_precision_gives_way_where_it_is_too_coarse(tiny_base, tmp_path, monkeypatch):
    # A LoHa's change is the product of four rounded matrices: near the limit on any base, so that
    # a limit a little lower shows what happens beyond it.
    monkeypatch.setattr(check, "TOLERANCE", 1e-4)
    run = _train(tiny_base, tmp_path / "first", "loha")
    with pytest.raises(AdapterError, match="differs from what was trained") as fault:
        export_adapter(run, form="kohya", precision="fp16")
    assert "--precision fp32" in fault.value.fix
    assert not list((run / "kohya").iterdir())
    assert export_adapter(run, form="kohya").precision == "fp32"


@pytest.mark.parametrize("method", ["loha", "lokr"])
def test_lycoris_matrices_whole_or_in_pairs_keep_their_scale(tiny_base, tmp_path, method):
    run = _train(tiny_base, tmp_path / "first", method, layers="transformer", conv_rank=2)
    assert export_adapter(run, form="diffusers", precision="fp32").error < 1e-5


def test_nothing_is_overwritten(run):
    export_adapter(run, form="kohya")
    with pytest.raises(AdapterError, match=r"first\.safetensors: is there already"):
        export_adapter(run, form="kohya")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"out": "first.ckpt"}, "no name for a file of form kohya"),
        ({"scale": 0.5}, "keeps an adapter as it was trained"),
    ],
)
def test_what_a_form_has_no_place_for_is_refused(run, tmp_path, more, message):
    if "out" in more:
        more = {"out": tmp_path / more["out"]}
    with pytest.raises(AdapterError, match=message):
        export_adapter(run, form="kohya", **more)
    assert not (run / "kohya").exists()


def test_a_base_that_changed_since_is_refused(tmp_path):
    base = make_tiny_base(tmp_path / "base")
    run = _train(base, tmp_path / "first")
    make_tiny_base(base, seed=1)
    with pytest.raises(AdapterError, match="with other weights than are there now"):
        export_adapter(run, form="kohya")


def test_a_file_that_names_no_base_asks_for_one(tiny_base, run, tmp_path):
    path = run / "final_tensors" / "pytorch_lora_weights.safetensors"
    parts = make_adapted(tiny_base, AdapterPlan())
    save_adapters(path.parent, parts.denoiser, {})
    with pytest.raises(AdapterError, match="does not say which base") as fault:
        export_adapter(run, form="kohya")
    assert "--base" in fault.value.fix
    assert export_adapter(run, form="kohya", base=str(tiny_base)).error < 1e-3


def test_a_truncated_file_is_refused_before_anything_is_written(run, capsys):
    path = run / "final_tensors" / "pytorch_lora_weights.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    assert main(["export", str(run)]) == 1
    assert "no readable safetensors file" in capsys.readouterr().err
    assert not (run / "kohya").exists()


def test_captions_common_words_are_the_trigger_words():
    captions = ["a photo of a red dress, acme style", "a photo of a blue coat, acme style"]
    assert find_trigger(captions) == "a photo of a, acme style"
    assert find_trigger(["a red dress", "blue jeans"]) == ""


def test_tags_are_counted_between_commas_the_most_frequent_first():
    counts = count_tags(["Red dress, silk", "red dress, wool", "coat"])
    assert list(counts.items()) == [("red dress", 2), ("coat", 1), ("silk", 1), ("wool", 1)]
