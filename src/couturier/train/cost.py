"""What a training step costs, counted on a network without weights, before any weights load."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from peft import LoraConfig
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from couturier.diffusion.adapters.training import AdapterPlan
from couturier.diffusion.fast import quicken
from couturier.diffusion.products import multiply

_UNET = "unet"


@dataclass
class Work:
    """What was computed.

    Attributes:
        flops: Floating point operations by kind: "product" (attention's, too) or "convolution".
        moved_bytes: Written by all operations.
        n_operations: How many there were.
        largest_bytes: Of a single result.
        kept_bytes: Kept for the backward pass.
    """

    flops: dict[str, float] = field(default_factory=dict)
    moved_bytes: float = 0.0
    n_operations: int = 0
    largest_bytes: int = 0
    kept_bytes: int = 0


@dataclass(frozen=True)
class Speed:
    """What this machine does.

    Attributes:
        flops_a_s: By kind of operation.
        bytes_a_s: Written by operations element by element.
        operation_s: Before an operation begins to compute.
    """

    flops_a_s: Mapping[str, float]
    bytes_a_s: float
    operation_s: float

    def time(self, work: Work) -> float:
        """Give the seconds that some work takes."""
        computing = sum(count / self.flops_a_s[kind] for kind, count in work.flops.items())
        return computing + work.moved_bytes / self.bytes_a_s + work.n_operations * self.operation_s


def count_step(
    folder: Path,
    plan: AdapterPlan,
    *,
    batch_size: int,
    cells: tuple[int, int],
    n_tokens: int,
    checkpointing: bool,
    precision: str,
    device: str = "cpu",
) -> tuple[Work, int, int]:
    """Count one forward and backward pass of the UNet with its adapters.

    Args:
        folder: The base.
        plan: Of the adapters.
        batch_size: Pictures at once.
        cells: Height and width of the latents.
        n_tokens: Of a caption.
        checkpointing: Whether activations are computed again instead of kept.
        precision: "fp32", "fp16" or "bf16".
        device: Where it will run; on a processor its arithmetic is quickened.

    Returns:
        The work, and the numbers of frozen and of trained weights.
    """
    dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            UNet2DConditionModel.load_config(folder / _UNET, local_files_only=True)
        )
        unet.to(dtype).requires_grad_(False)
        n_frozen = sum(weight.numel() for weight in unet.parameters())
        unet.add_adapter(
            LoraConfig(r=plan.rank, target_modules=plan.list_targets(_UNET)), adapter_name="plan"
        )
        n_trained = sum(w.numel() for w in unet.parameters() if w.requires_grad)
        if device == "cpu":
            quicken(unet)
        if checkpointing:
            unet.enable_gradient_checkpointing()
        config = unet.config
        inputs: dict[str, Any] = {
            "sample": torch.empty(batch_size, config.in_channels, *cells, dtype=dtype),
            "timestep": torch.zeros(batch_size, dtype=torch.int64),
            "encoder_hidden_states": torch.empty(
                batch_size, n_tokens, config.cross_attention_dim, dtype=dtype
            ),
        }
        if config.addition_embed_type == "text_time":
            width = (
                config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            )
            inputs["added_cond_kwargs"] = {
                "text_embeds": torch.empty(batch_size, width, dtype=dtype),
                "time_ids": torch.zeros(batch_size, 6, dtype=dtype),
            }
        work = _count(unet, lambda: unet(**inputs, return_dict=False)[0].float().square().mean())
    return work, n_frozen, n_trained


def count_encoding(folder: Path, *, side_px: int) -> tuple[Work, int]:
    """Count the encoding of one picture; gives the work and the autoencoder's weights."""
    with torch.device("meta"):
        vae = AutoencoderKL.from_config(
            AutoencoderKL.load_config(folder / "vae", local_files_only=True)
        ).requires_grad_(False)
        pixels = torch.empty(1, 3, side_px, side_px)
        with torch.no_grad(), _Counter() as counter:
            vae.encode(pixels)
    return counter.work, sum(weight.numel() for weight in vae.parameters())


def measure_speed(device: str, precision: str) -> Speed:
    """Measure what this machine does with a product, a convolution, and in between.

    It counts computing time on a processor, so that what else runs there changes little.
    """
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    if precision == "fp16":
        dtype = torch.float16
    clock = _read_clock(device)

    def make(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device).to(dtype)

    rows, weight = make(1024, 512), make(512, 512)
    picture, kernel = make(4, 128, 32, 32), make(128, 128, 3, 3)
    small, large = make(16), make(4, 1024, 512)
    with torch.no_grad():
        flops = {
            "product": 2 * 1024 * 512 * 512 / clock(lambda: multiply(rows, weight)),
            "convolution": 2
            * 4
            * 32
            * 32
            * 128
            * 128
            * 9
            / clock(lambda: nn.functional.conv2d(picture, kernel, padding=1)),
        }
        rate = large.nbytes / clock(lambda: nn.functional.gelu(large))
        each = clock(lambda: small + small)
    return Speed(flops, rate, each)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what passes through it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.work = Work()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        work = self.work
        results = out if isinstance(out, tuple | list) else (out,)
        sizes = [one.nbytes for one in results if isinstance(one, Tensor)]
        if func.is_view or not sizes:
            return out
        work.n_operations += 1
        work.moved_bytes += sum(sizes)
        work.largest_bytes = max(work.largest_bytes, *sizes)
        packet = func._overloadpacket
        if packet in flop_registry:
            kind = _name_kind(str(packet))
            count = flop_registry[packet](*args, **(kwargs or {}), out_val=out)
            work.flops[kind] = work.flops.get(kind, 0.0) + count
        return out


def _name_kind(operation: str) -> str:
    return "convolution" if "conv" in operation else "product"


def _count(unet: nn.Module, compute: Callable[[], Tensor]) -> Work:
    weights = {one.untyped_storage()._cdata for one in unet.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with _Counter() as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss: Any = compute()
        sizes = [one.untyped_storage().nbytes() for key, one in kept.items() if key not in weights]
        loss.backward()
    work: Work = counter.work
    work.kept_bytes = sum(sizes)
    return work


def _read_clock(device: str) -> Callable[[Callable[[], object]], float]:
    """Give what measures one call: the median of several, in seconds."""

    def read() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time() / torch.get_num_threads()

    def clock(call: Callable[[], object]) -> float:
        call()
        seconds = []
        for _ in range(7):
            begun, n_calls = read(), 0
            while (spent := read() - begun) < 2e-3:
                call()
                n_calls += 1
            seconds.append(spent / max(n_calls, 1))
        return sorted(seconds)[3]

    return clock
