import pytest
import torch

from couturier.diffusion.device import choose_placement
from couturier.errors import DeviceError


@pytest.fixture
def machine(monkeypatch):
    """Fakes what torch finds on the machine."""

    def fake(*, cuda=False, mps=False, bf16=False, autocast=("cuda", "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *_: bf16)
        monkeypatch.setattr(torch.amp, "is_autocast_available", lambda name: name in autocast)

    return fake


def test_a_machine_without_a_gpu_computes_on_the_cpu_in_fp32(machine):
    machine()
    placement = choose_placement()
    assert (placement.device, placement.precision, placement.autocast_dtype) == (
        "cpu",
        "fp32",
        None,
    )


def test_a_cuda_device_comes_first_and_computes_in_bf16_where_it_can(machine):
    machine(cuda=True, mps=True, bf16=True)
    placement = choose_placement()
    assert (placement.device, placement.weights_dtype) == ("cuda", torch.bfloat16)
    assert placement.autocast_dtype is torch.bfloat16
    assert placement.why.startswith("cuda, because a CUDA device is there; bf16")


def test_a_cuda_device_without_bf16_computes_in_fp16(machine):
    machine(cuda=True)
    assert choose_placement().precision == "fp16"


def test_autocast_is_never_asked_for_on_a_device_that_lacks_it(machine):
    """The original's "User specified autocast device_type must be 'cuda' or 'cpu'"."""
    machine(mps=True, bf16=True, autocast=("cuda", "cpu"))
    for precision in ("auto", "fp32", "fp16", "bf16"):
        placement = choose_placement("mps", precision)
        assert placement.autocast_dtype is None
        with placement.autocast():
            assert not torch.is_autocast_enabled("cpu")


def test_a_mac_computes_in_fp32_unless_told(machine):
    machine(mps=True)
    assert (choose_placement().device, choose_placement().precision) == ("mps", "fp32")


def test_autocast_is_opened_in_the_precision_asked_for(machine):
    machine()
    with choose_placement("cpu", "bf16").autocast():
        assert torch.get_autocast_dtype("cpu") is torch.bfloat16
        assert torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(machine, device):
    machine()
    with pytest.raises(DeviceError, match=f"device '{device}' was asked for, but torch finds none"):
        choose_placement(device)


@pytest.mark.parametrize(
    ("device", "precision", "reason"),
    [
        ("cpu", "fp16", "slower than in fp32"),
        ("cuda", "bf16", "this GPU has none"),
        ("mps", "bf16", "from macOS 14 on"),
    ],
)
def test_a_precision_the_device_lacks_is_refused(machine, device, precision, reason):
    machine(cuda=True, mps=True)
    with pytest.raises(DeviceError, match=reason) as refusal:
        choose_placement(device, precision)
    assert "--precision auto (gives" in refusal.value.fix


def test_an_unknown_device_is_refused_with_the_known_ones():
    with pytest.raises(DeviceError, match="device 'gpu' is unknown") as refusal:
        choose_placement("gpu")
    assert refusal.value.fix == "give one of auto, cuda, mps, cpu"
