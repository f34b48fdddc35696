"""Adapters written for other tools, each file read back and held against what was trained."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from couturier.diffusion.adapters.answers import follow_answers
from couturier.diffusion.adapters.attach import list_models, merge_factors
from couturier.diffusion.adapters.check import (
    TOLERANCE,
    InexactError,
    check_file,
    compare_changes,
)
from couturier.diffusion.adapters.factors import DORA, Changes, Factors, find_change
from couturier.diffusion.adapters.names import UNET
from couturier.diffusion.adapters.reading import ReadAdapter, find_module, read_adapter
from couturier.diffusion.adapters.storage import read_tensors
from couturier.diffusion.adapters.training import ADAPTER_FILE, list_parts, trained_changes
from couturier.diffusion.adapters.writing import (
    describe_adapter,
    make_full,
    write_for_diffusers,
    write_for_kohya,
)
from couturier.diffusion.bases import resolve_base
from couturier.diffusion.device import choose_placement
from couturier.diffusion.families import Family, read_family
from couturier.diffusion.hashes import hash_base
from couturier.diffusion.loading import BaseParts, load_pipeline
from couturier.errors import AdapterError
from couturier.files import replace_folder_whole
from couturier.runs import couturier_version
from couturier.train.records import find_weights
from couturier.train.settings import TrainSettings

FORMS = ("kohya", "kohya-full", "diffusers", "merged")
_DTYPES = {"fp16": torch.float16, "fp32": torch.float32}


@dataclass(frozen=True)
class Export:
    """A written file or folder, and how it compares with what was trained.

    Attributes:
        path: The file; of a merged base, the folder.
        form: One of `FORMS`.
        precision: Its number format.
        n_modules: How many modules it changes.
        n_bytes: Its size.
        error: Largest difference from what was trained, as a share of the module's largest change;
            of a merged base, of its largest weight.
        worst: The module it is in.
    """

    path: Path
    form: str
    precision: str
    n_modules: int
    n_bytes: int
    error: float
    worst: str

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class _Source:
    """An adapter with the models it belongs to, and how it changes their weights."""

    adapter: ReadAdapter
    base: str
    family: Family
    predicts: str
    models: Mapping[str, nn.Module]
    changes: Mapping[tuple[str, str], Tensor]

    @property
    def factors(self) -> tuple[Factors, ...]:
        return self.adapter.factors


def export_adapter(
    run: Path,
    *,
    form: str,
    out: Path | None = None,
    base: str | None = None,
    precision: str = "auto",
    scale: float = 1.0,
) -> Export:
    """Write a trained adapter, or any adapter file, in another form, and check what was written.

    Args:
        run: A training run's folder, or a .safetensors file of any form.
        form: "kohya" for A1111, ComfyUI and Forge; "kohya-full" for the same tools with the whole
            change of each weight; "diffusers"; "merged" for a whole base with the adapter in it.
        out: The file, or the folder of a merged base. Default: beside the run's other files.
        base: The base it was trained on. Default: as the file says.
        precision: "fp16", "fp32", or "auto": fp16 where it is exact enough, else fp32.
        scale: Strength the adapter is merged at; the other forms keep it as trained.

    Returns:
        Where it is, and how exact.

    Raises:
        AdapterError: no adapter there, it does not fit the base, the form cannot hold it, or what
            was written differs from what was trained; then nothing is left of it.
    """
    weights = find_weights(run)
    path = out or _choose_path(run, weights, form)
    _require_writable(path, form, scale)
    asked = _find_base(weights, base)
    pipeline = load_pipeline(asked, choose_placement("cpu", "fp32"), safety=True)
    models = list_models(pipeline)
    adapter = read_adapter(weights, models)
    follow_answers(pipeline, weights, adapter.metadata, is_first=True)
    source = _Source(
        adapter=adapter,
        base=asked,
        family=read_family(resolve_base(asked)),
        predicts=pipeline.scheduler.config.prediction_type,
        models=models,
        changes=_find_changes(adapter.factors, models),
    )
    if form == "merged":
        precision = "fp16" if precision == "auto" else precision
        return _merge(source, pipeline, path, precision=precision, scale=scale)
    return _write(source, path, form=form, precision=precision)


def export_trained(out: Path, parts: BaseParts, *, forms: Sequence[str]) -> list[Export]:
    """Check a run's final tensors against the layers that were trained, and write other forms.

    Args:
        out: The run folder, its final tensors written.
        parts: The base, with the trained adapters in place.
        forms: Of `FORMS`.

    Returns:
        First the final tensors themselves, then one entry a form.

    Raises:
        AdapterError: a file differs from what was trained.
    """
    weights = find_weights(out)
    models = list_parts(parts.denoiser)
    changes = trained_changes(parts.denoiser)
    trip = check_file(weights, models, changes)
    size = weights.stat().st_size
    first = Export(weights, "peft", "fp32", trip.n_modules, size, trip.error, trip.worst)
    source = _Source(
        adapter=read_adapter(weights, models),
        base=parts.base,
        family=parts.family,
        predicts=parts.scheduler.config.prediction_type,
        models=models,
        changes=changes,
    )
    written = [first]
    for form in forms:
        path = _choose_path(out, weights, form)
        if form == "merged":
            shutil.rmtree(path, ignore_errors=True)  # of an earlier sitting of this same run
            written.append(export_adapter(out, form=form))
        else:
            written.append(_write(source, path, form=form, precision="auto"))
    return written


def choose_forms(settings: TrainSettings) -> tuple[str, ...]:
    """Say which forms a run writes at its end: those set, else kohya's where it can hold them."""
    if settings.export is not None:
        return settings.export
    return () if getattr(settings, "method", "lora") == DORA else ("kohya",)


def _find_base(weights: Path, base: str | None) -> str:
    _, said = read_tensors(weights)
    asked = base or said.get("base", "")
    if not asked:
        raise AdapterError(
            f"{weights}: does not say which base it was trained on",
            fix="name it: --base mini, a folder or a hub id",
        )
    trained_on = said.get("base_hash")
    if trained_on and base is None and trained_on != hash_base(resolve_base(asked)):
        raise AdapterError(
            f"{weights}: was trained on {asked} with other weights than are there now",
            fix=f"bring the base back that it was trained on, or insist with --base {asked}",
        )
    return asked


def _choose_path(run: Path, weights: Path, form: str) -> Path:
    is_run = run.is_dir() and weights.parent != run
    folder = run if is_run else weights.parent
    name = run.resolve().name if is_run else weights.stem
    paths = {
        "kohya": folder / "kohya" / f"{name}.safetensors",
        "kohya-full": folder / "kohya" / f"{name}-full.safetensors",
        "diffusers": folder / "diffusers" / ADAPTER_FILE,
        "merged": folder / "merged",
    }
    return paths[form]


def _require_writable(path: Path, form: str, scale: float) -> None:
    if path.exists():
        raise AdapterError(f"{path}: is there already", fix="remove it, or give another --out")
    if form != "merged" and path.suffix != ".safetensors":
        raise AdapterError(
            f"{path}: no name for a file of form {form}",
            fix=f"let it end in .safetensors, such as {path.with_suffix('.safetensors')}",
        )
    if form != "merged" and scale != 1:
        raise AdapterError(
            f"--scale {scale}: form {form} keeps an adapter as it was trained",
            fix="give the strength where it is drawn with, or --format merged",
        )


def _write(source: _Source, path: Path, *, form: str, precision: str) -> Export:
    """Write a file and check it; under "auto" once more in fp32 where fp16 is too coarse."""
    if precision == "auto":
        try:
            return _write(source, path, form=form, precision="fp16")
        except InexactError:
            return _write(source, path, form=form, precision="fp32")
    factors = source.factors
    if form == "kohya-full":
        factors = tuple(make_full(factors, source.models))
    dtype, metadata = _DTYPES[precision], _describe(source, path)
    if form == "diffusers":
        write_for_diffusers(path, factors, dtype=dtype, metadata=metadata)
    else:
        unet: Any = source.models[UNET]
        write_for_kohya(
            path, factors, family=source.family, config=unet.config, dtype=dtype, metadata=metadata
        )
    try:
        trip = check_file(path, source.models, source.changes)
    except AdapterError:
        path.unlink()
        raise
    size = path.stat().st_size
    return Export(path, form, precision, trip.n_modules, size, trip.error, trip.worst)


def _find_changes(factors: Sequence[Factors], models: Mapping[str, nn.Module]) -> Changes:
    return Changes({(one.part, one.module): partial(_find_change, one, models) for one in factors})


@torch.no_grad()
def _find_change(factors: Factors, models: Mapping[str, nn.Module]) -> Tensor:
    return find_change(factors, _weight(models, factors))


def _describe(source: _Source, path: Path) -> dict[str, str]:
    said: Mapping[str, str] = source.adapter.metadata
    known = {
        key: value
        for key, value in said.items()
        if key not in ("format", "lora_adapter_metadata") and not key.startswith("sshs_")
    }
    return {
        **known,
        "base": said.get("base", source.base),
        "couturier": couturier_version(),
        **describe_adapter(source.factors, source.family, predicts=source.predicts),
        "ss_output_name": path.stem,
        "modelspec.title": path.stem,
    }


@torch.no_grad()
def _merge(source: _Source, pipeline: Any, path: Path, *, precision: str, scale: float) -> Export:
    """Write the whole base with the adapter's changes in its weights, and read them back."""
    models = source.models
    merge_factors(models, source.factors, scale=scale)
    merged = {(one.part, one.module): _weight(models, one).clone() for one in source.factors}
    with replace_folder_whole(path) as folder:
        pipeline.to(_DTYPES[precision]).save_pretrained(folder, safe_serialization=True)
        written = list_models(load_pipeline(str(folder), choose_placement("cpu"), safety=False))
        errors = {
            f"{one.part}.{one.module}": compare_changes(
                _weight(written, one), merged[one.part, one.module]
            )
            for one in source.factors
        }
        worst = max(errors, key=lambda name: errors[name])
        if errors[worst] > TOLERANCE:
            raise AdapterError(
                f"{path}: read back, {worst} differs by {errors[worst]:.1e} of its largest weight",
                fix="write it in full precision: --precision fp32",
            )
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Export(path, "merged", precision, len(merged), size, errors[worst], worst)


def _weight(models: Mapping[str, nn.Module], factors: Factors) -> Tensor:
    weight: Any = find_module(models, factors).weight
    return weight.detach()  # type: ignore[no-any-return]
