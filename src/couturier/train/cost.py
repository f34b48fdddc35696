"""What a training step costs, counted on a network without weights, before any weights load."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
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
from couturier.diffusion.heads import join_heads, split_heads
from couturier.diffusion.products import multiply

_UNET = "unet"
_ATEN: Any = torch.ops.aten
_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_TOKENS = 77
# A UNet of the families' own classes that computes next to nothing.
_SMALL: dict[str, Any] = {
    "sample_size": 8,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "block_out_channels": (32, 32),
    "layers_per_block": 1,
    "cross_attention_dim": 32,
    "attention_head_dim": 2,
    "norm_num_groups": 8,
}


@dataclass
class Work:
    """What was computed.

    Attributes:
        flops: Floating point operations by kind: "product", "convolution" or "attention".
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
    config = UNet2DConditionModel.load_config(folder / _UNET, local_files_only=True)
    step = _Step(batch_size, cells, n_tokens, precision, checkpointing)
    with torch.device("meta"):
        unet = _build(config, plan, step, quick=device == "cpu")
        work = _count(unet, lambda: _pass(unet, step))
    counts = dict.fromkeys((False, True), 0)
    for weight in unet.parameters():
        counts[weight.requires_grad] += weight.numel()
    return work, counts[False], counts[True]


@dataclass(frozen=True)
class _Step:
    """What passes through a UNet at once."""

    batch_size: int
    cells: tuple[int, int]
    n_tokens: int
    precision: str
    checkpointing: bool = False

    @property
    def dtype(self) -> torch.dtype:
        return _DTYPES[self.precision]


def _build(
    config: Mapping[str, Any], plan: AdapterPlan, step: _Step, *, quick: bool
) -> UNet2DConditionModel:
    """Make a frozen UNet of any weights with adapters, as training has it."""
    unet: Any = UNet2DConditionModel.from_config(dict(config))
    unet.to(step.dtype).requires_grad_(False)
    unet.add_adapter(
        LoraConfig(r=plan.rank, target_modules=plan.list_targets(_UNET)), adapter_name="plan"
    )
    if quick:
        quicken(unet)
    if step.checkpointing:
        unet.enable_gradient_checkpointing()
    made: UNet2DConditionModel = unet
    return made


def _pass(unet: Any, step: _Step) -> Tensor:
    """Pass forwards on the device that is torch's default; gives the loss."""
    config, n, dtype = unet.config, step.batch_size, step.dtype
    inputs: dict[str, Any] = {
        "sample": torch.zeros(n, config.in_channels, *step.cells, dtype=dtype),
        "timestep": torch.zeros(n, dtype=torch.int64),
        "encoder_hidden_states": torch.zeros(
            n, step.n_tokens, config.cross_attention_dim, dtype=dtype
        ),
    }
    if config.addition_embed_type == "text_time":
        width = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs["added_cond_kwargs"] = {
            "text_embeds": torch.zeros(n, width, dtype=dtype),
            "time_ids": torch.zeros(n, 6, dtype=dtype),
        }
    loss: Tensor = unet(**inputs, return_dict=False)[0].float().square().mean()
    return loss


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


def measure_speed(folder: Path, device: str, precision: str) -> Speed:
    """Measure what this machine does with a product, a convolution, and in between.

    It counts computing time on a processor, so that what else runs there changes little. Shapes
    are as wide as the base's second block, since narrow ones are slower by the operation.
    """
    config = UNet2DConditionModel.load_config(folder / _UNET, local_files_only=True)
    first, width, *_ = config["block_out_channels"]
    heads = config["attention_head_dim"]  # so diffusers calls their number
    head_width = first // (heads if isinstance(heads, int) else heads[0])
    dtype = _DTYPES[precision]
    clock = _read_clock(device)

    def make(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device).to(dtype)

    rows, weight = make(1024, width), make(width, width)
    picture, kernel = make(4, width, 16, 16), make(width, width, 3, 3)
    query, large = make(4, 8, 256, head_width), make(4, 1024, 512)
    with torch.no_grad():
        flops = {
            "product": 2 * 1024 * width**2 / clock(lambda: multiply(rows, weight)),
            "convolution": 2 * 1024 * width**2 * 9 / clock(lambda: _convolve(picture, kernel)),
            "attention": 4 * 32 * 256**2 * head_width / clock(lambda: _attend(query)),
        }
        rate = large.nbytes / clock(lambda: nn.functional.gelu(large))
    bare = Speed(flops, rate, 0.0)
    return replace(bare, operation_s=_measure_operation(bare, clock, device, precision))


def _convolve(picture: Tensor, kernel: Tensor) -> Tensor:
    return nn.functional.conv2d(picture, kernel, padding=1)


def _attend(states: Tensor) -> Tensor:
    return nn.functional.scaled_dot_product_attention(states, states, states)


def _measure_operation(
    bare: Speed, clock: Callable[[Callable[[], object]], float], device: str, precision: str
) -> float:
    """Measure what an operation takes besides computing, on a real step of a very small UNet.

    Python, autograd and the optimizer have their part in it, which no bare operation shows.
    """
    plan, step = AdapterPlan(), _Step(1, (8, 8), _TOKENS, precision)
    quick = device == "cpu"
    with torch.device("meta"):
        unet = _build(_SMALL, plan, step, quick=quick)
        work = _count(unet, lambda: _pass(unet, step))
    with torch.device(device), torch.random.fork_rng(devices=[]):
        small = _build(_SMALL, plan, step, quick=quick)
        trained = [weight for weight in small.parameters() if weight.requires_grad]
        for weight in trained:
            weight.data = weight.data.float()
        optimizer = torch.optim.AdamW(trained, fused=True)

        def learn() -> None:
            lowered = nullcontext() if precision == "fp32" else torch.autocast(device, step.dtype)
            with lowered:
                loss: Any = _pass(small, step)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()

        spent = clock(learn)
    return max(spent - bare.time(work), 0.0) / work.n_operations


class _FusedAttention:
    """Attention as it is counted: by the fused kernel, which keeps no probabilities."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        *_: Any,
        **__: Any,
    ) -> Tensor:
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = split_heads(attn, hidden_states, source)
        mixed = _ATEN._scaled_dot_product_flash_attention_for_cpu(*heads)[0]
        made: Tensor = attn.to_out[0](join_heads(mixed))
        return made


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
        if "flash_attention_for_cpu" in str(packet):
            work.flops["attention"] = work.flops.get("attention", 0.0) + _count_attention(args)
        elif packet in flop_registry:
            kind = _name_kind(str(packet))
            count = flop_registry[packet](*args, **(kwargs or {}), out_val=out)
            work.flops[kind] = work.flops.get(kind, 0.0) + count
        return out


def _count_attention(arguments: Any) -> float:
    """Count a fused attention: two products forwards; backwards, the gradient comes first, five."""
    n_tensors = sum(isinstance(one, Tensor) for one in arguments)
    is_backward = n_tensors > 3
    query, key = arguments[1:3] if is_backward else arguments[:2]
    return float(2 * (5 if is_backward else 2) * query.numel() * key.shape[-2])


def _name_kind(operation: str) -> str:
    return "convolution" if "conv" in operation else "product"


def _count(unet: Any, compute: Callable[[], Tensor]) -> Work:
    weights = {one.untyped_storage()._cdata for one in unet.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    unet.set_attn_processor(_FusedAttention())
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
