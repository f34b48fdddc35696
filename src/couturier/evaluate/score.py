"""Score a folder of looks: receipts, comments, likeness; a second run scores only what is new."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from couturier.errors import CouturierError, LooksError
from couturier.evaluate.catalogue import Catalogue
from couturier.evaluate.comments import (
    judge_faithful,
    list_notes,
    tell_copy,
    tell_pattern,
    write_comment,
)
from couturier.evaluate.judges import Glance, Judges, load_judges
from couturier.evaluate.pictures import (
    Picture,
    UnreadablePictureError,
    list_pictures,
    open_picture,
)
from couturier.evaluate.records import (
    SCORES_FILE,
    Score,
    Summary,
    read_scores,
    read_summary,
    write_scores,
    write_summary,
)
from couturier.evaluate.safety import measure_filter
from couturier.evaluate.settings import EvaluateSettings
from couturier.evaluate.statistics import measure_mean
from couturier.evaluate.summary import measure_scores
from couturier.evaluate.vectors import Vector, read_vectors, write_vectors
from couturier.evaluate.verdict import write_verdict
from couturier.evaluate.ways import Side, compare_sides
from couturier.files import hash_file, hash_json
from couturier.garments.grammar import find_garments
from couturier.garments.palette import use_palette
from couturier.runs import OnStep
from couturier.vision.embeddings import EMBED_BATCH
from couturier.vision.patterns import judge_patterns
from couturier.vision.receipts import find_sightings
from couturier.vision.records import COPY_SCORE

_RULES = 4  # raise it when the rules of judging change, so that old scores are not reused


@dataclass(frozen=True)
class _Bench:
    """All that a score depends on beside the picture and its prompt."""

    judges: Judges
    catalogue: Catalogue | None
    copies: bool
    key: str


@dataclass(frozen=True)
class _Known:
    """What an earlier run left: scores and vectors by key."""

    scores: Mapping[str, Score]
    vectors: Mapping[str, Vector]


@dataclass(frozen=True)
class _Opened:
    """A picture to be scored, decoded."""

    picture: Picture
    image: Image.Image
    key: str


def score_looks(
    looks_dir: Path,
    *,
    against: Sequence[Path] = (),
    kept: Sequence[Path] = (),
    train: Path | None = None,
    settings: EvaluateSettings | None = None,
    on_step: OnStep | None = None,
) -> list[Score]:
    """Measure every picture of a looks folder and write `scores.jsonl` and `summary.json` into it.

    Args:
        looks_dir: Pictures that `couturier generate` drew; others lying there are scored with
            what is known of them.
        against: Other looks folders, of the same prompts and seeds: first the one to measure the
            change from, as the bare base's, then what lies between. All are scored as well, and
            compared pair by pair.
        kept: Two folders with the base's own sentences, drawn before and after training: what
            was forgotten.
        train: The data set folder, for the likeness to the catalogue.
        settings: Defaults where None.
        on_step: Called with (pictures done, pictures in all, what is being read).

    Returns:
        The scores of `looks_dir` in drawing order.

    Raises:
        LooksError: a folder holds no pictures, or one of `against` is `looks_dir` itself.
    """
    for other in against:
        if other.resolve() == looks_dir.resolve():
            raise LooksError(
                f"{other}: --against is the folder of looks itself",
                fix="give the folder of looks drawn by the base, or leave --against out",
            )
    listed = {folder: list_pictures(folder) for folder in (*kept, *against, looks_dir)}
    bench = _set_up(train, settings or EvaluateSettings(), on_step)
    sides = {
        folder: _score_side(folder, pictures, bench, on_step) for folder, pictures in listed.items()
    }
    for folder in (*kept, *against):
        write_summary(folder, _summarise([sides[folder]], train=train, bench=bench))
    known = compare_sides([sides[folder] for folder in kept]).ways if kept else ()
    summary = _summarise([sides[f] for f in (*against, looks_dir)], train=train, bench=bench)
    write_summary(looks_dir, _tell(replace(summary, kept=known)))
    return sides[looks_dir].scores


def summarise(looks_dir: Path, *, against: Path | None = None) -> dict[str, Any]:
    """Give the summary of scored looks as `summary.json` holds it.

    Raises:
        LooksError: not scored yet, or scored without `against`.
    """
    summary = read_summary(looks_dir)
    if against is not None and summary.against is None:
        raise LooksError(
            f"{looks_dir}: not compared with {against} yet",
            fix=f"run `couturier evaluate {looks_dir} --against {against}`",
        )
    return asdict(summary)


def _summarise(sides: Sequence[Side], *, train: Path | None, bench: _Bench) -> Summary:
    """Sum up the last folder's scores, beside the others where there are some."""
    own = bench.catalogue.index.own.tolist() if bench.catalogue else []
    return _tell(
        replace(
            compare_sides(sides),
            train=str(train) if train else None,
            catalogue_likeness=measure_mean(own),
            judge=bench.judges.facts,
            filter_rates=measure_filter(sides[-1].folder),
        )
    )


def _tell(summary: Summary) -> Summary:
    return replace(summary, lines=write_verdict(summary))


def _set_up(train: Path | None, settings: EvaluateSettings, on_step: OnStep | None) -> _Bench:
    judges = load_judges(settings)
    catalogue = None
    if train is not None:
        tower_hash = judges.facts["vision_tower_hash"] if judges.tower else None
        catalogue = Catalogue(
            train, settings, tower=judges.tower, tower_hash=tower_hash, on_step=on_step
        )
    facts = [_RULES, judges.facts, catalogue.key if catalogue else None, settings.copies]
    return _Bench(judges, catalogue, settings.copies, key=hash_json(facts))


def _score_side(
    folder: Path, pictures: list[Picture], bench: _Bench, on_step: OnStep | None
) -> Side:
    known = _Known(_read_known(folder), read_vectors(folder))
    scores: list[Score] = []
    vectors: dict[str, Vector] = {}
    for start in range(0, len(pictures), EMBED_BATCH):
        for score, vector in _score_batch(pictures[start : start + EMBED_BATCH], bench, known):
            scores.append(score)
            if vector is not None:
                vectors[str(score.extra["key"])] = vector
            if on_step:
                on_step(len(scores), len(pictures), folder.name)
    write_scores(folder, scores)
    write_vectors(folder, vectors)
    measured = measure_scores(scores, vectors=vectors, catalogue=bench.catalogue)
    return Side(folder, scores, measured)


def _read_known(folder: Path) -> dict[str, Score]:
    """Read earlier scores by key; a file that cannot be read only means scoring anew."""
    if not (folder / SCORES_FILE).is_file():
        return {}
    try:
        return {str(score.extra.get("key")): score for score in read_scores(folder)}
    except CouturierError:
        return {}


def _score_batch(
    pictures: Sequence[Picture], bench: _Bench, known: _Known
) -> Iterator[tuple[Score, Vector | None]]:
    """Score some pictures in their order; only those that are new are opened."""
    opened = [_open(picture, bench, known) for picture in pictures]
    new = [one for one in opened if isinstance(one, _Opened)]
    glances = iter(
        bench.judges.look([one.image for one in new], [one.picture.prompt for one in new])
    )
    for one in opened:
        if isinstance(one, _Opened):
            glance = next(glances)
            yield _measure(one, glance, bench), glance.vector
        else:
            yield one, known.vectors.get(str(one.extra.get("key")))


def _open(picture: Picture, bench: _Bench, known: _Known) -> "_Opened | Score":
    """Open a picture to be scored; give the score where it is known or cannot be had."""
    if not picture.path.is_file():
        return _tell_fault(picture, "the file is not there")
    facts = [hash_file(picture.path), picture.file, picture.prompt, picture.seed, picture.safety]
    key = hash_json([bench.key, *facts, *([picture.palette] if picture.palette else [])])
    if key in known.scores and (bench.judges.tower is None or key in known.vectors):
        return known.scores[key]
    try:
        return _Opened(picture, open_picture(picture.path), key)
    except UnreadablePictureError as fault:
        return _tell_fault(picture, str(fault))


def _measure(opened: _Opened, glance: Glance, bench: _Bench) -> Score:
    picture, image = opened.picture, opened.image
    use_palette(picture.palette)
    garments = find_garments(picture.prompt) if picture.prompt else []
    sightings = find_sightings(image, garments, bench.judges.segmenter)
    receipt = [one.receipt for one in sightings]
    patterns = judge_patterns(image, garments, sightings)
    pixels = hashlib.sha256(image.tobytes()).hexdigest()[:16]
    extra = _know(picture) | {"key": opened.key, "pixels": pixels} | _compare(image, bench)
    notes = [*list_notes(receipt, picture.safety), *map(tell_pattern, patterns)]
    comment = " ".join([write_comment(receipt, picture.safety), *map(tell_pattern, patterns)])
    if picture.prompt is None:
        comment = "No prompt is known of this picture, so nothing was asked of it."
        notes = [comment]
    if copy := extra.get("copy"):
        told = tell_copy(copy)
        comment, notes = " ".join([comment, *told]), [*notes, *told]
    if patterns:
        extra["patterns"] = [one.as_dict() for one in patterns]
    return Score(
        file=picture.file,
        receipt=tuple(entry.as_dict() for entry in receipt),
        text_image=glance.text_image,
        faithful=judge_faithful(receipt),
        comment=comment,
        extra=extra | {"notes": notes},
    )


def _compare(image: Image.Image, bench: _Bench) -> dict[str, Any]:
    """Compare a picture with the training pictures; {} without any."""
    if bench.catalogue is None or not bench.catalogue.index.files:
        return {}
    nearest, likeness = bench.catalogue.index.find_nearest(image)
    found: dict[str, Any] = {"nearest": nearest, "likeness": round(likeness, 4)}
    match = bench.catalogue.copies.find(image) if bench.copies else None
    if match is not None:
        found["copy"] = {
            "of": match.name,
            "score": round(match.score, 4),
            "mirrored": match.mirrored,
            "copied": match.score >= COPY_SCORE,
        }
    return found


def _tell_fault(picture: Picture, fault: str) -> Score:
    comment = f"This picture could not be read: {fault}."
    return Score(
        file=picture.file,
        receipt=(),
        text_image=None,
        faithful=None,
        comment=comment,
        extra=_know(picture) | {"fault": fault, "notes": [comment]},
    )


def _know(picture: Picture) -> dict[str, Any]:
    return {
        "prompt": picture.prompt,
        "seed": picture.seed,
        "safety": picture.safety.get("verdict"),
        "blocked": picture.safety.get("verdict") == "block",
    }
