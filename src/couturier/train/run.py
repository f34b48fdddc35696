"""One training run: check all, fill the caches, train, leave a folder that explains itself."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from couturier.dataset.records import HELD_OUT, Item, hash_items, read_items
from couturier.diffusion.adapters.training import AdapterPlan, add_adapters, save_adapters
from couturier.diffusion.bases import resolve_base
from couturier.diffusion.device import Placement, choose_placement
from couturier.diffusion.encoding import tokenize
from couturier.diffusion.families import Family, read_family
from couturier.diffusion.hashes import hash_base
from couturier.diffusion.loading import BaseParts, load_parts
from couturier.diffusion.schedule import read_schedule
from couturier.errors import DatasetError, SettingsError, TrainingError
from couturier.files import hash_json, read_json_lines, write_json_lines, write_text
from couturier.runs import OnStep, couturier_version, read_manifest, write_manifest
from couturier.seeds import derive_seed
from couturier.settings import to_toml
from couturier.train.batches import Deck, Example
from couturier.train.cache import TensorStore, fill_latents, fill_texts, latents_key, text_key
from couturier.train.card import write_card
from couturier.train.checkpoints import Progress, find_whole_checkpoint, load_checkpoint
from couturier.train.export import choose_forms, export_trained
from couturier.train.labels import describe_training
from couturier.train.loop import Bench, build_optimizer, run_steps
from couturier.train.pictures import Picture, read_pictures
from couturier.train.records import (
    FINAL_FOLDER,
    METRICS_FILE,
    SETTINGS_FILE,
    TrainedRun,
    read_run,
)
from couturier.train.settings import TrainSettings

STAGE = "train"
# What may be another on --resume: it changes what is looked at, not what is learnt.
_FREE = {"checkpoint_every", "log_every", "device", "effort"} | {
    name for name in TrainSettings.model_fields if name.startswith("validation_")
}


@dataclass(frozen=True)
class _Order:
    """What a run was asked to do, checked, before any weights load."""

    out: Path
    settings: TrainSettings
    folder: Path
    placement: Placement
    dataset_dir: Path
    items: Sequence[Item]
    pictures: Sequence[Picture]

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


def train_adapter(
    dataset_dir: Path,
    *,
    out: Path,
    settings: TrainSettings,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> TrainedRun:
    """Fine-tune a base's attention on a data set with LoRA.

    Args:
        dataset_dir: What `couturier dataset` left, or any folder of that form.
        out: The run folder, models/NAME; must not exist yet, unless `resume`.
        settings: See TrainSettings.
        resume: Whether to go on at the newest whole checkpoint in `out`. On the CPU, with the same
            number of threads, the final tensors are those of an undisturbed run, bit for bit. A
            run that is done is given back as it is.
        on_step: Told how many are done, how many there are, and a note: pictures read, pictures
            and captions encoded, then steps.

    Raises:
        DatasetError: the data set is wrong; names the row, before any weights load.
        BaseModelError: there is no such base, or it is of another family.
        DeviceError: the machine lacks the device or the precision asked for.
        TrainingError: `out` is there already, cannot be resumed, or the loss is no number.
        StorageError: no room on the disk.
        KeyboardInterrupt: Ctrl-C, after a checkpoint was saved.
    """
    tell = on_step or _tell_nobody
    items = read_items(dataset_dir)
    order = _check_order(dataset_dir, items, out=out, settings=settings, on_step=tell)
    if resume:
        done = _require_same(order)
        if done:
            return read_run(out)
    else:
        _require_new(out)
    write_text(out / SETTINGS_FILE, to_toml({STAGE: order.settings}))
    try:
        write_manifest(out, STAGE, status="running", facts=order.facts)
        facts = _train(order, resume=resume, on_step=tell)
    except BaseException:
        write_manifest(out, STAGE, status="stopped", facts=order.facts)
        raise
    write_card(out, order.settings, facts)
    write_manifest(out, STAGE, status="done", facts=facts)
    return read_run(out)


def _check_order(
    dataset_dir: Path, items: Sequence[Item], *, out: Path, settings: TrainSettings, on_step: OnStep
) -> _Order:
    if all(item.split == HELD_OUT for item in items):
        raise DatasetError(
            f"{dataset_dir}: every row is held out, none is left to learn from",
            fix="make the data set anew with more products or a smaller held-out share",
        )
    folder = resolve_base(settings.base)
    resolved = _fill_in(settings, read_family(folder), items)
    placement = choose_placement(settings.device, settings.mixed_precision)
    pictures = read_pictures(dataset_dir, items, on_step)
    return _Order(out, resolved, folder, placement, dataset_dir, items, pictures)


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


def _require_new(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise TrainingError(
            f"{out}: is there already and not empty",
            fix="go on with --resume, or give another folder with --out",
        )


def _require_same(order: _Order) -> bool:
    """Check that a run to be resumed is the same; True where it is done already."""
    out = order.out
    manifest = read_manifest(out)
    if manifest.get("stage") != STAGE:
        raise TrainingError(
            f"{out}: no training run to resume (no manifest.json of `couturier train`)",
            fix="start it without --resume, or give the run's folder with --out",
        )
    changed = _changed_settings(out / SETTINGS_FILE, order.settings)
    if changed:
        raise TrainingError(
            f"{out}: was begun with other settings: {', '.join(changed)}",
            fix=f"resume with its own: --config {out / SETTINGS_FILE}; or train anew in another "
            "folder",
        )
    for what in ("dataset", "base_hash"):
        now, then = order.facts[what], manifest.get(what)
        if what == "dataset":
            now, then = ({k: v for k, v in d.items() if k != "folder"} for d in (now, then or {}))
        if now != then:
            raise TrainingError(
                f"{out}: was begun with another {what.removesuffix('_hash')}",
                fix="bring back the one it was begun with, or train anew in another folder",
            )
    return bool(manifest["status"] == "done" and read_run(out).weights)


def _changed_settings(file: Path, settings: TrainSettings) -> list[str]:
    former = TrainSettings.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))[STAGE])
    # A longer run of a constant learning rate begins as the shorter one did.
    free = _FREE | ({"max_steps"} if former.lr_scheduler == "constant" else set())
    return [
        f"{name} {getattr(former, name)!r}, now {getattr(settings, name)!r}"
        for name in TrainSettings.model_fields
        if name not in free and getattr(former, name) != getattr(settings, name)
    ]


def _train(order: _Order, *, resume: bool, on_step: OnStep) -> dict[str, Any]:
    """Load, encode, train, save; gives the manifest's facts."""
    settings = order.settings
    parts = load_parts(settings.base, order.placement)
    shown, held_out = _fill_caches(order, parts, on_step)
    plan = AdapterPlan(rank=settings.rank, alpha=settings.alpha or settings.rank)
    trained = add_adapters(parts.denoiser, plan, seed=derive_seed(settings.seed, "adapter"))
    parameters = [parameter for group in trained.values() for parameter in group]
    facts = order.facts
    bench = Bench(
        out=order.out,
        settings=settings,
        parts=parts,
        schedule=read_schedule(parts.scheduler),
        shown=shown,
        held_out=held_out,
        parameters=parameters,
        optimizer=build_optimizer(parameters, settings),
        metadata={
            "base": facts["base"],
            "base_hash": facts["base_hash"],
            "dataset_hash": facts["dataset"]["hash"],
            "couturier": facts["couturier"],
            **describe_training(settings, facts["dataset"], order.items),
        },
        on_step=on_step,
    )
    progress, notes = _start(bench, resume=resume)
    progress = run_steps(bench, progress)
    save_adapters(
        order.out / FINAL_FOLDER, parts.denoiser, {**bench.metadata, "step": progress.step}
    )
    exports = export_trained(order.out, parts, forms=choose_forms(settings))
    pictures = progress.step * settings.batch_size * settings.gradient_accumulation
    return {
        **facts,
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "pictures_per_second": round(pictures / progress.seconds, 2),
        "n_trained_weights": sum(parameter.numel() for parameter in parameters),
        "notes": notes,
        "exports": [export.as_dict() for export in exports],
    }


def _start(bench: Bench, *, resume: bool) -> tuple[Progress, list[str]]:
    """Find where to begin: at step 0, or at the newest whole checkpoint."""
    progress, notes = Progress(step=0, window=[], seconds=0.0, scaler={}), []
    if resume:
        checkpoint, damaged = find_whole_checkpoint(bench.out)
        notes = [f"{path}: damaged, passed by" for path in damaged]
        for note in notes:
            bench.on_step(0, bench.settings.max_steps, note)
        if checkpoint:
            progress = load_checkpoint(checkpoint, bench.parts.denoiser, bench.optimizer)
            bench.on_step(progress.step, bench.settings.max_steps, f"going on at {checkpoint}")
    _forget_later_metrics(bench.out / METRICS_FILE, progress.step)
    return progress, notes


def _forget_later_metrics(metrics: Path, step: int) -> None:
    """Remove the lines of steps that will be taken again; all of them at step 0."""
    if metrics.is_file():
        rows = [row for _, row in read_json_lines(metrics) if step and row["step"] <= step]
        write_json_lines(metrics, rows)


def _fill_caches(order: _Order, parts: BaseParts, on_step: OnStep) -> tuple[Deck, Deck]:
    """Encode what the run's cache lacks; gives what is shown and what is held out."""
    side_px = order.settings.resolution_px or parts.family.native_px
    latents = TensorStore(order.out / "cache" / "latents")
    texts = TensorStore(order.out / "cache" / "captions")
    token_ids = tokenize(parts.tokenizers, ["", *(item.text for item in order.items)])
    fill_latents(latents, order.pictures, parts=parts, side_px=side_px, on_step=on_step)
    fill_texts(texts, token_ids, parts=parts, on_step=on_step)

    def key(ids: Tensor) -> str:
        return text_key(ids.tolist(), parts.base_hash, parts.placement.precision)

    def deal(pictures: Sequence[tuple[Picture, Tensor]]) -> Deck:
        examples = [
            Example(
                name=picture.item.file_name,
                latents_key=latents_key(picture, side_px, parts.base_hash),
                text_key=key(ids),
            )
            for picture, ids in pictures
        ]
        return Deck(examples, key(token_ids[0]), latents, texts)

    rows = list(zip(order.pictures, token_ids[1:], strict=True))
    return (
        deal([row for row in rows if row[0].item.split != HELD_OUT]),
        deal([row for row in rows if row[0].item.split == HELD_OUT]),
    )


def _tell_nobody(_done: int, _total: int, _note: str) -> None:
    return
