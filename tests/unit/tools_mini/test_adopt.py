from pathlib import Path

import torch
from safetensors.torch import load_file

from couturier.mini.locate import find_mini
from tools.mini.adopt import adopt_weights
from tools.mini.checkpoints import read_average
from tools.mini.towers import STATE as TOWERS
from tools.mini.towers import load_towers


def test_training_goes_on_from_the_packaged_weights(tmp_path: Path) -> None:
    packaged = find_mini()
    assert adopt_weights(packaged, tmp_path) == [
        "tokenizer", "autoencoder", "towers", "segmenter", "unet", "judge",
    ]  # fmt: skip

    shipped = load_file(packaged / "unet" / "diffusion_pytorch_model.safetensors")
    taken = read_average(tmp_path / "unet" / "state.safetensors")
    assert shipped.keys() == {k.removeprefix("unet.") for k in taken if k.startswith("unet.")}
    assert all(torch.equal(shipped[key].float(), taken[f"unet.{key}"]) for key in shipped)
    projection = load_file(packaged / "vision_tower" / "text_projection.safetensors")["weight"]
    assert torch.equal(load_towers(tmp_path).text.text_projection.weight, projection.float())


def test_a_part_that_was_trained_further_is_not_taken_back(tmp_path: Path) -> None:
    for part in ("autoencoder", "segmenter", "unet"):
        state = tmp_path / part / "state.safetensors"
        state.parent.mkdir()
        state.write_bytes(b"further")

    assert adopt_weights(find_mini(), tmp_path) == ["tokenizer", "towers", "judge"]
    assert (tmp_path / "unet" / "state.safetensors").read_bytes() == b"further"
    assert (tmp_path / TOWERS).exists()
