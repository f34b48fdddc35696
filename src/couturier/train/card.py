"""The model card: what the adapter is, what it learnt from, how to use it, what is forbidden."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from couturier.files import read_json_lines, write_text
from couturier.settings import to_toml
from couturier.train.records import FINAL_FOLDER, METRICS_FILE
from couturier.train.settings import TrainSettings

# Bases whose licence is known; any other one's is asked of its own card.
_LICENCES = {
    "CompVis/stable-diffusion-v1-4": "creativeml-openrail-m",
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "creativeml-openrail-m",
    "stabilityai/stable-diffusion-2-1": "openrail++",
    "mini": "apache-2.0",
}
_FORBIDDEN = {
    "creativeml-openrail-m": "Its licence forbids, among others: breaking the law, exploiting or "
    "harming minors, false content meant to harm, defaming or harassing, and medical advice. These "
    "limits pass on to this adapter and to whoever is given it (Attachment A of the licence).",
    "openrail++": "Its licence forbids, among others: breaking the law, exploiting or harming "
    "minors, false content meant to harm, defaming or harassing, and medical advice. These limits "
    "pass on to this adapter and to whoever is given it.",
    "apache-2.0": "Its licence sets no limits of use.",
}

_CARD = """\
---
license: {licence}
base_model: {base}
library_name: diffusers
tags: [stable-diffusion, text-to-image, lora, couturier]
---
# {name}

A LoRA adapter for `{base}`, trained by couturier {version} on {n_train} pictures of a catalogue.

```python
pipeline = StableDiffusionPipeline.from_pretrained("{base}")
pipeline.load_lora_weights("{folder}/{final}")
```

## Data

{n_train} pictures to learn from, {n_held_out} held out, from `{dataset}` (hash `{dataset_hash}`).

## Licence of the base

{licence}. {forbidden}

## How it went

{figures}

{samples}

## Settings

```toml
{settings}```
"""


def write_card(out: Path, settings: TrainSettings, manifest: Mapping[str, Any]) -> None:
    """Write the run's README.md from its settings, manifest, metrics and samples.

    Args:
        out: The run folder.
        settings: As resolved.
        manifest: The facts that `manifest.json` holds.
    """
    licence = _LICENCES.get(settings.base, "other")
    data = manifest["dataset"]
    text = _CARD.format(
        name=out.resolve().name,
        base=settings.base,
        version=manifest["couturier"],
        folder=out.as_posix(),
        final=FINAL_FOLDER,
        licence=licence,
        forbidden=_FORBIDDEN.get(
            licence, "What it allows and forbids is written in the card of the base: read it."
        ),
        n_train=data["n_train"],
        n_held_out=data["n_held_out"],
        dataset=data["folder"],
        dataset_hash=data["hash"][:16],
        figures=_tabulate(out / METRICS_FILE),
        samples=_show_samples(out, settings),
        settings=to_toml({"train": settings}),
    )
    write_text(out / "README.md", text)


def _tabulate(metrics: Path) -> str:
    rows = [row for _, row in read_json_lines(metrics) if row["held_out_loss"] is not None]
    if not rows:
        return "No product was held out, so over-training cannot be seen in figures."
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
