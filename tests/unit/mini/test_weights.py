from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from couturier.errors import BaseModelError
from couturier.mini import locate
from couturier.mini.locate import find_mini
from couturier.vision.segmenter import GarmentSegmenter, load_segmenter, segment

SIZE_LIMIT = 24 * 2**20


def test_a_package_without_weights_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "__file__", str(tmp_path / "locate.py"))
    with pytest.raises(BaseModelError, match="the embedded base is not there"):
        find_mini()


def test_the_whole_base_takes_at_most_24_mib() -> None:
    files = [path for path in find_mini().parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= SIZE_LIMIT


def test_the_base_holds_no_pickles() -> None:
    assert not [p for p in find_mini().rglob("*") if p.suffix in {".bin", ".pt", ".ckpt", ".pkl"}]


@pytest.mark.filterwarnings("ignore")
def test_plain_diffusers_loads_the_base_and_draws_128_px() -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(find_mini())
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        "red t-shirt", num_inference_steps=2, generator=torch.Generator().manual_seed(0)
    )
    assert made.images[0].size == (128, 128)
    assert made.nsfw_content_detected == [False]


def test_the_packaged_segmenter_labels_a_picture_in_its_own_proportions() -> None:
    model = load_segmenter(find_mini() / "segmenter")
    labels, names = segment(model, [Image.new("RGB", (300, 600), "white")])[0]
    assert labels.shape == (128, 64)
    assert names[0] == "background"
    assert np.mean(labels == 0) > 0.9


def test_a_folder_without_a_segmenter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match="no garment segmenter could be loaded"):
        load_segmenter(tmp_path)


def test_the_segmenter_scores_every_pixel() -> None:
    model = GarmentSegmenter(("background", "hat"))
    assert model(torch.zeros(1, 3, 128, 128)).shape == (1, 2, 128, 128)
