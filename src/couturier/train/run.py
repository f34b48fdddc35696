"""One training run: check all, fill the caches, train, leave a folder that explains itself."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMScheduler

from couturier.diffusion.adapters.training import (
    AdapterPlan,
    add_adapters,
    restore_adapters,
    save_adapters,
)
from couturier.diffusion.compiled import CompiledDenoiser
from couturier.diffusion.fast import lowers_itself, quicken, quicken_adapters
from couturier.diffusion.loading import BaseParts, load_parts, load_unet
from couturier.diffusion.memory import give_back_memory, keep_memory
from couturier.diffusion.schedule import read_schedule
from couturier.diffusion.word_loss import WordWatch
from couturier.files import read_json_lines, replace_folder_whole, write_json_lines, write_text
from couturier.runs import OnStep, write_manifest
from couturier.seeds import derive_seed
from couturier.settings import to_toml
from couturier.train.ahead import Ahead
from couturier.train.averages import Average, show_average
from couturier.train.bench import Bench
from couturier.train.card import write_card
from couturier.train.checkpoints import (
    Progress,
    Trained,
    find_whole_checkpoint,
    load_checkpoint,
    name_trained,
)
from couturier.train.decks import make_decks
from couturier.train.export import Export, choose_forms, export_trained
from couturier.train.labels import describe_training
from couturier.train.looking import judge_ending, read_best
from couturier.train.loop import run_steps
from couturier.train.optimizers import build_optimizer
from couturier.train.order import (
    Order,
    check_order,
    is_done,
    list_changes,
    require_crew,
    require_new,
    require_same,
)
from couturier.train.processes import Crew, open_crew
from couturier.train.records import (
    BEST_FOLDER,
    FINAL_FOLDER,
    METRICS_FILE,
    SETTINGS_FILE,
    STAGE,
    WEIGHTS_FILE,
    TrainedRun,
    read_run,
)
from couturier.train.settings import TrainSettings
from couturier.train.trackers import open_tracker


def train_adapter(
    dataset_dir: Path,
    *,
    out: Path,
    settings: TrainSettings,
    resume: bool = False,
    allow_changes: bool = False,
    on_step: OnStep | None = None,
) -> TrainedRun:
    """Fine-tune a base on a data set with LoRA or one of its kin.

    Under `accelerate launch` or `torchrun` every process calls this; the first one writes.

    Args:
        dataset_dir: What `couturier dataset` left, or any folder of that form.
        out: The run folder, models/NAME; must not exist yet, unless `resume`.
        settings: See TrainSettings.
        resume: Whether to go on at the newest whole checkpoint in `out`. On the CPU, with the same
            number of threads, the final tensors are those of an undisturbed run, bit for bit. A
            run that is done is given back as it is.
        allow_changes: Whether to go on though the data set, the base or settings changed; what
            did is noted in the manifest.
        on_step: Told how many are done, how many there are, and a note: pictures read, pictures
            and captions encoded, then steps.

    Raises:
        DatasetError: the data set is wrong; names the row, before any weights load.
        BaseModelError: there is no such base, or it is of another family.
        DeviceError: the machine lacks the device or the precision asked for.
        MissingExtraError: an optimizer's or a tracker's library is not installed.
        TrainingError: `out` is there already, cannot be resumed, or the loss is no number.
        StorageError: no room on the disk.
        KeyboardInterrupt: Ctrl-C, after a checkpoint was saved.
    """
    tell = on_step or _tell_nobody
    order = check_order(dataset_dir, out=out, settings=settings, on_step=tell)
    notes = _admit(order, resume=resume, allow_changes=allow_changes)
    if notes is None:
        return read_run(out)
    crew = open_crew(order.placement)
    require_crew(order, crew)
    crew.wait()  # all have looked before the first one writes
    if crew.leads:
        write_text(out / SETTINGS_FILE, to_toml({STAGE: order.settings}))
        write_manifest(out, STAGE, status="running", facts=order.facts)
    try:
        facts = _train(order, crew, resume=resume, notes=notes, on_step=tell)
    except BaseException:
        if crew.leads:
            write_manifest(out, STAGE, status="stopped", facts=order.facts)
        raise
    if crew.leads:
        write_card(out, order.settings, facts)
        write_manifest(out, STAGE, status="done", facts=facts)
    crew.wait()
    return read_run(out)


def _admit(order: Order, *, resume: bool, allow_changes: bool) -> list[str] | None:
    """Check whether the run may begin or go on; gives notes on it, None where it is done."""
    if not resume:
        require_new(order.out)
        return []
    changed = list_changes(order)
    if not allow_changes:
        require_same(order, changed)
    if is_done(order.out) and not changed:
        return None
    return [f"went on though it was begun with others: {', '.join(changed)}"] if changed else []


def _train(
    order: Order, crew: Crew, *, resume: bool, notes: list[str], on_step: OnStep
) -> dict[str, Any]:
    """Load, encode, train, save; gives the manifest's facts."""
    settings = order.settings
    keep_memory()
    parts = _load(order)
    decks = make_decks(order, parts, crew, on_step)
    _release(parts, settings)
    give_back_memory()  # what encoding took; the steps begin with what they need
    load_unet(parts)
    parameters = _adapt(parts, settings)
    named = name_trained(parts.denoiser)
    watch = WordWatch(parts.unet) if settings.attention_weight else None
    facts = order.facts
    tracker_name = settings.tracker if crew.leads else "none"
    with open_tracker(tracker_name, order.out, facts["settings"]) as tracker:
        bench = Bench(
            out=order.out,
            settings=settings,
            parts=parts,
            asked=CompiledDenoiser(parts.denoiser, watch) if settings.compile else parts.denoiser,
            schedule=read_schedule(parts.scheduler),
            ahead=Ahead(parts.placement.device),
            shown=decks.shown,
            held_out=decks.held_out,
            prior=decks.prior,
            parameters=parameters,
            optimizer=build_optimizer(parameters, settings),
            average=Average(named, settings.ema_decay) if settings.ema_decay else None,
            watch=watch,
            crew=crew,
            metadata=_describe(order, parts),
            tracker=tracker,
            on_step=on_step,
        )
        exports: list[Export] = []
        progress = _start(bench, resume=resume, notes=notes)
        progress = run_steps(bench, progress)
        if crew.leads:
            exports = _save_final(bench, progress)
            notes += _judge(bench)
    pictures = progress.step * settings.batch_size * settings.gradient_accumulation
    return {
        **facts,
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "pictures_per_second": round(pictures / max(progress.seconds, 1e-9), 2),
        "n_trained_weights": sum(parameter.numel() for parameter in parameters),
        "processes": crew.size,
        "best": read_best(order.out),
        "notes": notes,
        "exports": [export.as_dict() for export in exports],
    }


def _load(order: Order) -> BaseParts:
    """Load the base with the noise schedule that is to be trained, arithmetic quickened."""
    settings = order.settings
    parts = load_parts(settings.base, order.placement, with_unet=settings.draws_prior)
    changes: dict[str, Any] = {}
    if settings.prediction != "base":
        changes["prediction_type"] = settings.prediction
    if settings.zero_terminal_snr:
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    quicken(parts.vae)
    quicken(_choose_quickened(parts, settings))
    return replace(parts, scheduler=DDPMScheduler.from_config(parts.scheduler.config, **changes))


def _choose_quickened(parts: BaseParts, settings: TrainSettings) -> torch.nn.Module:
    """Choose what computes layer by layer: a compiler wants the UNet as its makers wrote it."""
    return parts.denoiser.text_encoders if settings.compile else parts.denoiser


def _adapt(parts: BaseParts, settings: TrainSettings) -> list[torch.nn.Parameter]:
    """Put the adapters beside the denoiser's modules; gives what is trained."""
    alpha = settings.alpha or float(settings.rank)
    plan = AdapterPlan(
        method=settings.method,
        rank=settings.rank,
        alpha=alpha,
        layers=settings.layers,
        conv_rank=settings.conv_rank,
        conv_alpha=settings.conv_alpha,
        text_encoder=settings.text_encoder,
    )
    add_adapters(parts.denoiser, plan, seed=derive_seed(settings.seed, "adapter"))
    quicken(_choose_quickened(parts, settings))
    quicken_adapters(parts.unet)
    parts.denoiser.lowers_itself = lowers_itself(parts.denoiser)
    if settings.gradient_checkpointing:
        parts.unet.enable_gradient_checkpointing()
    return list(name_trained(parts.denoiser).values())


def _release(parts: BaseParts, settings: TrainSettings) -> None:
    """Let go of what the steps do not need: a third of a gigabyte each for SD 1.x."""
    if settings.validation_pictures:
        return
    parts.vae.to("meta")
    if not settings.text_encoder:
        parts.denoiser.text_encoders.to("meta")


def _describe(order: Order, parts: BaseParts) -> dict[str, Any]:
    """Say what the adapter files say of themselves."""
    config, facts = parts.scheduler.config, order.facts
    return {
        "base": facts["base"],
        "base_hash": facts["base_hash"],
        "dataset_hash": facts["dataset"]["hash"],
        "couturier": facts["couturier"],
        **describe_training(order.settings, facts["dataset"], order.items),
        "prediction_type": config.prediction_type,
        "zero_terminal_snr": bool(config.get("rescale_betas_zero_snr", False)),
    }


def _save_final(bench: Bench, progress: Progress) -> list[Export]:
    """Write final_tensors, the last step's adapter or the best one, and its other forms."""
    out, denoiser = bench.out, bench.parts.denoiser
    with show_average(name_trained(denoiser), bench.average, bench.optimizer):
        if bench.settings.final == "best" and read_best(out):
            best = out / BEST_FOLDER / WEIGHTS_FILE
            restore_adapters(denoiser, best)
            with replace_folder_whole(out / FINAL_FOLDER) as folder:
                shutil.copy(best, folder / WEIGHTS_FILE)
        else:
            metadata = {**bench.metadata, "step": progress.step}
            save_adapters(out / FINAL_FOLDER, denoiser, metadata)
        return export_trained(out, bench.parts, forms=choose_forms(bench.settings))


def _judge(bench: Bench) -> Sequence[str]:
    rows = [row for _, row in read_json_lines(bench.out / METRICS_FILE)]
    verdict = judge_ending(bench.out, rows[-1]["held_out_loss"] if rows else None)
    if verdict:
        bench.on_step(bench.settings.max_steps, bench.settings.max_steps, verdict)
    return [verdict] if verdict else []


def _start(bench: Bench, *, resume: bool, notes: list[str]) -> Progress:
    """Find where to begin: at step 0, or at the newest whole checkpoint."""
    progress = Progress(step=0, window=[], seconds=0.0, scaler={})
    if resume:
        checkpoint, damaged = find_whole_checkpoint(bench.out)
        notes += [f"{path}: damaged, passed by" for path in damaged]
        for note in notes:
            bench.on_step(0, bench.settings.max_steps, note)
        if checkpoint:
            trained = Trained(bench.parts.denoiser, bench.optimizer, bench.average)
            progress = load_checkpoint(checkpoint, trained)
            bench.on_step(progress.step, bench.settings.max_steps, f"going on at {checkpoint}")
    bench.crew.wait()  # all have read before the first one writes
    if bench.crew.leads:
        _forget_later_metrics(bench.out / METRICS_FILE, progress.step)
    return progress


def _forget_later_metrics(metrics: Path, step: int) -> None:
    """Remove the lines of steps that will be taken again; all of them at step 0."""
    if metrics.is_file():
        rows = [row for _, row in read_json_lines(metrics) if step and row["step"] <= step]
        write_json_lines(metrics, rows)


def _tell_nobody(_done: int, _total: int, _note: str) -> None:
    return
