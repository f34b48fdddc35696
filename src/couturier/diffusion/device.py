"""Which device and number format to compute with: chosen in this one place, with the reason."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from couturier.errors import DeviceError

DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")
_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Placement:
    """Where to compute, and in which number formats.

    Attributes:
        device: "cuda", "mps" or "cpu".
        weights_dtype: Of the frozen base; what is trained stays float32 whatever it is.
        autocast_dtype: What autocast lowers matrix products to; None for no autocast.
        why: One sentence for people, as `couturier doctor` shows it.
    """

    device: str
    weights_dtype: torch.dtype
    autocast_dtype: torch.dtype | None
    why: str

    @property
    def precision(self) -> str:
        """Give the number format by its short name: "fp32", "fp16" or "bf16"."""
        return next(name for name, dtype in _DTYPES.items() if dtype is self.weights_dtype)

    def autocast(self) -> AbstractContextManager[None]:
        """Open autocast on this device, or do nothing where none is needed or to be had."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.device, dtype=self.autocast_dtype)


def choose_placement(device: str = "auto", precision: str = "auto") -> Placement:
    """Choose device and number formats from what the machine has.

    Args:
        device: "cuda", "mps", "cpu", or "auto" for the first of these that is there.
        precision: "fp32", "fp16", "bf16", or "auto": bf16 or else fp16 on cuda, fp32 elsewhere.

    Raises:
        DeviceError: what was asked for is not on this machine, or is no device or precision.
    """
    _require_known(device, DEVICES, "device")
    _require_known(precision, PRECISIONS, "precision")
    chosen, why_device = _choose_device(device)
    name, why_precision = _choose_precision(chosen, precision)
    dtype = _DTYPES[name]
    return Placement(
        device=chosen,
        weights_dtype=dtype,
        autocast_dtype=dtype if name != "fp32" and _has_autocast(chosen) else None,
        why=f"{chosen}, because {why_device}; {name}, because {why_precision}",
    )


def _present_devices() -> dict[str, Callable[[], bool]]:
    return {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }


def _require_known(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise DeviceError(f"{what} '{value}' is unknown", fix=f"give one of {', '.join(known)}")


def _choose_device(asked: str) -> tuple[str, str]:
    present = _present_devices()
    if asked == "auto":
        first = next(name for name, is_present in present.items() if is_present())
        reasons = {
            "cuda": "a CUDA device is there",
            "mps": "an Apple GPU is there",
            "cpu": "neither a CUDA device nor an Apple GPU is there",
        }
        return first, reasons[first]
    if not present[asked]():
        remedies = {
            "cuda": "install a CUDA build of torch and its driver, or use --device cpu",
            "mps": "use --device cpu; mps needs an Apple GPU and macOS 12.3 or later",
        }
        raise DeviceError(
            f"device '{asked}' was asked for, but torch finds none", fix=remedies[asked]
        )
    return asked, "it was asked for"


def _choose_precision(device: str, asked: str) -> tuple[str, str]:
    if asked == "auto":
        return _default_precision(device)
    refusal = _refuse_precision(device, asked)
    if refusal:
        raise DeviceError(
            f"precision '{asked}' was asked for, but {refusal}",
            fix=f"use --precision auto (gives {_default_precision(device)[0]} here)",
        )
    return asked, "it was asked for"


def _default_precision(device: str) -> tuple[str, str]:
    if device == "cuda" and torch.cuda.is_bf16_supported():
        return "bf16", "this GPU computes in it, at half the memory of fp32 and with its range"
    if device == "cuda":
        return "fp16", "this GPU has no bf16"
    # Black and NaN pictures under fp16 are the commonest complaint about Macs.
    return "fp32", f"half precision on {device} is slow or unsafe"


def _refuse_precision(device: str, precision: str) -> str:
    """Say why `device` cannot compute in `precision`; "" where it can."""
    if device == "cpu" and precision == "fp16":
        return "a CPU computes in fp16 slower than in fp32 and overflows"
    if device == "cuda" and precision == "bf16" and not torch.cuda.is_bf16_supported():
        return "this GPU has none"
    if device == "mps" and precision == "bf16" and not torch.backends.mps.is_macos_or_newer(14, 0):
        return "mps has it from macOS 14 on"
    return ""


def _has_autocast(device: str) -> bool:
    # Where a device lacks it, half-precision weights alone do: the adapter casts what it is given.
    return torch.amp.is_autocast_available(device)
