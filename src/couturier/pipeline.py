"""The six stages: each by itself, and all in their order, going on where a run stopped."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from couturier.errors import SettingsError
from couturier.files import (
    hash_file,
    hash_json,
    read_json,
    replace_folder_whole,
    write_json,
    write_text,
)
from couturier.runs import OnStep

if TYPE_CHECKING:  # at run time these load pydantic, and --help must answer at once
    from couturier.dataset.check import CatalogueCheck
    from couturier.dataset.settings import DatasetSettings
    from couturier.evaluate.settings import EvaluateSettings
    from couturier.generate.settings import GenerateSettings
    from couturier.project import RunSettings
    from couturier.settings import Settings
    from couturier.train.settings import TrainSettings

Show = Callable[[str], AbstractContextManager[OnStep]]
Say = Callable[[str], None]

STATE_FILE = "run.json"
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
    """Make a data set folder; gives its summary."""
    from couturier.dataset.build import build_dataset

    settings: DatasetSettings = given.resolve("dataset")
    if settings.download and images is not None and str(images) == "data/images":
        images = images if images.is_dir() else None  # the default need not be there then
    summary = build_dataset(
        product_data, images=images, out=out, settings=settings, on_step=on_step
    )
    return summary.as_dict()


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
    looks_dir: Path, *, against: Path | None, train: Path | None, given: Given, on_step: OnStep
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Score looks; gives one dictionary a look and the summary with its intervals."""
    from couturier.evaluate.records import read_summary
    from couturier.evaluate.score import score_looks

    settings: EvaluateSettings = given.resolve("evaluate")
    scores = score_looks(
        looks_dir, against=against, train=train, settings=settings, on_step=on_step
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


def demo(out: Path, *, given: Given, show: Show, say: Say) -> Path:
    """Run all six stages on the sample brand and the embedded base, offline.

    Args:
        out: Gets a copy of the sample shop's files under data/, its couturier.toml, and every
            stage's folder.
        given: `--set` strings on top of the demo's settings.
        show: Draws a progress bar.
        say: Tells the user a line.
    """
    from couturier.sample.locate import find_sample

    sample = find_sample()
    if not (out / "couturier.toml").exists():
        with replace_folder_whole(out / "data") as data:
            shutil.copy(sample / "product_data.json", data)
            shutil.copytree(sample / "images", data / "images")
        write_text(out / "couturier.toml", (sample / "couturier.toml").read_text(encoding="utf-8"))
    return run_all(out, given=replace(given, config=out / "couturier.toml"), show=show, say=say)


def run_all(home: Path, *, given: Given, show: Show, say: Say) -> Path:
    """Run the six stages in `home`; what is done and unchanged is not done again.

    Args:
        home: The folder of the settings file; the stages' folders stand in it.
        given: The settings file and `--set` strings.
        show: Draws a progress bar.
        say: Tells the user a line.

    Returns:
        The report's page.

    Raises:
        SettingsError: settings changed after a folder was filled with the former ones.
        CouturierError: whatever a stage refuses.
    """
    settings = given.resolve_all()
    work = _Run(home, given, given.resolve("run"))
    progress = _Progress(home / STATE_FILE, settings, show, say)
    with show("1/5 data set") as on_step:  # always: it takes over finished pictures by itself
        work.make_dataset(on_step)
    progress.do("train", "2/5 training", work.train, folder=work.model, facts=work.hash_data())
    if work.run.compare:
        progress.do("before", "3/5 drawing, base alone", work.draw_before, folder=work.before)
    progress.do("generate", "3/5 drawing, adapter", work.draw, folder=work.looks)
    progress.do("evaluate", "4/5 looking", work.evaluate)
    say("5/5 report")
    return work.report()


@dataclass(frozen=True)
class _Run:
    """One `couturier run`: its folders, and each stage called with them."""

    home: Path
    given: Given
    run: "RunSettings"

    @property
    def data(self) -> Path:
        return self.home / "data/compressed_images"

    @property
    def model(self) -> Path:
        return self.home / "models" / self.run.name

    @property
    def looks(self) -> Path:
        return self.home / "looks" / self.run.name

    @property
    def before(self) -> Path:
        return self.home / "looks" / f"{self.run.name}-before"

    def hash_data(self) -> str:
        from couturier.dataset.records import METADATA_FILE

        return hash_file(self.data / METADATA_FILE)

    def make_dataset(self, on_step: OnStep) -> None:
        source, images = self.home / self.run.product_data, self.home / self.run.images
        dataset(source, images, self.data, given=self.given, on_step=on_step)

    def train(self, on_step: OnStep) -> None:
        resume = (self.model / "manifest.json").exists()
        train(self.data, self.model, given=self.given, resume=resume, on_step=on_step)

    def draw_before(self, on_step: OnStep) -> None:
        self._draw(self.before, {}, on_step)

    def draw(self, on_step: OnStep) -> None:
        self._draw(self.looks, {"lora": (str(self.model),)}, on_step)

    def _draw(self, out: Path, lora: Mapping[str, Any], on_step: OnStep) -> None:
        trained: TrainSettings = self.given.resolve("train")
        given = replace(self.given, options={"base": trained.base, **lora})
        file = self.home / self.run.prompts_file if self.run.prompts_file else None
        prompts = self.run.prompts or (() if file else find_held_out_captions(self.data))
        generate(prompts, file, out, given=given, resume=True, on_step=on_step)

    def evaluate(self, on_step: OnStep) -> None:
        against = self.before if self.run.compare else None
        evaluate(self.looks, against=against, train=self.data, given=self.given, on_step=on_step)

    def report(self) -> Path:
        return report(
            self.looks,
            out=self.home / "report" / self.run.name,
            against=self.before if self.run.compare else None,
            run=self.model,
            train=self.data,
        )


class _Progress:
    """Which stages are done, from which settings: kept in `run.json` beside the settings file."""

    def __init__(
        self, file: Path, settings: "Mapping[str, Settings]", show: Show, say: Say
    ) -> None:
        self._file = file
        self._settings = settings
        self._show = show
        self._say = say
        self._state: dict[str, dict[str, str]] = read_json(file) if file.is_file() else {}
        self._former = ""  # fingerprint of the stages before: a change there is one here

    def do(
        self,
        stage: str,
        title: str,
        work: Callable[[OnStep], None],
        *,
        folder: Path | None = None,
        facts: str = "",
    ) -> None:
        """Do `work` unless it was done from the same settings and stages before."""
        fingerprint = self._fingerprint(stage, facts)
        known = self._state.get(stage, {})
        same = known.get("fingerprint") == fingerprint
        if same and known.get("status") == "done" and (folder is None or folder.is_dir()):
            self._say(f"{title}: done before")
            return
        if known and not same and folder and folder.is_dir():
            raise SettingsError(
                f"{folder}: was made from other settings or another data set",
                fix="give run.name another name, or move that folder away",
            )
        self._note(stage, fingerprint, "running")
        with self._show(title) as on_step:
            work(on_step)
        self._note(stage, fingerprint, "done")

    def _fingerprint(self, stage: str, facts: str) -> str:
        section = "generate" if stage == "before" else stage
        names = [section] if stage == "train" else ["run", section]
        values = [self._settings[name] for name in names]
        dumped = [value.model_dump(mode="json") for value in values]
        self._former = hash_json([stage, dumped, facts, self._former])
        return self._former

    def _note(self, stage: str, fingerprint: str, status: str) -> None:
        self._state[stage] = {"fingerprint": fingerprint, "status": status}
        write_json(self._file, self._state)
