import pytest
import torch
from diffusers import StableDiffusionPipeline

from couturier.diffusion.text import count_chunks, encode_prompts, is_plain, read_sentence
from tests.fakes import make_tiny_base


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> StableDiffusionPipeline:
    base = make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")
    return StableDiffusionPipeline.from_pretrained(base, safety_checker=None)


def test_weights_are_read_and_taken_out() -> None:
    sentence = read_sentence("a (red:1.3) dress (with a belt: .8)")
    assert sentence.text == "a red dress with a belt"
    assert sentence.weights == (((2, 5), 1.3), ((12, 23), 0.8))
    assert (sentence.weigh(2), sentence.weigh(5)) == (1.3, 1.0)


@pytest.mark.parametrize("text", ["tee (pack of 2)", "at 10:30", "(red) hat", "a : b)", "(a:b)"])
def test_other_brackets_are_text(text: str) -> None:
    assert read_sentence(text).text == text


def test_a_short_sentence_is_read_as_diffusers_reads_it(
    pipeline: StableDiffusionPipeline,
) -> None:
    ours = encode_prompts(pipeline, "a red dress", "blurry")
    theirs = pipeline.encode_prompt("a red dress", "cpu", 1, True, "blurry")
    assert torch.equal(ours.positive, theirs[0])
    assert torch.equal(ours.negative, theirs[1])


def test_a_weight_of_one_changes_nothing_and_another_only_its_words(
    pipeline: StableDiffusionPipeline,
) -> None:
    plain = encode_prompts(pipeline, "a red dress", "").positive
    assert torch.equal(encode_prompts(pipeline, "a (red:1) dress", "").positive, plain)
    heavy = encode_prompts(pipeline, "a (red:1.5) dress", "").positive
    ratio = heavy / plain  # one factor for all keeps the mean; 1.5 more of it for "red"
    assert ratio[0, 2:5].mean() / ratio[0, 1] == pytest.approx(1.5, rel=1e-3)
    assert heavy.mean() == pytest.approx(float(plain.mean()), rel=1e-3)


def test_long_sentences_are_read_to_their_end_and_cut_after_a_comma(
    pipeline: StableDiffusionPipeline,
) -> None:
    words = "a" * 30 + "," + "b" * 30 + "," + "c" * 30
    found = encode_prompts(pipeline, words, "blurry")
    assert found.positive.shape == found.negative.shape == (1, 154, 16)
    assert count_chunks(pipeline.tokenizer, words) == 2
    assert not is_plain(pipeline.tokenizer, words)
    places = [number for number, span in enumerate(found.spans) if span]
    assert words[found.spans[places[61]][0] :].startswith("," if places[61] < 77 else "c")
    assert places[62] == 78  # the second comma ends the first window
    assert [words[found.spans[p][0]] for p in places] == list(words)


def test_what_fits_is_left_to_diffusers(pipeline: StableDiffusionPipeline) -> None:
    assert is_plain(pipeline.tokenizer, "a red dress")
    assert not is_plain(pipeline.tokenizer, "a (red:1.2) dress")
    assert is_plain(pipeline.tokenizer, "a" * 75)
    assert not is_plain(pipeline.tokenizer, "a" * 76)
