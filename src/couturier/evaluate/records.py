"""What scoring leaves: a line of `scores.jsonl` a look, `summary.json` over all, `sweep.json`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from couturier.errors import LooksError
from couturier.files import read_json, read_json_lines, write_json, write_json_lines

SCORES_FILE = "scores.jsonl"
SUMMARY_FILE = "summary.json"
SWEEP_FILE = "sweep.json"
FORMAT = 1
_MEANS = ("text_image", "likeness", "kid", "cmmd", "diversity", "own_product")


@dataclass(frozen=True)
class Score:
    """What was measured on one look.

    Attributes:
        file: The picture's name in the looks folder.
        receipt: Colour receipt: one dictionary a garment asked for (see vision.records).
        text_image: Cosine of the vision-text embeddings of prompt and picture; None if unmeasured.
        faithful: True when every garment asked for is there in its colour; None when the
            prompt names no garment or a verdict is "unsure".
        comment: The measured comment of the results table, one plain sentence or two.
        extra: prompt and seed; "key", under which a second run knows it again; "pixels", the start
            of their hash; "likeness" and
            "nearest", the training picture most like it in colours and lines; "copy", the one
            whose lines it lies on best as {"of", "score", "mirrored", "copied"}; "safety", the
            verdict's word; "blocked"; "fault"; "notes", the comment without the garments' own
            sentences; "patterns", one dictionary a garment whose pattern is asked for (see
            vision.patterns).
    """

    file: str
    receipt: tuple[dict[str, Any], ...]
    text_image: float | None
    faithful: bool | None
    comment: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """How many of how many, with its 95 % interval (Wilson) in shares from 0 to 1."""

    right: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Mean:
    """A mean over `n` pictures with its 95 % bootstrap interval; None for fewer than two."""

    value: float
    n: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Measured:
    """What was measured over one folder of looks.

    Attributes:
        n_looks: Pictures scored.
        n_unsure: Of these, pictures with a garment that could not be judged; in no rate.
        n_plain: Pictures whose prompt names no garment, or that have none; in no rate.
        n_blocked: Pictures the safety checker withheld; measured on the original kept aside.
        n_faults: Pictures that could not be read.
        looks: Pictures in which every garment asked for is there in its colour.
        garments: Garments there in their colour, of those with a plain verdict.
        found: Garments there in whatever colour, of those that were looked for: their kinds.
        coloured: Of the garments found and judged, those in the colour asked for.
        patterns: Garments plain or patterned as asked, of those that could be told; None where
            no sentence names a pattern that can be seen.
        by_count: `looks` again, by the number of garments the prompt names.
        text_image: Cosine between prompt and picture.
        likeness: Likeness to the nearest training picture, 0 to 1.
        copies: Pictures that lie on a training picture, of those compared with the catalogue.
        closest: The highest copy score; at or over the threshold a picture is told as a copy.
        kid: Kernel distance to the catalogue, on the vision tower; lower is nearer.
        cmmd: CMMD to the catalogue; lower is nearer.
        fid: Fréchet distance; None below 10,000 pictures.
        precision: Share of looks that lie among the catalogue's pictures.
        recall: Share of the catalogue that lies among the looks.
        diversity: Distance (1 less cosine) of pictures of one prompt; n counts prompts.
        own_product: How much nearer pictures of a held-out product's caption are to that
            product's photograph than to other held-out ones (cosines); n counts products.
        safety: How many pictures had which safety verdict.
    """

    n_looks: int
    n_unsure: int
    n_plain: int
    n_blocked: int
    n_faults: int
    looks: Rate
    garments: Rate
    found: Rate
    by_count: dict[str, Rate]
    text_image: Mean | None
    likeness: Mean | None
    coloured: Rate | None = None
    patterns: Rate | None = None
    copies: Rate | None = None
    closest: float | None = None
    kid: Mean | None = None
    cmmd: Mean | None = None
    fid: float | None = None
    precision: float | None = None
    recall: float | None = None
    diversity: Mean | None = None
    own_product: Mean | None = None
    safety: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Paired:
    """The same prompts and seeds drawn twice: in how many pictures which side is right.

    Attributes:
        n: Pairs judged on both sides.
        both: Right on both sides.
        only_this: Right here, wrong there.
        only_other: Wrong here, right there.
        p_value: Exact McNemar test, two-sided: chance of a split as uneven or more if the two
            sides were equally good.
        text_image: Mean difference of the text-image cosine, this minus other.
        likeness: Mean difference of the likeness to the nearest training picture.
        n_drawn: Pairs drawn and read on both sides, judged or not.
        unchanged: Of these, pairs whose two pictures are the same, pixel by pixel.
    """

    n: int
    both: int
    only_this: int
    only_other: int
    p_value: float
    text_image: Mean | None
    likeness: Mean | None
    n_drawn: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Way:
    """One way to draw the same prompts and seeds.

    Attributes:
        name: As in "base", "LoRA" or "LoRA, faithful", told from what the pictures were drawn with.
        folder: Its looks.
        measured: Over them.
        step: This way against the one before it in the list; None for the first.
    """

    name: str
    folder: str
    measured: Measured
    step: Paired | None = None


@dataclass(frozen=True)
class FilterRate:
    """How the safety filter judges in one profile.

    Attributes:
        profile: As in "general".
        alarms: Photographs of the catalogue that it stops, all of them false alarms.
        blocked: Of these alarms, those that are blocked outright; the rest go to a person.
        looks: Verdicts of the looks, by name.
    """

    profile: str
    alarms: Rate
    blocked: int
    looks: dict[str, int]


@dataclass(frozen=True)
class Summary:
    """The verdict in figures.

    Attributes:
        measured: Over the looks.
        against: Folder of the looks compared with, as given; None without.
        other: Over those looks.
        paired: Over pictures of the same prompt and seed on both sides.
        train: The data set the likeness is measured to; None without.
        catalogue_likeness: Likeness of training pictures to their own nearest, for scale.
        judge: What measured: segmenter and its hash, vision tower, couturier's version.
        lines: The verdict in sentences; the first is the headline.
        ways: All ways drawn, from the first looks compared with to these; empty without any.
        kept: The base's own sentences drawn before and after, plainly: what was forgotten; empty
            where none were drawn.
        filter_rates: The safety filter by profile; empty where nobody asked it about the catalogue.
    """

    measured: Measured
    against: str | None = None
    other: Measured | None = None
    paired: Paired | None = None
    train: str | None = None
    catalogue_likeness: Mean | None = None
    judge: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    kept: tuple[Way, ...] = ()
    filter_rates: tuple[FilterRate, ...] = ()


@dataclass(frozen=True)
class Variant:
    """One way to draw, over all sentences and seeds of the sweep.

    Attributes:
        name: As in "strength 0.75" or "step 200".
        group: "strength", "checkpoint", "faithful" or "base".
        value: Strength or step; 0 for the base.
        folder: Its looks.
        looks: Pictures with every garment in its colour.
        garments: Garments there in their colour.
        likeness: To the nearest training picture; None without a data set.
        copies: Pictures that lie on a training picture; None without a data set.
        kept: Of the base's own sentences, pictures right; None where none were drawn.
        p_value: Exact McNemar test of `looks` against the best of its sweep.
    """

    name: str
    group: str
    value: float
    folder: str
    looks: Rate
    garments: Rate
    likeness: Mean | None = None
    copies: Rate | None = None
    kept: Rate | None = None
    p_value: float = 1.0


@dataclass(frozen=True)
class Sweep:
    """All variants, the chosen one and why.

    Attributes:
        variants: In the order drawn.
        best: Name of the chosen one.
        why: In a sentence or two.
        n_prompts: Sentences drawn with each.
        n_seeds: Seeds a sentence.
    """

    variants: tuple[Variant, ...]
    best: str
    why: str
    n_prompts: int
    n_seeds: int


def write_scores(folder: Path, scores: Iterable[Score]) -> None:
    """Write `scores.jsonl` into a looks folder, whole."""
    write_json_lines(folder / SCORES_FILE, (asdict(score) for score in scores))


def read_scores(folder: Path) -> Iterator[Score]:
    """Read `scores.jsonl` of a looks folder.

    Raises:
        LooksError: the looks have not been scored yet, or a line is no score.
    """
    path = _require(folder, SCORES_FILE)
    for line, row in read_json_lines(path):
        try:
            yield Score(**{**row, "receipt": tuple(row["receipt"])})
        except (TypeError, KeyError) as fault:
            raise _not_ours(f"{path}, line {line}", folder, fault) from fault


def write_summary(folder: Path, summary: Summary) -> None:
    """Write `summary.json` into a looks folder, whole."""
    write_json(folder / SUMMARY_FILE, {"format": FORMAT, **asdict(summary)})


def read_summary(folder: Path) -> Summary:
    """Read `summary.json` of a looks folder.

    Raises:
        LooksError: the looks have not been scored yet, or the file is no summary.
    """
    path = _require(folder, SUMMARY_FILE)
    row = read_json(path)
    try:
        other = row["other"]
        return Summary(
            measured=_to_measured(row["measured"]),
            against=row["against"],
            other=_to_measured(other) if other else None,
            paired=_to_paired(row["paired"]),
            train=row["train"],
            catalogue_likeness=_to_mean(row["catalogue_likeness"]),
            judge=row["judge"],
            lines=tuple(row["lines"]),
            ways=tuple(_to_way(way) for way in row.get("ways", ())),
            kept=tuple(_to_way(way) for way in row.get("kept", ())),
            filter_rates=tuple(
                FilterRate(**{**rate, "alarms": Rate(**rate["alarms"])})
                for rate in row.get("filter_rates", ())
            ),
        )
    except (TypeError, KeyError) as fault:
        raise _not_ours(str(path), folder, fault) from fault


def write_sweep(folder: Path, sweep: Sweep) -> None:
    """Write `sweep.json`, whole."""
    write_json(folder / SWEEP_FILE, {"format": FORMAT, **asdict(sweep)})


def read_sweep(folder: Path) -> Sweep:
    """Read `sweep.json`.

    Raises:
        LooksError: there is none, or it is not as `couturier sweep` writes it.
    """
    path = folder / SWEEP_FILE
    if not path.is_file():
        raise LooksError(
            f"{folder}: no sweep there (no {SWEEP_FILE})",
            fix="make one with `couturier sweep models/NAME --prompts FILE`",
        )
    row = read_json(path)
    try:
        return Sweep(
            variants=tuple(_to_variant(entry) for entry in row["variants"]),
            **{name: row[name] for name in ("best", "why", "n_prompts", "n_seeds")},
        )
    except (TypeError, KeyError) as fault:
        raise LooksError(
            f"{path}: not as `couturier sweep` writes it ({fault})",
            fix="remove the file and run the sweep again",
        ) from fault


def _to_measured(row: Mapping[str, Any]) -> Measured:
    rates = {name: Rate(**row[name]) for name in ("looks", "garments", "found")}
    by_count = {count: Rate(**rate) for count, rate in row["by_count"].items()}
    means = {name: _to_mean(row.get(name)) for name in _MEANS}
    maybe = {
        name: Rate(**row[name]) if row.get(name) else None
        for name in ("copies", "coloured", "patterns")
    }
    return Measured(**{**row, **rates, **means, **maybe, "by_count": by_count})


def _to_way(row: Mapping[str, Any]) -> Way:
    measured, step = _to_measured(row["measured"]), _to_paired(row["step"])
    return Way(**{**row, "measured": measured, "step": step})


def _to_paired(row: Mapping[str, Any] | None) -> Paired | None:
    if row is None:
        return None
    return Paired(**{**row, **{name: _to_mean(row[name]) for name in ("text_image", "likeness")}})


def _to_variant(row: Mapping[str, Any]) -> Variant:
    rates = {name: Rate(**row[name]) for name in ("looks", "garments")}
    maybe = {name: Rate(**row[name]) if row[name] else None for name in ("copies", "kept")}
    likeness = Mean(**row["likeness"]) if row["likeness"] else None
    return Variant(**{**row, **rates, **maybe, "likeness": likeness})


def _to_mean(row: Mapping[str, Any] | None) -> Mean | None:
    return Mean(**row) if row else None


def _require(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise LooksError(
            f"{folder}: not scored yet (no {name})",
            fix=f"run `couturier evaluate {folder}` first",
        )
    return path


def _not_ours(place: str, folder: Path, fault: Exception) -> LooksError:
    return LooksError(
        f"{place}: not as `couturier evaluate` writes it ({fault})",
        fix=f"remove the file and run `couturier evaluate {folder}` again",
    )
