import numpy as np
import pytest
from PIL import Image

from couturier.generate.draw import render_looks
from couturier.generate.prompts import read_prompts
from couturier.generate.settings import GenerateSettings
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings
from tests.fakes import make_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "set", n_items=4, n_held_out=1)


@pytest.mark.parametrize(("family", "faithful"), [("sd2", "off"), ("sdxl", "guide")])
def test_a_family_is_trained_exported_and_drawn_from_end_to_end(
    bases, data, tmp_path, family, faithful
):
    base = str(bases(family))
    settings = TrainSettings(
        base=base,
        max_steps=3,
        batch_size=2,
        learning_rate=0.05,
        caption_dropout=0.3,
        validation_pictures=1,
        validation_steps=1,
    )
    run = train_adapter(data, out=tmp_path / "models" / "first", settings=settings)
    assert [export["form"] for export in run.manifest["exports"]] == ["peft", "kohya"]
    pictures = []
    for lora in ([], [str(run.folder)], [str(run.folder / "kohya" / "first.safetensors")]):
        drawing = GenerateSettings(base=base, lora=lora, steps=2, receipts=False, faithful=faithful)
        (look,) = render_looks(
            read_prompts(["a red dress"]), out=tmp_path / f"looks-{len(pictures)}", settings=drawing
        )
        with Image.open(tmp_path / f"looks-{len(pictures)}" / look.file) as image:
            pictures.append(np.asarray(image.convert("RGB"), int))
    bare, own, kohya = pictures
    assert np.abs(own - bare).max() > 2
    assert np.abs(own - kohya).max() <= 2
