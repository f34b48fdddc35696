import copy
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPImageProcessor

from couturier.generate.safety import find_breakage, judge_picture, score_concepts


@pytest.fixture(scope="module")
def checker(base: Path) -> StableDiffusionSafetyChecker:
    return StableDiffusionSafetyChecker.from_pretrained(base / "safety_checker")


@pytest.fixture(scope="module")
def extractor(base: Path) -> CLIPImageProcessor:
    return CLIPImageProcessor.from_pretrained(base / "feature_extractor")


def make_picture(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 32, 3), np.uint8)
    return Image.fromarray(pixels)


def set_thresholds(
    checker: StableDiffusionSafetyChecker, concepts: torch.Tensor, special: torch.Tensor
) -> StableDiffusionSafetyChecker:
    changed = copy.deepcopy(checker)
    changed.concept_embeds.data.normal_(generator=torch.Generator().manual_seed(1))
    changed.special_care_embeds.data.normal_(generator=torch.Generator().manual_seed(2))
    changed.concept_embeds_weights.data.copy_(concepts)
    changed.special_care_embeds_weights.data.copy_(special)
    return changed


def test_verdicts_agree_with_diffusers_own_decision(
    checker: StableDiffusionSafetyChecker, extractor: CLIPImageProcessor
) -> None:
    diffusers.utils.logging.set_verbosity_error()  # it warns of each black picture
    draws = torch.Generator().manual_seed(3)
    decisions = []
    for seed in range(60):
        picture = make_picture(seed)
        mild = set_thresholds(checker, torch.full((17,), 2.0), torch.full((3,), 2.0))
        cosines = [score.cosine for score in score_concepts(picture, mild, extractor)]
        # Thresholds so near that rounding and the special concepts' margin decide.
        near = torch.tensor(cosines) + torch.rand(20, generator=draws) * 0.021 - 0.001
        strict = set_thresholds(checker, near[3:], near[:3])
        given = extractor([picture], return_tensors="pt").pixel_values
        _, flagged = strict(given, [np.ones((2, 2, 3))])
        verdict = judge_picture(picture, strict, extractor)
        assert (verdict.verdict == "block") is bool(flagged[0])
        decisions.append(bool(flagged[0]))
    assert 5 < sum(decisions) < 55  # else nothing was compared


def test_a_block_names_concept_score_threshold_and_margin(
    checker: StableDiffusionSafetyChecker, extractor: CLIPImageProcessor
) -> None:
    thresholds = torch.full((17,), 2.0)
    thresholds[4] = -1.0
    strict = set_thresholds(checker, thresholds, torch.full((3,), 2.0))
    strict.config.concept_names = [f"name {n}" for n in range(1, 18)]
    verdict = judge_picture(make_picture(0), strict, extractor)
    (flagged,) = verdict.flagged
    assert verdict.reasons == (
        f"the safety checker saw its concept 5 (name 5): score {flagged.cosine:.3f}, "
        f"threshold -1.000, {flagged.margin:.3f} over",
    )


def test_a_child_in_the_picture_makes_the_rest_stricter_but_does_not_block(
    checker: StableDiffusionSafetyChecker, extractor: CLIPImageProcessor
) -> None:
    calm = set_thresholds(checker, torch.full((17,), 2.0), torch.full((3,), 2.0))
    wary = set_thresholds(checker, torch.full((17,), 2.0), torch.tensor([-1.5, 2.0, 2.0]))
    before = score_concepts(make_picture(0), calm, extractor)
    after = score_concepts(make_picture(0), wary, extractor)
    assert [b.margin + 0.01 for b in before[3:]] == pytest.approx([a.margin for a in after[3:]])
    assert judge_picture(make_picture(0), wary, extractor).verdict == "pass"


def test_a_checker_with_damaged_weights_never_passes_a_picture(
    checker: StableDiffusionSafetyChecker, extractor: CLIPImageProcessor
) -> None:
    broken = copy.deepcopy(checker)
    broken.visual_projection.weight.data.fill_(float("nan"))
    verdict = judge_picture(make_picture(0), broken, extractor)
    assert verdict.verdict == "unchecked"
    assert "its weights are damaged" in verdict.reasons[0]


def test_broken_pictures_are_told_from_dark_ones() -> None:
    dark = np.full((4, 4, 3), 0.01, np.float32)
    assert "every pixel has the same value" in find_breakage(dark)
    dark[0, 0, 0] = 0.02
    assert find_breakage(dark) == ""
    dark[1, 1, 1] = np.nan
    assert find_breakage(dark).startswith("1 of 48 values are no numbers")
