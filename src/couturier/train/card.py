"""The model card: what the adapter is, what it learnt from, how to use it, what is forbidden."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open

from couturier.files import read_json_lines, write_text
from couturier.settings import to_toml
from couturier.train.curves import draw_curves, tell_curves
from couturier.train.licences import Licence, find_licence
from couturier.train.records import FINAL_FOLDER, METRICS_FILE, WEIGHTS_FILE
from couturier.train.settings import TrainSettings

CURVES_FILE = "curves.svg"

_CARD = """\
---
license: {licence_key}
base_model: {base}
library_name: diffusers
tags: [stable-diffusion, text-to-image, {method}, couturier]
---
# {name}

A {method} adapter for `{base}`, trained by couturier {version} in {step:,} steps of {batch}
on {n_train} pictures of a catalogue.

## Use

{usage}

## Data

{data}

## How it went

{told}

{curves}

{figures}

{samples}

## What is forbidden

{licence}

## Not known

What it draws was not judged here: `couturier evaluate` and `couturier report` do that, against the
bare base. An adapter shows what its catalogue shows; people, poses and places that are rare there
are drawn as the base draws them or worse.

## Files

{files}

## Settings

Trained on {device} in {precision}, base {base_hash}, {seconds}.

```toml
{settings}```
"""


def write_card(out: Path, settings: TrainSettings, manifest: Mapping[str, Any]) -> None:
    """Write the run's README.md and its curves from settings, manifest, metrics and samples.

    Args:
        out: The run folder.
        settings: As resolved.
        manifest: The facts that `manifest.json` holds.
    """
    metrics = [row for _, row in read_json_lines(out / METRICS_FILE)]
    curves = draw_curves(metrics)
    if curves:
        write_text(out / CURVES_FILE, curves)
    licence = find_licence(settings.base)
    exports = manifest.get("exports", [])
    method = _name_method(settings)
    text = _CARD.format(
        licence_key=licence.key,
        base=settings.base,
        name=out.resolve().name,
        method=method,
        version=manifest["couturier"],
        n_train=manifest["dataset"]["n_train"],
        step=manifest.get("step", settings.max_steps),
        batch=settings.batch_size * settings.gradient_accumulation,
        usage=_tell_usage(out, settings.base, method=method, exports=exports),
        data=_tell_data(out, manifest["dataset"]),
        told=tell_curves(metrics),
        curves=f"![Curves]({CURVES_FILE})" if curves else "",
        figures=_tabulate(metrics),
        samples=_show_samples(out, settings),
        licence=_tell_licence(licence),
        files=_list_files(out, exports),
        device=manifest["device"],
        precision=manifest["precision"],
        base_hash=f"`{manifest['base_hash'][:16]}`",
        seconds=_tell_seconds(manifest),
        settings=to_toml({"train": settings}),
    )
    write_text(out / "README.md", text)


def _name_method(settings: TrainSettings) -> str:
    return {"dora": "DoRA", "loha": "LoHa", "lokr": "LoKr"}.get(
        str(getattr(settings, "method", "lora")), "LoRA"
    )


def _tell_usage(out: Path, base: str, *, method: str, exports: Sequence[Mapping[str, Any]]) -> str:
    folder = f"{out.as_posix()}/{FINAL_FOLDER}"
    told = [f'```sh\ncouturier generate "..." --base {base} --lora {out.as_posix()}\n```']
    if method in ("LoRA", "DoRA"):
        told.append(
            "```python\nfrom diffusers import DiffusionPipeline\n\n"
            f'pipeline = DiffusionPipeline.from_pretrained("{base}")\n'
            f'pipeline.load_lora_weights("{folder}")\n```'
        )
    else:
        told.append(
            f"Plain diffusers has no loader for a {method}: `couturier export --format merged` "
            "makes a whole base of it."
        )
    kohya = [Path(export["path"]) for export in exports if export["form"].startswith("kohya")]
    told += [
        f"A1111, ComfyUI, Forge: copy `{path.relative_to(out).as_posix()}` to their LoRA folder, "
        f"then `<lora:{path.stem}:1>`."
        for path in kohya
        if path.is_relative_to(out)
    ]
    return "\n\n".join(told)


def _tell_data(out: Path, dataset: Mapping[str, Any]) -> str:
    told = (
        f"{dataset['n_train']} pictures to learn from, {dataset['n_held_out']} held out, from "
        f"`{dataset['folder']}` (hash `{dataset['hash'][:16]}`)."
    )
    trigger = _read_metadata(out / FINAL_FOLDER / WEIGHTS_FILE).get("trigger_words", "")
    if trigger:
        told += f" All captions have “{trigger}” in common: say it in a prompt."
    return told


def _tabulate(metrics: Sequence[Mapping[str, Any]]) -> str:
    rows = [row for row in metrics if row.get("held_out_loss") is not None]
    if not rows:
        return ""
    lines = ["| step | loss | held-out loss |", "|---|---|---|"]
    for row in rows:
        loss = "" if row["loss"] is None else f"{row['loss']:.4f}"
        lines.append(f"| {row['step']} | {loss} | {row['held_out_loss']:.4f} |")
    return "\n".join(lines)


def _show_samples(out: Path, settings: TrainSettings) -> str:
    samples = sorted((out / "samples").glob("step-*.jpg"))
    if not samples:
        return ""
    shown = dict.fromkeys((samples[0], samples[-1]))
    pictures = [f"![{sample.stem}](samples/{sample.name})" for sample in shown]
    return f"Drawn from “{settings.validation_prompt}”, first and last:\n\n" + "\n".join(pictures)


def _tell_licence(licence: Licence) -> str:
    if licence.key == "other":
        return (
            f"The base's licence: {licence.name}. It passes on to this adapter: read it before "
            "you use or share anything."
        )
    told = [f"The base is under the [{licence.name}]({licence.link}), which passes on to this one."]
    if licence.forbids:
        told.append("It forbids (in our words; the licence's own are binding):")
        told.append("\n".join(f"- {use}" for use in licence.forbids))
    else:
        told.append("It sets no limits of use.")
    told.append("It asks:\n\n" + "\n".join(f"- {duty}" for duty in licence.asks))
    told.append(
        "The catalogue's pictures and brand are its owner's; this card grants nothing of them."
    )
    return "\n\n".join(told)


def _list_files(out: Path, exports: Sequence[Mapping[str, Any]]) -> str:
    if not exports:
        return f"`{FINAL_FOLDER}/{WEIGHTS_FILE}`"
    lines = ["| file | form | precision | modules | difference from what was trained |"]
    lines.append("|---|---|---|---|---|")
    for export in exports:
        path = Path(export["path"])
        name = path.relative_to(out) if path.is_relative_to(out) else path
        lines.append(
            f"| `{name.as_posix()}` | {export['form']} | {export['precision']} | "
            f"{export['n_modules']} | {export['error']:.1e} |"
        )
    lines.append("\nEach was read back; the difference is the largest, as a share of its module's.")
    return "\n".join(lines)


def _tell_seconds(manifest: Mapping[str, Any]) -> str:
    seconds = manifest.get("seconds")
    if not seconds:
        return "in no time that was measured"
    return f"in {seconds / 60:.0f} minutes" if seconds >= 120 else f"in {seconds:.0f} seconds"


def _read_metadata(weights: Path) -> dict[str, str]:
    if not weights.is_file():
        return {}
    with safe_open(weights, framework="pt", device="cpu") as file:
        return dict(file.metadata() or {})
