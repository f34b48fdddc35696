"""What a training run optimizes and how: loss, noise, optimizer, learning rate, averages."""

from typing import Any, Literal

from pydantic import Field, model_validator

from couturier.settings import Settings

# Prodigy finds the rate by itself and wants 1 to begin with.
_RATES = {"prodigy": 1.0}


class LearningSettings(Settings):
    """The part of the training settings that says how to learn."""

    optimizer: Literal["adamw", "adamw-8bit", "prodigy", "adafactor", "adamw-schedule-free"] = (
        Field(
            "adamw",
            description="What takes the steps. adamw-8bit keeps a quarter of AdamW's memory, "
            "prodigy finds the learning rate itself, adafactor keeps almost no state, "
            "adamw-schedule-free needs no schedule. prodigy and schedule-free need "
            "pip install 'couturier[optimizers]', adamw-8bit 'couturier[8bit]'.",
        )
    )
    learning_rate: float = Field(
        1e-4,
        gt=0,
        le=1,
        description="Of the optimizer. Higher learns faster and forgets more. Default for prodigy: "
        "1, which it multiplies by what it finds.",
    )
    lr_scheduler: Literal["constant", "linear", "cosine", "cosine-restarts", "polynomial"] = Field(
        "constant",
        description="How the learning rate runs from the warm-up's end to the last step. "
        "polynomial falls with the square of what is left.",
    )
    lr_cycles: int = Field(
        3, ge=1, description="How often cosine-restarts falls from the full rate to 0."
    )
    warmup_steps: int = Field(0, ge=0, description="Steps in which the learning rate rises from 0.")
    weight_decay: float = Field(
        1e-2, ge=0, lt=1, description="Pull towards 0, a step and unit of learning rate."
    )
    max_grad_norm: float = Field(
        1.0, gt=0, description="Longer gradients are cut to this length; guards against outliers."
    )
    ema_decay: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Keep a running mean of the adapter with this share of the old at each step "
        "(0.999 is usual) and save that: steadier pictures. Default: none, the last step's "
        "weights are saved.",
    )
    min_snr_gamma: float | None = Field(
        None,
        gt=0,
        description="Ceiling of the signal-to-noise weight (5 is usual): nearly clean pictures "
        "count less. Default: none, every timestep counts the same.",
    )
    offset_noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of noise that is one value a channel (0.05 is usual): lets the adapter "
        "learn very bright and very dark pictures.",
    )
    prediction: Literal["base", "epsilon", "v_prediction"] = Field(
        "base",
        description="What the UNet is to answer: as the base was trained, the noise, or the "
        "velocity. Changing it needs many steps.",
    )
    zero_terminal_snr: bool = Field(
        False,
        description="Stretch the noise schedule until its last step is noise alone, so that "
        "black and white grounds can be drawn; needs velocity prediction.",
    )
    caption_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of pictures shown without their caption, 0 to 1; keeps guidance strong.",
    )
    background_weight: float = Field(
        1.0,
        ge=0,
        le=1,
        description="What a place outside all garments counts for in the loss, 0 to 1, by the "
        "garment segmenter's mask: at 0.1 the house's walls are hardly learnt. 1 is no mask.",
    )
    attention_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Weight of the token-to-mask loss (TokenCompose; 0.001 in the paper): each "
        "garment's words are made to look at that garment's pixels. 0 is off.",
    )
    prior_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Prior preservation: weight of the loss on class pictures, drawn from the base "
        "before training, which keep it from forgetting (1 is usual). Doubles a step's time. 0 is "
        "off.",
    )
    prior_pictures: int = Field(
        50, ge=1, le=10_000, description="How many class pictures are drawn from the base."
    )
    prior_prompt: str | None = Field(
        None,
        min_length=1,
        description="Sentence of the class pictures. Default: 'a photo of a KIND' for the kinds of "
        "garment in the data set.",
    )
    prior_folder: str | None = Field(
        None,
        min_length=1,
        description="Folder of your own class pictures, instead of drawing them from the base.",
    )

    @property
    def draws_prior(self) -> bool:
        """Say whether class pictures are drawn from the base before it is trained."""
        return self.prior_weight > 0 and not self.prior_folder

    @model_validator(mode="before")
    @classmethod
    def _choose_rate(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("optimizer") in _RATES:
            return {"learning_rate": _RATES[str(values["optimizer"])], **values}
        return values

    @model_validator(mode="after")
    def _refuse_prior_without_weight(self) -> "LearningSettings":
        if not self.prior_weight and (self.prior_folder or self.prior_prompt):
            raise ValueError(
                "prior_folder and prior_prompt do nothing while prior_weight is 0: set it to 1"
            )
        return self

    @model_validator(mode="after")
    def _refuse_noise_without_end(self) -> "LearningSettings":
        if self.zero_terminal_snr and self.prediction == "epsilon":
            raise ValueError(
                "zero_terminal_snr needs prediction = v_prediction: in noise alone there is no "
                "noise to tell from anything"
            )
        return self
