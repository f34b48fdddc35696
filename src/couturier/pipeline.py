"""The stages and what stands beside them: each by itself, loaded when it is called."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from couturier.runs import OnStep

if TYPE_CHECKING:  # at run time these load pydantic, and --help must answer at once
    from couturier.dataset.check import CatalogueCheck
    from couturier.dataset.settings import DatasetSettings
    from couturier.evaluate.settings import EvaluateSettings
    from couturier.generate.settings import GenerateSettings
    from couturier.settings import Settings
    from couturier.train.settings import TrainSettings

Show = Callable[[str], AbstractContextManager[OnStep]]

IMAGES = Path("data/images")
N_HELD_OUT_PROMPTS = 8


@dataclass(frozen=True)
class Given:
    """What the user gave: a settings file, `--set` strings, and options by name."""

    config: Path | None = None
    sets: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, section: str) -> Any:
        """Resolve one section's settings, an instance of its model; see `project.SECTIONS`."""
        from couturier.project import SECTIONS
        from couturier.settings import read_settings

        return read_settings(
            SECTIONS[section],
            section,
            sections=SECTIONS,
            file=self.config,
            sets=self.sets,
            options=self.options,
        )

    def resolve_all(self) -> "dict[str, Settings]":
        """Resolve every section, so that a fault in any is told before work begins."""
        from couturier.project import SECTIONS

        return {section: self.resolve(section) for section in SECTIONS}


def check(
    product_data: Path,
    images: Path | None,
    *,
    given: Given,
    on_step: OnStep,
    page: Path | None = None,
) -> "CatalogueCheck":
    """Read a catalogue and judge it: rows with caption and garments, all faults, and a page."""
    from couturier.dataset.check import check_catalogue
    from couturier.dataset.page import write_check_page

    settings: DatasetSettings = given.resolve("dataset")
    result = check_catalogue(product_data, images=images, settings=settings, on_step=on_step)
    if page is not None:
        write_check_page(product_data, result, out=page)
    return result


def dataset(
    product_data: Path, images: Path | None, out: Path, *, given: Given, on_step: OnStep
) -> dict[str, Any]:
    """Make a data set folder; gives its summary. Without `images` all pictures are downloaded."""
    from couturier.dataset.build import build_dataset

    settings: DatasetSettings = given.resolve("dataset")
    summary = build_dataset(
        product_data, images=images, out=out, settings=settings, on_step=on_step
    )
    return summary.as_dict()


def find_images(home: Path, given: Given) -> Path | None:
    """Give the usual images folder under `home`; None where downloading makes up for it."""
    settings: DatasetSettings = given.resolve("dataset")
    images = home / IMAGES
    return None if settings.download and not images.is_dir() else images


def train(
    dataset_dir: Path,
    out: Path,
    *,
    given: Given,
    resume: bool,
    on_step: OnStep,
    allow_changes: bool = False,
) -> dict[str, Any]:
    """Train an adapter; gives where its weights are and what the run says of itself."""
    from couturier.train.run import train_adapter

    settings: TrainSettings = given.resolve("train")
    run = train_adapter(
        dataset_dir,
        out=out,
        settings=settings,
        resume=resume,
        allow_changes=allow_changes,
        on_step=on_step,
    )
    return {"weights": str(run.weights), "base": settings.base, "manifest": run.manifest}


def export(
    run: Path, *, form: str, out: Path | None, base: str | None, precision: str, scale: float
) -> dict[str, Any]:
    """Write an adapter for another tool; gives where it is and how exact."""
    from couturier.train.export import export_adapter

    written = export_adapter(run, form=form, out=out, base=base, precision=precision, scale=scale)
    return written.as_dict()


def train_together(arguments: Sequence[str], n_processes: int) -> int:
    """Run `couturier ARGUMENTS` as several processes that train together; gives the status."""
    from couturier.train.launch import run_together

    return run_together([sys.executable, "-m", "couturier", *arguments], n_processes)


def plan_training(dataset_dir: Path, out: Path, *, given: Given) -> dict[str, Any]:
    """Say what a training run would take, before any weights load."""
    from couturier.train.plan import plan_run

    plan = plan_run(dataset_dir, out=out, settings=given.resolve("train"))
    return {**asdict(plan), "lines": plan.lines}


def generate(
    prompts: Sequence[str],
    prompts_file: Path | None,
    out: Path,
    *,
    given: Given,
    resume: bool,
    on_step: OnStep,
    grid: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Draw looks; gives one dictionary a picture, as `looks.jsonl` holds it."""
    from couturier.generate.draw import render_looks
    from couturier.generate.grid import read_axes, render_grid
    from couturier.generate.prompts import read_prompts

    settings: GenerateSettings = given.resolve("generate")
    rows = read_prompts(prompts, prompts_file)
    if grid:
        axes = read_axes(grid)
        looks, _ = render_grid(rows, axes, out=out, settings=settings, on_step=on_step)
        return [asdict(look) for look in looks]
    looks = render_looks(rows, out=out, settings=settings, resume=resume, on_step=on_step)
    return [asdict(look) for look in looks]


def evaluate(
    looks_dir: Path,
    *,
    against: Sequence[Path],
    train: Path | None,
    given: Given,
    on_step: OnStep,
    kept: Sequence[Path] = (),
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Score looks; gives one dictionary a look and the summary with its intervals."""
    from couturier.evaluate.records import read_summary
    from couturier.evaluate.score import score_looks
    from couturier.generate.audit import audit_filter

    settings: EvaluateSettings = given.resolve("evaluate")
    if train is not None and settings.safety_pictures:
        audit_filter(looks_dir, train, most=settings.safety_pictures, on_step=on_step)
    scores = score_looks(
        looks_dir, against=against, kept=kept, train=train, settings=settings, on_step=on_step
    )
    return [asdict(score) for score in scores], asdict(read_summary(looks_dir))


def report(
    looks_dir: Path,
    *,
    out: Path | None = None,
    against: Path | None = None,
    run: Path | None = None,
    train: Path | None = None,
    sweep: Path | None = None,
) -> Path:
    """Write the report of scored looks; gives the page."""
    from couturier.report.write import write_report

    target = out or Path("report") / looks_dir.resolve().name
    return write_report(
        looks_dir,
        out=target,
        against=against,
        run_dir=run,
        dataset_dir=train,
        sweep_dir=sweep,
    )


def find_held_out_captions(train: Path) -> tuple[str, ...]:
    """Find the captions of the first eight products held out of training."""
    from couturier.dataset.records import HELD_OUT, read_items

    items = [item for item in read_items(train) if item.split == HELD_OUT]
    return tuple(dict.fromkeys(item.text for item in items))[:N_HELD_OUT_PROMPTS]


def sheet(looks_dir: Path, *, out: Path | None, columns: int, paper: str, title: str) -> list[Path]:
    """Lay looks out on pages; gives the files."""
    from couturier.report.sheet import write_sheet

    target = out or Path("report") / looks_dir.resolve().name / "sheet.pdf"
    return write_sheet(looks_dir, target, columns=columns, paper=paper, title=title)


def replay(image: Path, *, on_step: OnStep) -> dict[str, Any]:
    """Draw a picture again from its own metadata; says equal, or each difference."""
    from couturier.generate.replay import replay_image

    return asdict(replay_image(image, on_step=on_step))


def colourways(
    image: Path, colours: Sequence[str], *, out: Path, kind: str | None, on_step: OnStep
) -> list[dict[str, Any]]:
    """Write a look in other colours; gives one dictionary a picture."""
    from couturier.generate.colourways import write_colourways

    looks = write_colourways(image, colours, out=out, kind=kind, on_step=on_step)
    return [asdict(look) for look in looks]


def doctor() -> dict[str, Any]:
    """Tell what this machine has and what will run on it."""
    from couturier.diffusion.machine import describe_machine, list_bases
    from couturier.runs import list_versions

    return {**describe_machine(), "versions": list_versions(), "bases": list_bases()}
