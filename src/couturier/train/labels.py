"""What an adapter file says of its training, in the fields that other people's tools show."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from couturier.dataset.records import HELD_OUT, Item
from couturier.train.settings import TrainSettings

_TAGS_KEPT = 300  # the rest of a large catalogue's captions would make the header megabytes


def describe_training(
    resolved: TrainSettings, dataset: Mapping[str, Any], items: Sequence[Item]
) -> dict[str, str]:
    """Describe a run in kohya's `ss_` fields, and name its trigger words.

    Nothing that differs between two runs of the same is said, such as the time: the same training
    gives the same file.

    Args:
        resolved: The run's settings, every default filled in.
        dataset: What the manifest says of the data set.
        items: Of the data set; those held out were not learnt from.
    """
    settings = resolved.model_dump(mode="json")
    captions = [item.text for item in items if item.split != HELD_OUT]
    batch = settings["batch_size"] * settings["gradient_accumulation"]
    side = settings["resolution_px"]
    batches = -(-len(captions) // batch)
    name = str(dataset["folder"]).rstrip("/").rpartition("/")[2] or "dataset"
    trigger = find_trigger(captions)
    said = {
        "ss_sd_model_name": settings["base"],
        "ss_learning_rate": settings["learning_rate"],
        "ss_unet_lr": settings["learning_rate"],
        "ss_text_encoder_lr": (settings["learning_rate"] if settings.get("text_encoder") else None),
        "ss_optimizer": settings.get("optimizer", "adamw"),
        "ss_lr_scheduler": settings["lr_scheduler"],
        "ss_lr_warmup_steps": settings["warmup_steps"],
        "ss_max_train_steps": settings["max_steps"],
        "ss_num_train_images": len(captions),
        "ss_num_reg_images": 0,
        "ss_num_batches_per_epoch": batches,
        "ss_num_epochs": -(-settings["max_steps"] // batches),
        "ss_batch_size_per_device": settings["batch_size"],
        "ss_total_batch_size": batch,
        "ss_gradient_accumulation_steps": settings["gradient_accumulation"],
        "ss_max_grad_norm": settings["max_grad_norm"],
        "ss_resolution": f"({side}, {side})",
        "ss_seed": settings["seed"],
        "ss_mixed_precision": settings["mixed_precision"],
        "ss_min_snr_gamma": settings["min_snr_gamma"],
        "ss_caption_dropout_rate": settings["caption_dropout"],
        "ss_cache_latents": True,
        "ss_clip_skip": None,
        "ss_dataset_dirs": json.dumps({name: {"n_repeats": 1, "img_count": len(captions)}}),
        "ss_tag_frequency": json.dumps({name: count_tags(captions)}, ensure_ascii=False),
        "ss_training_comment": "trained by couturier",
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.trigger_phrase": trigger,
        "trigger_words": trigger,
    }
    return {key: str(value) for key, value in said.items()}


def count_tags(captions: Sequence[str]) -> dict[str, int]:
    """Count the parts of captions between commas, as kohya counts tags; the most frequent ones."""
    counts = Counter(
        tag
        for caption in captions
        for tag in (part.strip().lower() for part in caption.split(","))
        if tag
    )
    return dict(sorted(counts.most_common(_TAGS_KEPT), key=lambda pair: (-pair[1], pair[0])))


def find_trigger(captions: Sequence[str]) -> str:
    """Give the words that all captions begin or end with; "" where they share none."""
    rows = [caption.split() for caption in captions]
    if len(rows) < 2:
        return ""
    parts = (_common_start(rows), _common_start([row[::-1] for row in rows])[::-1])
    return ", ".join(text for part in parts if (text := " ".join(part).strip(" ,.")))


def _common_start(rows: Sequence[Sequence[str]]) -> list[str]:
    shared = []
    for words in zip(*rows, strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return shared
