"""Everything `couturier train` can be told; the defaults are the original's recipe."""

from typing import Any, Literal

from pydantic import Field, model_validator

from couturier.train.learning import LearningSettings

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


class TrainSettings(LearningSettings):
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
        4,
        ge=1,
        description="Pictures a step, of all processes together. Larger is steadier and needs more "
        "memory.",
    )
    gradient_accumulation: int = Field(
        1,
        ge=1,
        description="Batches added up to one step: the effect of a larger batch in the memory of "
        "a small one, at its time.",
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
    method: Literal["lora", "dora", "loha", "lokr"] = Field(
        "lora",
        description="Form of the adapter. dora learns finer at a fifth more time; loha and lokr "
        "are LyCORIS's, which plain diffusers cannot load.",
    )
    layers: Literal["attention", "transformer"] = Field(
        "attention",
        description="Which layers get an adapter: attention, or all of the transformer blocks.",
    )
    conv_rank: int | None = Field(
        None,
        ge=1,
        le=512,
        description="Rank of adapters on the convolutions, too (LoCon). Default: none.",
    )
    conv_alpha: float | None = Field(
        None, gt=0, description="Their scaling numerator. Default: conv_rank."
    )
    text_encoder: bool = Field(
        False,
        description="Whether to train the text encoder's attention, too: new words are learnt "
        "better, old ones forgotten sooner.",
    )
    gradient_checkpointing: bool = Field(
        False,
        description="Compute activations again in the backward pass instead of keeping them: about "
        "half the memory at a third more time.",
    )
    compile: bool = Field(
        False,
        description="Whether torch's compiler makes one program of the UNet's step: pays in long "
        "runs in bf16, and the first step comes a minute later or more. Needs a C++ compiler "
        "(CUDA: triton).",
    )
    caption_tokens: Literal[75, 150, 225] = Field(
        75,
        description="How many tokens of a caption are read; beyond 75 in stretches of 75, as "
        "drawing tools do with long prompts.",
    )
    buckets: bool = Field(
        False,
        description="Whether pictures keep their proportions: each goes to the nearest of a set of "
        "shapes of about the same area and batches hold one shape. Off: padded to squares.",
    )
    resolution_px: int | None = Field(
        None,
        ge=8,
        multiple_of=8,
        description="Side of the square that pictures are padded to. Default: the base's own, "
        "512 for SD v1-4. Smaller is faster and loses detail.",
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
        500, ge=1, description="Steps between checkpoints; the newest are kept."
    )
    checkpoints_kept: int = Field(
        3,
        ge=1,
        description="How many of the newest checkpoints are kept; `--choose` chooses among them.",
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
    final: Literal["last", "best"] = Field(
        "last",
        description="Which adapter becomes final_tensors: the last step's, or that of the lowest "
        "held-out loss. Both are kept: the best one is in best/.",
    )
    tracker: Literal["none", "tensorboard", "wandb", "mlflow"] = Field(
        "none",
        description="Where metrics go besides metrics.jsonl. Extras: pip install "
        "'couturier[tensorboard]', [wandb] or [mlflow].",
    )
    log_every: int = Field(10, ge=1, description="Steps between lines of metrics.jsonl.")

    @model_validator(mode="before")
    @classmethod
    def _turn_the_dial(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {**_EFFORTS.get(str(values.get("effort", "normal")), {}), **values}

    @model_validator(mode="after")
    def _fit_together(self) -> "TrainSettings":
        if self.warmup_steps > self.max_steps:
            raise ValueError(
                f"warmup_steps is {self.warmup_steps}, more than max_steps {self.max_steps}"
            )
        if self.compile and (self.buckets or self.gradient_checkpointing):
            other = "buckets" if self.buckets else "gradient_checkpointing"
            why = "would compile each shape anew" if self.buckets else "decides itself what is kept"
            raise ValueError(f"compile {why}: leave out compile or {other}")
        if self.attention_weight and self.gradient_checkpointing:
            raise ValueError(
                "attention_weight needs the attention that gradient_checkpointing throws away: "
                "leave one of them out"
            )
        return self
