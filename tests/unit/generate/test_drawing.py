import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file, save_file

from couturier.diffusion.adapters.training import AdapterPlan, add_adapters, save_adapters
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_parts
from couturier.diffusion.sampling import SAMPLERS, build_scheduler
from couturier.errors import AdapterError, BaseModelError, LooksError, StorageError
from couturier.generate.draw import render_looks
from couturier.generate.metadata import read_making
from couturier.generate.prompts import PromptRow, read_prompts
from couturier.generate.records import Look, read_looks
from couturier.generate.settings import GenerateSettings
from couturier.runs import read_manifest


def draw(
    settings: GenerateSettings, out: Path, *prompts: str, resume: bool = False, **changes: Any
) -> list[Look]:
    changed = settings.model_copy(update=changes)
    return render_looks(
        read_prompts(prompts or ["a red dress"]), out=out, settings=changed, resume=resume
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int16)


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA with strong random weights, and an alpha that is not its rank."""
    folder = tmp_path_factory.mktemp("models") / "first" / "final_tensors"
    parts = load_parts(str(base), choose_placement("cpu"))
    add_adapters(parts.denoiser, AdapterPlan(rank=2, alpha=6.0))
    draws = torch.Generator().manual_seed(5)
    for name, parameter in parts.unet.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.5, generator=draws)
    save_adapters(folder, parts.denoiser, {"base": "tiny"})
    return folder.parent


# diffusers' schedulers make numpy 2 complain; couturier drops it, plain use does not.
numpy_2_complains = pytest.mark.filterwarnings("ignore:__array__ implementation")


def draw_plainly(
    base: Path, sampler: str, *, steps: int, seed: int, adapter: Path | None = None
) -> np.ndarray:
    """Draw with nothing but diffusers."""
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = build_scheduler(sampler, pipeline.scheduler.config)
    if adapter:
        pipeline.load_lora_weights(adapter / "final_tensors")
    generator = torch.Generator().manual_seed(seed)
    drawn = pipeline("a red dress", num_inference_steps=steps, generator=generator)
    return np.asarray(drawn.images[0], np.int16)


@numpy_2_complains
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_is_that_of_plain_diffusers(
    base: Path, settings: GenerateSettings, tmp_path: Path, sampler: str
) -> None:
    (look,) = draw(settings, tmp_path, sampler=sampler, steps=3)
    plain = draw_plainly(base, sampler, steps=3, seed=7)
    assert np.array_equal(pixels(tmp_path / look.file), plain)


@numpy_2_complains
def test_an_adapted_picture_is_that_of_plain_diffusers(
    base: Path, adapter: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    (bare,) = draw(settings, tmp_path)
    (look,) = draw(settings, tmp_path, lora=(str(adapter),))
    plain = draw_plainly(base, settings.sampler, steps=2, seed=7, adapter=adapter)
    drawn = pixels(tmp_path / look.file)
    assert np.abs(drawn - plain).max() <= 2
    assert np.abs(drawn - pixels(tmp_path / bare.file)).max() > 10


def test_scale_0_is_the_bare_base_and_half_is_between(
    adapter: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    bare, none, half, full = (
        pixels(tmp_path / draw(settings, tmp_path, lora=lora)[0].file)
        for lora in ((), (f"{adapter}:0",), (f"{adapter}:0.5",), (f"{adapter}",))
    )
    assert np.abs(bare - none).max() <= 1
    assert not np.array_equal(half, full)
    assert not np.array_equal(half, bare)


def test_a_picture_among_others_is_the_one_drawn_alone(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    together = draw(settings, tmp_path / "a", "a hat", "a bag", count=3)
    alone = draw(settings, tmp_path / "b", "a bag", seed=9)
    (same,) = (look for look in together if (look.prompt, look.seed) == ("a bag", 9))
    assert np.array_equal(pixels(tmp_path / "a" / same.file), pixels(tmp_path / "b/0001-9.png"))
    assert alone[0].settings == same.settings


def test_the_number_of_steps_is_told_as_it_grows(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    told: list[tuple[int, int, str]] = []
    render_looks(
        read_prompts(["a hat", "a bag"]),
        out=tmp_path,
        settings=settings.model_copy(update={"sampler": "pndm"}),
        on_step=lambda *step: told.append(step),
    )
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert set(done) == {1, 2, 3, 4}
    assert told[-1] == (4, 4, "picture 2 of 2")


def test_numbering_goes_on_and_nothing_is_overwritten(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    draw(settings, tmp_path)
    written = (tmp_path / "0001-7.png").read_bytes()
    (tmp_path / "0005-1.png").write_bytes(b"somebody else's")
    draw(settings, tmp_path)
    assert [look.file for look in read_looks(tmp_path)] == ["0001-7.png", "0006-7.png"]
    assert (tmp_path / "0001-7.png").read_bytes() == written
    assert (tmp_path / "0005-1.png").read_bytes() == b"somebody else's"


def test_resuming_draws_only_what_is_missing(settings: GenerateSettings, tmp_path: Path) -> None:
    draw(settings, tmp_path, "a hat", "a bag")
    looks = draw(settings, tmp_path, "a bag", "a belt", "a bag", resume=True)
    assert [look.file for look in looks] == ["0002-7.png", "0003-7.png", "0004-7.png"]
    counts = read_manifest(tmp_path)["counts"]
    assert (counts["asked for"], counts["drawn"], counts["taken over"]) == (3, 2, 1)
    other = draw(settings, tmp_path, "a hat", resume=True, guidance=3.0)
    assert other[0].file == "0005-7.png"


def test_a_picture_whose_line_was_lost_is_recorded_again(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    (first,) = draw(settings, tmp_path)
    (tmp_path / "looks.jsonl").unlink()
    (again,) = draw(settings, tmp_path, resume=True)
    assert (again.file, again.settings, again.prompt) == (first.file, first.settings, first.prompt)
    assert [look.file for look in read_looks(tmp_path)] == ["0001-7.png"]


def test_a_line_cut_short_by_a_full_disk_is_written_anew(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    draw(settings, tmp_path, "a hat", "a bag")
    lines = tmp_path / "looks.jsonl"
    lines.write_bytes(lines.read_bytes()[:-40])
    looks = draw(settings, tmp_path, "a hat", "a bag", resume=True)
    assert [look.file for look in looks] == ["0001-7.png", "0002-7.png"]
    assert [look.prompt for look in read_looks(tmp_path)] == ["a hat", "a bag"]


def test_a_flagged_picture_is_black_and_its_original_kept(
    strict_base: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    (look,) = draw(settings, tmp_path, base=str(strict_base))
    assert look.safety["verdict"] == "block"
    assert "the safety checker saw its concept 1" in look.safety["reasons"][0]
    assert look.safety["nearest"]["margin"] > 0
    assert pixels(tmp_path / look.file).max() == 0
    (bare,) = draw(settings, tmp_path / "open", base=str(strict_base), safety="off")
    original = pixels(tmp_path / "quarantine" / look.file)
    assert np.array_equal(original, pixels(tmp_path / "open" / bare.file))
    assert read_making(tmp_path / look.file).safety == look.safety


def test_a_picture_nobody_checked_says_so(
    base: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    (off,) = draw(settings, tmp_path / "off", safety="off")
    assert off.safety["verdict"] == "unchecked"
    assert off.safety["reasons"] == ["the safety check was switched off"]
    bare = tmp_path / "bare"
    StableDiffusionPipeline.from_pretrained(
        base, safety_checker=None, requires_safety_checker=False
    ).save_pretrained(bare)
    (without,) = draw(settings, tmp_path / "without", base=str(bare))
    assert without.safety["reasons"] == [f"the base {bare} has no safety checker"]


def test_a_picture_that_broke_down_is_told_from_a_blocked_one(
    base: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.vae.decoder.conv_out.weight.data.fill_(float("nan"))
    pipeline.save_pretrained(tmp_path / "nan")
    (look,) = draw(settings, tmp_path / "looks", base=str(tmp_path / "nan"))
    assert look.safety["verdict"] == "broken"
    assert "3,072 of 3,072 values are no numbers" in look.safety["reasons"][0]


def test_a_long_sentence_is_read_to_its_end_and_told(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    (long,) = draw(settings, tmp_path, "x" * 75 + " the End")
    assert long.extra["notes"] == ["the prompt is long: read in 2 parts of 75 tokens"]
    (other,) = draw(settings, tmp_path, "x" * 75 + " the Bag")
    assert read_making(tmp_path / long.file).pixels != read_making(tmp_path / other.file).pixels
    (short,) = draw(settings, tmp_path, "x" * 75)
    assert short.extra == {}


def test_the_size_asked_for_is_drawn(settings: GenerateSettings, tmp_path: Path) -> None:
    (look,) = draw(settings, tmp_path, size="48x24")
    assert pixels(tmp_path / look.file).shape == (24, 48, 3)
    assert (look.settings["width"], look.settings["height"]) == (48, 24)


def test_the_folder_says_what_it_came_from(
    adapter: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    (look,) = draw(settings, tmp_path, lora=(f"{adapter}:0.5",))
    manifest = read_manifest(tmp_path)
    assert (manifest["stage"], manifest["status"]) == ("generate", "done")
    assert manifest["settings"]["steps"] == 2
    assert look.settings["lora"] == [str(adapter)]
    assert look.settings["lora_scale"] == [0.5]
    assert len(look.settings["lora_hash"][0]) == len(look.settings["base_hash"]) == 64
    lines = (tmp_path / "looks.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["seconds"] > 0


def test_a_lora_of_another_base_leaves_nothing_drawn(
    adapter: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    tensors = load_file(adapter / "final_tensors/pytorch_lora_weights.safetensors")
    wide = {key: torch.cat([value, value], dim=1) for key, value in tensors.items()}
    save_file(wide, tmp_path / "other.safetensors")
    with pytest.raises(AdapterError, match="have no place in this base"):
        draw(settings, tmp_path / "looks", lora=(str(tmp_path / "other.safetensors"),))
    assert not (tmp_path / "looks" / "looks.jsonl").exists()


def test_a_base_that_is_not_there_is_told_before_anything_is_written(
    settings: GenerateSettings, tmp_path: Path
) -> None:
    with pytest.raises(BaseModelError, match="no such base model"):
        draw(settings, tmp_path / "looks", base="no base")
    assert not (tmp_path / "looks").exists()


def test_a_bad_prompt_is_told_before_the_base_is_looked_for(tmp_path: Path) -> None:
    settings = GenerateSettings(base="no base")
    with pytest.raises(LooksError, match="the prompt is empty"):
        render_looks([PromptRow(" ")], out=tmp_path / "looks", settings=settings)
    assert not (tmp_path / "looks").exists()


def test_an_out_folder_that_is_a_file_is_told(settings: GenerateSettings, tmp_path: Path) -> None:
    (tmp_path / "looks").write_text("a file")
    with pytest.raises(StorageError, match=r"looks: "):
        draw(settings, tmp_path / "looks")
