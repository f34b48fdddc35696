"""A really trained run that learnt its colours wrong; unit/evaluate/test_planted_runs is the
fast companion, which paints what such a run would draw."""

import pytest

from benchmarks.shuffled import measure


@pytest.mark.slow
def test_an_adapter_trained_on_shuffled_captions_scores_worse(tmp_path):
    summary = measure(tmp_path, seed=1)
    assert summary.lines[0].startswith("Fewer pictures show what was asked")
    assert summary.paired.only_other > summary.paired.only_this
    assert summary.paired.p_value < 0.05
