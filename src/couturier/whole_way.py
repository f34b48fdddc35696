"""All six stages in their order, going on where a run stopped; the demo is such a run."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
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
    for one in work.list_drawings():
        title = f"3/5 drawing, {one.title}"
        progress.do(one.stage, title, partial(work.draw, one), folder=one.folder)
    progress.do("evaluate", "4/5 looking", work.evaluate)
    say("5/5 report")
    return work.report()


@dataclass(frozen=True)
class _Drawing:
    """One folder of looks to draw.

    Attributes:
        stage: Its name in `run.json`.
        title: For the user.
        folder: Gets the looks.
        adapted: With the adapter, or with the base alone.
        plain: As plain diffusers draws, whatever the settings ask.
        own: The base's own sentences instead of the run's.
    """

    stage: str
    title: str
    folder: Path
    adapted: bool = True
    plain: bool = True
    own: bool = False


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

    def hash_data(self) -> str:
        from couturier.dataset.records import METADATA_FILE

        return hash_file(self.data / METADATA_FILE)

    def list_drawings(self) -> list[_Drawing]:
        """List what is drawn, the run's own looks last.

        Base and adapter are drawn plainly, so that they differ in the adapter alone; then the
        adapter as the settings ask, where that is more than plain.
        """
        looks = _Drawing("generate", "adapter", self.looks, plain=False)
        if not self.run.compare:
            return [looks]
        drawings = [_Drawing("before", "base alone", self._beside("before"), adapted=False)]
        if self.given.resolve("generate").faithful != _PLAIN:
            drawings.append(_Drawing("plain", "adapter alone", self._beside("plain")))
        if self.run.own_prompts:
            own = "what the base knew"
            before, after = self._beside("own-before"), self._beside("own")
            drawings.append(_Drawing("own before", own, before, adapted=False, own=True))
            drawings.append(_Drawing("own", f"{own}, adapter", after, own=True))
        return [*drawings, looks]

    def _beside(self, what: str) -> Path:
        return self.looks.with_name(f"{self.run.name}-{what}")

    def make_dataset(self, on_step: OnStep) -> None:
        source, named = self.home / self.run.product_data, self.run.images
        usual = pipeline.find_images(self.home, self.given)
        images = usual if named == pipeline.IMAGES else self.home / named
        pipeline.dataset(source, images, self.data, given=self.given, on_step=on_step)

    def train(self, on_step: OnStep) -> None:
        resume = (self.model / "manifest.json").exists()
        pipeline.train(self.data, self.model, given=self.given, resume=resume, on_step=on_step)

    def draw(self, one: _Drawing, on_step: OnStep) -> None:
        """Draw one folder of looks."""
        trained: TrainSettings = self.given.resolve("train")
        options: dict[str, Any] = {"base": trained.base}
        if one.adapted:
            options["lora"] = (str(self.model),)
        if one.plain:
            options["faithful"] = _PLAIN
        prompts, file = (self.run.own_prompts, None) if one.own else self._find_prompts()
        given = replace(self.given, options=options)
        pipeline.generate(prompts, file, one.folder, given=given, resume=True, on_step=on_step)

    def _find_prompts(self) -> tuple[tuple[str, ...], Path | None]:
        file = self.home / self.run.prompts_file if self.run.prompts_file else None
        if self.run.prompts or file:
            return self.run.prompts, file
        return pipeline.find_held_out_captions(self.data), None

    def evaluate(self, on_step: OnStep) -> None:
        *beside, _ = self.list_drawings()
        pipeline.evaluate(
            self.looks,
            against=[one.folder for one in beside if not one.own],
            kept=[one.folder for one in beside if one.own],
            train=self.data,
            given=self.given,
            on_step=on_step,
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
        section = stage if stage in self._settings else "generate"
        names = [section] if stage == "train" else ["run", section]
        values = [self._settings[name] for name in names]
        dumped = [value.model_dump(mode="json") for value in values]
        self._former = hash_json([stage, dumped, facts, self._former])
        return self._former

    def _note(self, stage: str, fingerprint: str, status: str) -> None:
        self._state[stage] = {"fingerprint": fingerprint, "status": status}
        write_json(self._file, self._state)
