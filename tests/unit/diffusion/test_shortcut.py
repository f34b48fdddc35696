import numpy as np
import pytest

from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.diffusion.shortcut import Shortcut
from tests.fakes import make_tiny_base


@pytest.fixture(scope="module", params=["sd1", "sdxl"])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    base = make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny", family=request.param)
    return load_pipeline(str(base), choose_placement("cpu"), safety=False)


def make_draw(steps: int = 10) -> Draw:
    return Draw("a red hat", "", 3, steps, 5.0, "dpm++2m-karras", 32, 32)


def count_middle_runs(pipeline, **options) -> list[int]:
    """The batch of every pass through the middle block, and the picture's way is left alone."""
    batches = []
    hook = pipeline.unet.mid_block.resnets[0].register_forward_hook(
        lambda _module, inputs, _output: batches.append(inputs[0].shape[0])
    )
    draw_picture(pipeline, make_draw(), **options)
    hook.remove()
    return batches


def test_inner_blocks_rest_and_guidance_ends(pipeline) -> None:
    assert count_middle_runs(pipeline) == [2] * 10
    # Steps 0, 1, 2 in full, then every third: 5 and 8; guidance ends after 6 steps.
    assert count_middle_runs(pipeline, shortcut=Shortcut()) == [2, 2, 2, 2, 1]


def test_a_shortcut_that_leaves_nothing_out_changes_nothing(pipeline) -> None:
    whole = Shortcut(warm_share=1.0, interval=1, guided_share=1.1)
    plain = draw_picture(pipeline, make_draw())
    assert np.array_equal(draw_picture(pipeline, make_draw(), shortcut=whole), plain)


def test_afterwards_the_base_draws_as_before(pipeline) -> None:
    plain = draw_picture(pipeline, make_draw())
    short = draw_picture(pipeline, make_draw(), shortcut=Shortcut())
    assert not np.array_equal(short, plain)
    assert np.array_equal(draw_picture(pipeline, make_draw()), plain)
