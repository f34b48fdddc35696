"""Training keeps all tensors that meet on one device, on machines without a second one, too."""

import pytest
import torch
from safetensors.torch import load_file

from couturier.diffusion.device import Placement
from couturier.train import order
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings
from tests.elsewhere import pretended_device
from tests.fakes import make_dataset

# torch takes the pretended device for one without values.
pytestmark = pytest.mark.filterwarnings("ignore:for .* copying from a non-meta")


@pytest.fixture
def train(tiny_base, tmp_path, monkeypatch):
    make_dataset(tmp_path / "data", n_items=5)

    def run(name, **changes):
        settings = {"base": str(tiny_base), "resolution_px": 16, "max_steps": 3, "batch_size": 2}
        settings |= {"validation_steps": 2, "validation_pictures": 1, **changes}
        out = tmp_path / name
        return train_adapter(tmp_path / "data", out=out, settings=TrainSettings(**settings))

    def run_elsewhere(name, **changes):
        with pretended_device() as device, monkeypatch.context() as patch:
            placement = Placement(device, torch.float32, None, "pretended")
            patch.setattr(order, "choose_placement", lambda *_: placement)
            return run(name, **changes)

    return run, run_elsewhere


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"validation_pictures": 0},
        {"export": ("kohya", "kohya-full", "merged")},
        {"method": "dora"},
        {"method": "lokr", "conv_rank": 2},
        {"text_encoder": True},
        {"prior_weight": 1.0, "prior_pictures": 2, "prior_prompt": "a photo of a dress"},
        {"gradient_accumulation": 2, "min_snr_gamma": 5.0, "offset_noise": 0.05},
        {"ema_decay": 0.9, "final": "best", "validation_every": 1},
    ],
    ids=lambda changes: " ".join(changes) or "plain",
)
def test_no_tensor_is_left_on_the_processor(train, changes):
    _, run_elsewhere = train
    run_elsewhere("far", **changes)


def test_another_device_trains_the_same_adapter(train):
    run, run_elsewhere = train
    near, far = (load_file(made.weights) for made in (run("near"), run_elsewhere("far")))
    assert near.keys() == far.keys()
    for name, tensor in near.items():
        assert torch.allclose(tensor, far[name], atol=1e-5), name
