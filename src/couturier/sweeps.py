"""A sweep: one adapter drawn with several strengths and checkpoints, scored, and one chosen."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from couturier import pipeline
from couturier.pipeline import Given, Show

PLAIN: Mapping[str, Any] = {"faithful": "off"}
CHOICE_FOLDER = "choice"


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep draws.

    Attributes:
        model: The trained run.
        prompts: Sentences; where there are none and no file, captions held out of training.
        prompts_file: More sentences.
        strengths: Of the final adapter; checkpoints are drawn at 1.
        train: The data set, for likeness and copying.
        own_prompts: The base's own sentences, to see what was forgotten.
    """

    model: Path
    prompts: tuple[str, ...] = ()
    prompts_file: Path | None = None
    strengths: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25)
    train: Path | None = None
    own_prompts: Path | None = None


@dataclass(frozen=True)
class _Way:
    """One way to draw: its name, "base", "strength", "checkpoint" or "faithful", and options."""

    name: str
    group: str
    value: float
    options: Mapping[str, Any] = field(default_factory=dict)


def run_sweep(plan: SweepPlan, out: Path, *, given: Given, show: Show) -> dict[str, Any]:
    """Draw the same sentences and seeds in every way, score them, choose one.

    Args:
        plan: What to draw.
        out: Gets a looks folder a way, and sweep.json. Run again, it draws what is missing.
        given: Settings of drawing and scoring.
        show: Draws a progress bar.

    Raises:
        CouturierError: the run, a sentence or a setting will not do.
    """
    from couturier.evaluate.records import write_sweep
    from couturier.evaluate.sweep import Drawn, sum_up_sweep
    from couturier.generate.prompts import read_prompts

    if not plan.prompts and plan.prompts_file is None and plan.train is not None:
        plan = replace(plan, prompts=pipeline.find_held_out_captions(plan.train))
    n_prompts = len(read_prompts(plan.prompts, plan.prompts_file))  # refused before drawing
    base = _find_base(plan.model)
    drawn = []
    for way in _list_ways(plan, given):
        now = replace(given, options={"base": base, **given.options, **way.options})
        folder = out / way.name.replace(" ", "-").replace(",", "")
        _draw_and_score(folder, way.name, plan, now, show)
        kept = None
        if plan.own_prompts is not None:
            kept = folder.with_name(f"{folder.name}-own")
            own = replace(plan, prompts=(), prompts_file=plan.own_prompts)
            _draw_and_score(kept, f"{way.name}, own sentences", own, now, show)
        drawn.append(Drawn(way.name, way.group, way.value, folder, kept=kept))
    n_seeds = int(given.resolve("generate").count)
    result = sum_up_sweep(drawn, n_prompts=n_prompts, n_seeds=n_seeds)
    write_sweep(out, result)
    return asdict(result)


def choose_checkpoint(
    model: Path, train: Path, *, given: Given, show: Show
) -> tuple[dict[str, Any], Path]:
    """Choose a run's checkpoint by what its pictures show, and make it the final tensors.

    Captions held out of training are drawn plainly with the bare base and every checkpoint, with
    the same seeds, and scored. What decides is what decides in a sweep: faithfulness, then
    likeness to the catalogue; what copies is out.

    Args:
        model: The trained run; gets choice/, with the looks, and choice.json.
        train: Its data set.
        given: Settings of drawing and scoring.
        show: Draws a progress bar.

    Returns:
        The sweep, and the final tensors.
    """
    from couturier.train.records import adopt_checkpoint, read_run

    plain = replace(given, options={**given.options, **PLAIN})
    plan = SweepPlan(model=model, strengths=(), train=train)
    result = run_sweep(plan, model / CHOICE_FOLDER, given=plain, show=show)
    step = int(result["best"].rpartition(" ")[2])
    checkpoint = model / "checkpoints" / f"step-{step:06d}"
    weights = adopt_checkpoint(model, checkpoint, why=f"{result['best']}: {result['why']}")
    for one in read_run(model).manifest.get("exports", ())[1:]:  # the first is the tensors' own
        path = Path(one["path"])
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        pipeline.export(model, form=one["form"], out=path, base=None, precision="auto", scale=1.0)
    return result, weights


def _draw_and_score(folder: Path, title: str, plan: SweepPlan, given: Given, show: Show) -> None:
    with show(f"{title}: drawing") as on_step:
        pipeline.generate(
            plan.prompts, plan.prompts_file, folder, given=given, resume=True, on_step=on_step
        )
    scoring = replace(given, options={})
    with show(f"{title}: looking") as on_step:
        pipeline.evaluate(folder, against=(), train=plan.train, given=scoring, on_step=on_step)


def _list_ways(plan: SweepPlan, given: Given) -> list[_Way]:
    """List the ways to draw, the base alone first.

    Strengths and checkpoints are drawn plainly, so that they differ in the adapter only; at
    strength 1 the faithful way that the settings ask for is drawn as well.
    """
    ways = [_Way("base alone", "base", 0.0, PLAIN)]
    for strength in plan.strengths:
        options = {**PLAIN, "lora": (f"{plan.model}:{strength:g}",)}
        ways.append(_Way(f"strength {strength:g}", "strength", strength, options))
    faithful = given.resolve("generate").faithful
    if faithful != "off":
        options = {"lora": (str(plan.model),), "faithful": faithful}
        ways.append(_Way(f"strength 1, {faithful}", "faithful", 1.0, options))
    for folder in sorted((plan.model / "checkpoints").glob("step-*")):
        step = int(folder.name.rpartition("-")[2])
        ways.append(_Way(f"step {step}", "checkpoint", step, {**PLAIN, "lora": (str(folder),)}))
    return ways


def _find_base(model: Path) -> str:
    from couturier.train.records import read_run

    manifest = read_run(model).manifest
    settings = manifest.get("settings") or {}
    return str(manifest.get("base") or settings.get("base"))
