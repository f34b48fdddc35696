"""What an adapter makes its base predict: a pipeline is set to it, so that it draws as trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusers import DDIMScheduler

from couturier.errors import AdapterError

_WORDS = {"epsilon": "the noise", "v_prediction": "the velocity"}


def follow_answers(
    pipeline: Any, weights: Path, said: Mapping[str, str], *, is_first: bool
) -> None:
    """Give a pipeline the schedule an adapter was trained with, where it is not the base's own.

    An adapter can be trained to predict velocity on a base that predicts noise, and with a
    schedule whose last step is noise alone; drawn as the base draws, it would give mud.

    Args:
        pipeline: Its scheduler is replaced where needed; samplers are built from that one.
        weights: The adapter's file, for the message.
        said: What the file says: `prediction_type`, `zero_terminal_snr`.
        is_first: Whether no other adapter is in the pipeline yet.

    Raises:
        AdapterError: the adapters before it were trained for another answer.
    """
    if "prediction_type" not in said:
        return  # other people's files: as the base draws
    config = pipeline.scheduler.config
    predicts = said["prediction_type"]
    is_zero = said.get("zero_terminal_snr") == "True"
    was_zero = bool(config.get("rescale_betas_zero_snr", False))
    if predicts == config.prediction_type and is_zero == was_zero:
        return
    if not is_first:
        raise AdapterError(
            f"{weights}: was trained to answer {_WORDS.get(predicts, predicts)}"
            f"{' down to noise alone' if is_zero else ''}, the adapters before it were not",
            fix="draw with one of them at a time",
        )
    changes: dict[str, Any] = {"prediction_type": predicts, "clip_sample": False}
    if is_zero:
        # Lin et al. 2023, arXiv:2305.08891: such a schedule must begin at its very last step.
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    pipeline.scheduler = DDIMScheduler.from_config(config, **changes)
