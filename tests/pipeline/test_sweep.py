import json

from couturier.cli.main import main
from couturier.evaluate.records import read_sweep
from couturier.train.records import WEIGHTS_FILE
from tests.fakes import make_dataset, make_tiny_base

QUICK = ["--set", "generate.steps=1", "--set", "generate.faithful=off", "--set"]
QUICK += ["evaluate.segmenter=none", "--set", "evaluate.tower=none"]
QUICK += ["--set", "evaluate.text_image=false"]


def test_a_sweep_draws_every_way_scores_them_and_goes_on_where_it_stopped(tmp_path, capsys):
    base, data = make_tiny_base(tmp_path / "base"), make_dataset(tmp_path / "data")
    model, own = tmp_path / "model", tmp_path / "own.txt"
    own.write_text("a blue hat\n", encoding="utf-8")
    steps = ["--set", "train.max_steps=2", "--set", "train.batch_size=1"]
    steps += ["--set", "train.checkpoint_every=1"]
    assert main(["train", str(data), "--base", str(base), "--out", str(model), *steps]) == 0
    sweep = ["sweep", str(model), "--train", str(data), "--strengths", "0,1", "--count", "1"]
    sweep += ["--own-prompts", str(own), "--out", str(tmp_path / "sweep"), *QUICK]
    assert main(sweep) == 0
    found = read_sweep(tmp_path / "sweep")
    names = [variant.name for variant in found.variants]
    assert names == ["base alone", "strength 0", "strength 1", "step 1", "step 2"]
    assert found.best in names[1:]
    assert all(variant.kept is not None for variant in found.variants)
    drawn = (tmp_path / "sweep/strength-1/looks.jsonl").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main([*sweep, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"] == found.best
    assert (tmp_path / "sweep/strength-1/looks.jsonl").read_text(encoding="utf-8") == drawn


def test_a_sweep_without_sentences_is_refused(tmp_path, capsys):
    base, data = make_tiny_base(tmp_path / "base"), make_dataset(tmp_path / "data")
    steps = ["--set", "train.max_steps=1", "--set", "train.batch_size=1"]
    model = tmp_path / "model"
    assert main(["train", str(data), "--base", str(base), "--out", str(model), *steps]) == 0
    assert main(["sweep", str(model), "--out", str(tmp_path / "sweep")]) == 1
    assert main(["sweep", str(model), "a dress", "--strengths", "much"]) == 1
    assert "not numbers with commas between" in capsys.readouterr().err


def test_training_makes_the_checkpoint_whose_pictures_are_chosen_its_final_tensors(
    tmp_path, capsys
):
    base, data = make_tiny_base(tmp_path / "base"), make_dataset(tmp_path / "data")
    model = tmp_path / "model"
    steps = ["--set", "train.max_steps=3", "--set", "train.batch_size=1", "--set"]
    steps += ["train.checkpoint_every=1", "--set", "train.checkpoints_kept=2"]
    asked = ["train", str(data), "--base", str(base), "--out", str(model), *steps, *QUICK]
    assert main([*asked, "--choose"]) == 0
    names = [variant.name for variant in read_sweep(model / "choice").variants]
    assert names == ["base alone", "step 2", "step 3"]
    choice = json.loads((model / "choice.json").read_text(encoding="utf-8"))
    chosen = model / "checkpoints" / choice["chosen"] / WEIGHTS_FILE
    assert (model / "final_tensors" / WEIGHTS_FILE).read_bytes() == chosen.read_bytes()
    assert (model / "kohya/model.safetensors").is_file()
    assert f"chosen: {read_sweep(model / 'choice').best}" in capsys.readouterr().err
