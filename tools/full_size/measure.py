"""Trains the full-size base two steps and samples it two, and says seconds and peak memory."""

import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from couturier.diffusion.adapters.attach import attach_adapter
from couturier.diffusion.device import choose_placement
from couturier.diffusion.loading import load_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings

SIDE_PX = 256
N_STEPS = 2
_KB_A_GB = 1e6


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        n_weights: Of the UNet, without the adapter.
        n_trained: Of the adapter.
        train_s: Two training steps of one picture each, without loading and encoding.
        whole_training_s: The same with loading, encoding and saving.
        sample_s: Two sampling steps with guidance, and decoding.
        peak_gb: The process's largest memory, all of the above and making the base included.
    """

    n_weights: int
    n_trained: int
    train_s: float
    whole_training_s: float
    sample_s: float
    peak_gb: float


def measure(base: Path, dataset: Path, out: Path) -> Cost:
    """Train and sample at 256 px on the CPU.

    Args:
        base: What `make_full_size_base` wrote.
        dataset: A data set folder.
        out: Where the run folder goes.
    """
    begun = time.perf_counter()
    run = train_adapter(dataset, out=out, settings=_settings(base))
    whole_training_s = time.perf_counter() - begun
    pipeline = load_pipeline(str(base), choose_placement("cpu", "fp32"), safety=False)
    n_weights = sum(weight.numel() for weight in pipeline.unet.parameters())
    assert run.weights is not None
    attach_adapter(pipeline, run.weights, 1.0)
    draw = Draw(
        prompt="a red dress",
        negative="",
        seed=1,
        steps=N_STEPS,
        guidance=7.5,
        sampler="dpm++2m-karras",
        width_px=SIDE_PX,
        height_px=SIDE_PX,
    )
    begun = time.perf_counter()
    picture = draw_picture(pipeline, draw)
    sample_s = time.perf_counter() - begun
    assert picture.shape == (SIDE_PX, SIDE_PX, 3)
    assert np.isfinite(picture).all()
    return Cost(
        n_weights=n_weights,
        n_trained=run.manifest["n_trained_weights"],
        train_s=run.manifest["seconds"],
        whole_training_s=whole_training_s,
        sample_s=sample_s,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB_A_GB,
    )


def tabulate(cost: Cost) -> str:
    """Give the cost as a table in Markdown."""
    return "\n".join(
        [
            "| what | figure |",
            "|---|---|",
            f"| weights of the UNet | {cost.n_weights:,} |",
            f"| weights trained (rank 4) | {cost.n_trained:,} |",
            f"| {N_STEPS} training steps, batch 1, {SIDE_PX} px | {cost.train_s:.1f} s |",
            f"| the same with loading, encoding, saving | {cost.whole_training_s:.1f} s |",
            f"| {N_STEPS} sampling steps with guidance, and decoding | {cost.sample_s:.1f} s |",
            f"| peak memory | {cost.peak_gb:.1f} GB |",
            f"| where | {platform.machine()}, {torch.get_num_threads()} threads, "
            f"torch {torch.__version__}, fp32 |",
        ]
    )


def _settings(base: Path) -> TrainSettings:
    return TrainSettings(
        base=str(base),
        max_steps=N_STEPS,
        batch_size=1,
        resolution_px=SIDE_PX,
        device="cpu",
        mixed_precision="fp32",
        validation_pictures=0,
        log_every=1,
    )
