"""All six stages in their order, going on where a run stopped; the demo is such a run."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from couturier import pipeline
from couturier.errors import SettingsError
from couturier.files import (
    hash_file,
    hash_json,
    read_json,
    replace_folder_whole,
    write_json,
    write_text,
)
from couturier.pipeline import Given, Show
from couturier.runs import OnStep

if TYPE_CHECKING:  # at run time these load pydantic, and --help must answer at once
    from couturier.project import RunSettings
    from couturier.settings import Settings
    from couturier.train.settings import TrainSettings

Say = Callable[[str], None]

STATE_FILE = "run.json"
_PLAIN = "off"  # of `generate.faithful`: as plain diffusers draws


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
    for stage, title, draw, folder in work.list_drawings():
        progress.do(stage, f"3/5 drawing, {title}", draw, folder=folder)
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

    @property
    def plain(self) -> Path:
        return self.home / "looks" / f"{self.run.name}-plain"

    @property
    def faithful(self) -> str:
        return str(self.given.resolve("generate").faithful)

    def list_drawings(self) -> list[tuple[str, str, Callable[[OnStep], None], Path]]:
        """List what is drawn: stage, title, the work, its folder.

        Base and adapter are drawn plainly, so that they differ in the adapter alone; then the
        adapter as the settings ask, where that is more than plain.
        """
        looks = ("generate", "adapter", self.draw, self.looks)
        if not self.run.compare:
            return [looks]
        base = ("before", "base alone", self.draw_before, self.before)
        if self.faithful == _PLAIN:
            return [base, looks]
        return [base, ("plain", "adapter alone", self.draw_plain, self.plain), looks]

    def hash_data(self) -> str:
        from couturier.dataset.records import METADATA_FILE

        return hash_file(self.data / METADATA_FILE)

    def make_dataset(self, on_step: OnStep) -> None:
        source, images = self.home / self.run.product_data, self.home / self.run.images
        pipeline.dataset(source, images, self.data, given=self.given, on_step=on_step)

    def train(self, on_step: OnStep) -> None:
        resume = (self.model / "manifest.json").exists()
        pipeline.train(self.data, self.model, given=self.given, resume=resume, on_step=on_step)

    def draw_before(self, on_step: OnStep) -> None:
        self._draw(self.before, {"faithful": _PLAIN}, on_step)

    def draw_plain(self, on_step: OnStep) -> None:
        self._draw(self.plain, {"lora": (str(self.model),), "faithful": _PLAIN}, on_step)

    def draw(self, on_step: OnStep) -> None:
        self._draw(self.looks, {"lora": (str(self.model),)}, on_step)

    def _draw(self, out: Path, options: Mapping[str, Any], on_step: OnStep) -> None:
        trained: TrainSettings = self.given.resolve("train")
        given = replace(self.given, options={"base": trained.base, **options})
        file = self.home / self.run.prompts_file if self.run.prompts_file else None
        prompts = self.run.prompts or (() if file else pipeline.find_held_out_captions(self.data))
        pipeline.generate(prompts, file, out, given=given, resume=True, on_step=on_step)

    def evaluate(self, on_step: OnStep) -> None:
        against = [folder for *_, folder in self.list_drawings() if folder != self.looks]
        pipeline.evaluate(
            self.looks, against=against, train=self.data, given=self.given, on_step=on_step
        )

    def report(self) -> Path:
        return pipeline.report(
            self.looks,
            out=self.home / "report" / self.run.name,
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
        section = "generate" if stage in ("before", "plain") else stage
        names = [section] if stage == "train" else ["run", section]
        values = [self._settings[name] for name in names]
        dumped = [value.model_dump(mode="json") for value in values]
        self._former = hash_json([stage, dumped, facts, self._former])
        return self._former

    def _note(self, stage: str, fingerprint: str, status: str) -> None:
        self._state[stage] = {"fingerprint": fingerprint, "status": status}
        write_json(self._file, self._state)
