"""Everything `couturier train` can be told; the defaults are the original's recipe."""

from typing import Any, Literal

from pydantic import Field, model_validator

from couturier.settings import Settings

# What the dial sets; whatever is given by name wins over it.
_EFFORTS: dict[str, dict[str, Any]] = {
    "draft": {"max_steps": 300},
    "normal": {},
    "careful": {
        "max_steps": 4000,
        "rank": 16,
        "min_snr_gamma": 5.0,
        "caption_dropout": 0.1,
        "lr_scheduler": "cosine",
        "warmup_steps": 100,
    },
}


class TrainSettings(Settings):
    """How an adapter is trained."""

    base: str = Field(
        "CompVis/stable-diffusion-v1-4",
        description="What is fine-tuned: mini (comes inside), a folder in diffusers' format, or a "
        "hub id of the Stable Diffusion 1.x or 2.x families.",
    )
    effort: Literal["draft", "normal", "careful"] = Field(
        "normal",
        description="One dial: draft is 300 steps for a look, normal the original's recipe, "
        "careful 4,000 steps at rank 16 with min-SNR, caption dropout and a cosine. What is given "
        "by name wins over it.",
    )
    max_steps: int = Field(
        1500,
        ge=1,
        description="Optimizer steps. More learn more of the catalogue, until single pictures are "
        "learnt by heart; watch the held-out loss.",
    )
    batch_size: int = Field(
        4, ge=1, description="Pictures a step. Larger is steadier and needs more memory."
    )
    gradient_accumulation: int = Field(
        1,
        ge=1,
        description="Batches added up to one step: the effect of a larger batch in the memory of "
        "a small one, at its time.",
    )
    learning_rate: float = Field(
        1e-4, gt=0, lt=1, description="Of AdamW. Higher learns faster and forgets more."
    )
    lr_scheduler: Literal["constant", "linear", "cosine"] = Field(
        "constant",
        description="How the learning rate runs from the warm-up's end to the last step.",
    )
    warmup_steps: int = Field(0, ge=0, description="Steps in which the learning rate rises from 0.")
    weight_decay: float = Field(
        1e-2, ge=0, lt=1, description="Pull of AdamW towards 0, a step and unit of learning rate."
    )
    max_grad_norm: float = Field(
        1.0, gt=0, description="Longer gradients are cut to this length; guards against outliers."
    )
    rank: int = Field(
        4,
        ge=1,
        le=512,
        description="Of the adapter's matrices. Higher holds more detail, makes larger files and "
        "learns by heart sooner.",
    )
    alpha: float | None = Field(
        None,
        gt=0,
        description="Scaling numerator: the adapter's share is alpha / rank. Default: the rank.",
    )
    export: tuple[Literal["kohya", "kohya-full", "merged"], ...] | None = Field(
        None,
        description="What is written at the end beside diffusers' own file: kohya for A1111, "
        "ComfyUI and Forge; kohya-full, the whole change of each weight, exact for a dora, but "
        "large; merged, a whole base. Default: kohya, for a dora nothing.",
    )
    resolution_px: int | None = Field(
        None,
        ge=8,
        multiple_of=8,
        description="Side of the square that pictures are padded to. Default: the base's own, "
        "512 for SD v1-4. Smaller is faster and loses detail.",
    )
    min_snr_gamma: float | None = Field(
        None,
        gt=0,
        description="Ceiling of the signal-to-noise weight (5 is usual): nearly clean pictures "
        "count less. Default: none, every timestep counts the same.",
    )
    caption_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of pictures shown without their caption, 0 to 1; keeps guidance strong.",
    )
    mixed_precision: Literal["auto", "fp32", "fp16", "bf16"] = Field(
        "auto",
        description="Number format of the frozen base; the adapter stays fp32. auto: bf16 or fp16 "
        "on CUDA, fp32 elsewhere.",
    )
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(
        "auto", description="Where to compute. auto: cuda, else mps, else cpu."
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="Of the adapter's start, order, noise and timesteps; the same seed on the same "
        "machine gives the same adapter.",
    )
    checkpoint_every: int = Field(
        500, ge=1, description="Steps between checkpoints; the newest three are kept."
    )
    validation_every: int = Field(
        500,
        ge=1,
        description="Steps between sample grids and held-out losses; each costs some seconds.",
    )
    validation_prompt: str | None = Field(
        None,
        min_length=1,
        description="Sentence the samples are drawn from. Default: the first held-out caption.",
    )
    validation_pictures: int = Field(
        4, ge=0, le=64, description="Pictures a sample grid; 0 draws none and saves the time."
    )
    validation_steps: int = Field(
        20, ge=1, le=1000, description="Denoising steps of each sample picture."
    )
    log_every: int = Field(10, ge=1, description="Steps between lines of metrics.jsonl.")

    @model_validator(mode="before")
    @classmethod
    def _turn_the_dial(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {**_EFFORTS.get(str(values.get("effort", "normal")), {}), **values}

    @model_validator(mode="after")
    def _fit_the_warmup(self) -> "TrainSettings":
        if self.warmup_steps > self.max_steps:
            raise ValueError(
                f"warmup_steps is {self.warmup_steps}, more than max_steps {self.max_steps}"
            )
        return self
