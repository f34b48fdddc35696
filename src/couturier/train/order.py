"""What a run was asked to do, checked before any weights load, and held against a run begun."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from couturier.dataset.records import HELD_OUT, Item, hash_items, read_items
from couturier.diffusion.bases import resolve_base
from couturier.diffusion.compiled import require_compiler
from couturier.diffusion.device import Placement, choose_placement
from couturier.diffusion.families import Family, read_family
from couturier.diffusion.hashes import hash_base
from couturier.errors import DatasetError, SettingsError, TrainingError
from couturier.files import hash_json, read_json
from couturier.runs import OnStep, couturier_version, read_manifest
from couturier.train.optimizers import require_optimizer
from couturier.train.pictures import Picture, read_pictures
from couturier.train.processes import Crew
from couturier.train.records import SETTINGS_FILE, STAGE, read_run
from couturier.train.settings import TrainSettings
from couturier.train.trackers import require_tracker

# What may be another on --resume: it changes what is looked at, not what is learnt.
_FREE = {"log_every", "device", "effort", "tracker", "final"} | {
    name for name in TrainSettings.model_fields if name.startswith(("validation_", "checkpoint"))
}


@dataclass(frozen=True)
class Order:
    """What a run was asked to do.

    Attributes:
        out: The run folder.
        settings: Every default filled in.
        folder: Where the base is.
        family: What the base is.
        placement: Device and number format.
        dataset_dir: What is learnt from.
        items: Its rows.
        pictures: Its pictures, in the order of the rows.
        step_px: What the sides of pictures are multiples of.
    """

    out: Path
    settings: TrainSettings
    folder: Path
    family: Family
    placement: Placement
    dataset_dir: Path
    items: Sequence[Item]
    pictures: Sequence[Picture]
    step_px: int

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it from the start."""
        n_held_out = sum(item.split == HELD_OUT for item in self.items)
        return {
            "couturier": couturier_version(),
            "base": self.settings.base,
            "base_hash": hash_base(self.folder),
            "dataset": {
                "folder": self.dataset_dir.as_posix(),
                "hash": hash_items(self.items),
                "pictures_hash": hash_json([picture.sha256 for picture in self.pictures]),
                "n_items": len(self.items),
                "n_train": len(self.items) - n_held_out,
                "n_held_out": n_held_out,
            },
            "device": self.placement.device,
            "precision": self.placement.precision,
            "why": self.placement.why,
            "threads": torch.get_num_threads(),
            "settings": self.settings.model_dump(mode="json"),
        }


def check_order(dataset_dir: Path, *, out: Path, settings: TrainSettings, on_step: OnStep) -> Order:
    """Check data set, base, libraries and machine, and fill in what depends on them.

    Raises:
        CouturierError: the first thing that is wrong.
    """
    items = read_items(dataset_dir)
    if all(item.split == HELD_OUT for item in items):
        raise DatasetError(
            f"{dataset_dir}: every row is held out, none is left to learn from",
            fix="make the data set anew with more products or a smaller held-out share",
        )
    folder = resolve_base(settings.base)
    family = read_family(folder)
    resolved = _fill_in(settings, family, items)
    _require_velocity(resolved, folder)
    require_optimizer(resolved)
    require_tracker(resolved.tracker)
    placement = choose_placement(settings.device, settings.mixed_precision)
    if resolved.compile:
        require_compiler(placement.device)
    pictures = read_pictures(dataset_dir, items, on_step)
    halvings = len(read_json(folder / "unet/config.json")["block_out_channels"]) - 1
    return Order(
        out=out,
        settings=resolved,
        folder=folder,
        family=family,
        placement=placement,
        dataset_dir=dataset_dir,
        items=items,
        pictures=pictures,
        step_px=family.vae_scale * 2**halvings,
    )


def require_crew(order: Order, crew: Crew) -> None:
    """Check that every process has pictures to show.

    Raises:
        SettingsError: fewer pictures a batch than processes.
    """
    if order.settings.batch_size < crew.size:
        raise SettingsError(
            f"train.batch_size = {order.settings.batch_size}: is dealt out to {crew.size} "
            "processes, and some would have none",
            fix=f"use train.batch_size={crew.size} or more, or fewer processes",
        )


def require_new(out: Path) -> None:
    """Check that a fresh run overwrites nothing.

    Raises:
        TrainingError: something is there.
    """
    if out.is_dir() and any(out.iterdir()):
        raise TrainingError(
            f"{out}: is there already and not empty",
            fix="go on with --resume, or give another folder with --out",
        )


def list_changes(order: Order) -> list[str]:
    """List what differs from the run that was begun in the order's folder.

    Raises:
        TrainingError: none was begun there.
    """
    manifest = read_manifest(order.out)
    if manifest.get("stage") != STAGE:
        raise TrainingError(
            f"{order.out}: no training run to resume (no manifest.json of `couturier train`)",
            fix="start it without --resume, or give the run's folder with --out",
        )
    changed = _changed_settings(order.out / SETTINGS_FILE, order.settings)
    for what in ("dataset", "base_hash"):
        now, then = order.facts[what], manifest.get(what)
        if what == "dataset":
            now, then = ({k: v for k, v in d.items() if k != "folder"} for d in (now, then or {}))
        if now != then:
            changed.append(f"another {what.removesuffix('_hash')}")
    return changed


def require_same(order: Order, changed: Sequence[str]) -> None:
    """Refuse to resume another run than was begun.

    Raises:
        TrainingError: names what is another.
    """
    others = [change for change in changed if change.startswith("another ")]
    if others:
        raise TrainingError(
            f"{order.out}: was begun with {' and '.join(others)}",
            fix="bring back the one it was begun with, train anew in another folder, or go on all "
            "the same with --allow-changes",
        )
    if changed:
        raise TrainingError(
            f"{order.out}: was begun with other settings: {', '.join(changed)}",
            fix=f"resume with its own: --config {order.out / SETTINGS_FILE}; train anew in another "
            "folder; or go on all the same with --allow-changes",
        )


def is_done(out: Path) -> bool:
    """Say whether a run has its final tensors."""
    return bool(read_manifest(out).get("status") == "done" and read_run(out).weights)


def _require_velocity(settings: TrainSettings, folder: Path) -> None:
    """Refuse a schedule that ends in noise alone for a base that is to predict that noise."""
    if not settings.zero_terminal_snr:
        return
    predicts = settings.prediction
    if predicts == "base":
        config = read_json(folder / "scheduler/scheduler_config.json")
        predicts = config.get("prediction_type", "epsilon")
    if predicts != "v_prediction":
        raise SettingsError(
            f"train.zero_terminal_snr: {settings.base} predicts noise, and in noise alone there is "
            "none to tell from anything",
            fix="set train.prediction=v_prediction as well",
        )


def _fill_in(settings: TrainSettings, family: Family, items: Sequence[Item]) -> TrainSettings:
    """Give every default that depends on the base or the data set its value."""
    resolution_px = settings.resolution_px or family.native_px
    if resolution_px % family.vae_scale:
        raise SettingsError(
            f"train.resolution_px = {resolution_px}: no multiple of {family.vae_scale}, as "
            f"{settings.base} needs",
            fix=f"use {resolution_px // family.vae_scale * family.vae_scale or family.vae_scale}",
        )
    prompts = [item.text for item in items if item.split == HELD_OUT] + [items[0].text]
    return settings.model_copy(
        update={
            "resolution_px": resolution_px,
            "alpha": settings.alpha or float(settings.rank),
            "validation_prompt": settings.validation_prompt or prompts[0],
        }
    )


def _changed_settings(file: Path, settings: TrainSettings) -> list[str]:
    former = TrainSettings.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))[STAGE])
    # A longer run of a constant learning rate begins as the shorter one did.
    free = _FREE | ({"max_steps"} if former.lr_scheduler == "constant" else set())
    return [
        f"{name} {getattr(former, name)!r}, now {getattr(settings, name)!r}"
        for name in TrainSettings.model_fields
        if name not in free and getattr(former, name) != getattr(settings, name)
    ]
