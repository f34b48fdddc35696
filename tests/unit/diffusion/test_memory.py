import resource
import sys

import pytest
import torch

from couturier.diffusion.memory import keep_memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_a_large_tensor_made_again_costs_no_new_pages():
    if not keep_memory():
        pytest.skip("another allocator than glibc's")
    torch.ones(4 << 20)  # 16 MB, freed at once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(4 << 20)
    # Given back and asked for anew, these would be 20 x 4,096 pages.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 10 * 4096
