"""Score a folder of looks: receipts, comments, likeness; a second run scores only what is new."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from couturier.errors import CouturierError, LooksError
from couturier.evaluate.catalogue import Catalogue
from couturier.evaluate.comments import judge_faithful, list_notes, tell_copy, write_comment
from couturier.evaluate.judges import Judges, load_judges
from couturier.evaluate.pictures import (
    Picture,
    UnreadablePictureError,
    list_pictures,
    open_picture,
)
from couturier.evaluate.records import (
    SCORES_FILE,
    Measured,
    Score,
    Summary,
    read_scores,
    read_summary,
    write_scores,
    write_summary,
)
from couturier.evaluate.settings import EvaluateSettings
from couturier.evaluate.statistics import measure_mean
from couturier.evaluate.summary import measure_scores, pair_up
from couturier.evaluate.vectors import Vector, read_vectors, write_vectors
from couturier.evaluate.verdict import write_verdict
from couturier.files import hash_file, hash_json
from couturier.garments.grammar import find_garments
from couturier.garments.palette import use_palette
from couturier.runs import OnStep
from couturier.vision.receipts import read_receipt
from couturier.vision.records import COPY_SCORE

_RULES = 3  # raise it when the rules of judging change, so that old scores are not reused


@dataclass(frozen=True)
class _Bench:
    """All that a score depends on beside the picture and its prompt."""

    judges: Judges
    catalogue: Catalogue | None
    copies: bool
    key: str


@dataclass(frozen=True)
class _Scored:
    """A folder's scores with the tower's vectors by score key."""

    scores: list[Score]
    vectors: dict[str, Vector]


def score_looks(
    looks_dir: Path,
    *,
    against: Path | None = None,
    train: Path | None = None,
    settings: EvaluateSettings | None = None,
    on_step: OnStep | None = None,
) -> list[Score]:
    """Measure every picture of a looks folder and write `scores.jsonl` and `summary.json` into it.

    Args:
        looks_dir: Pictures that `couturier generate` drew; others lying there are scored with
            what is known of them.
        against: Another looks folder, of the same prompts and seeds, as from the bare base; it is
            scored as well, and the two are compared pair by pair.
        train: The data set folder, for the likeness to the catalogue.
        settings: Defaults where None.
        on_step: Called with (pictures done, pictures in all, what is being read).

    Returns:
        The scores of `looks_dir` in drawing order.

    Raises:
        LooksError: a folder holds no pictures, or `against` is `looks_dir` itself.
    """
    if against is not None and against.resolve() == looks_dir.resolve():
        raise LooksError(
            f"{against}: --against is the folder of looks itself",
            fix="give the folder of looks drawn by the base, or leave --against out",
        )
    folders = [looks_dir] if against is None else [looks_dir, against]
    listed = [list_pictures(folder) for folder in folders]
    bench = _set_up(train, settings or EvaluateSettings(), on_step)
    scored = [
        _score_folder(folder, pictures, bench, on_step)
        for folder, pictures in zip(folders, listed, strict=True)
    ]
    measured = [
        measure_scores(done.scores, vectors=done.vectors, catalogue=bench.catalogue)
        for done in scored
    ]
    sides = [done.scores for done in scored]
    for place, folder in reversed(list(enumerate(folders))):
        write_summary(
            folder, _summarise(measured[place:], sides[place:], against, train=train, bench=bench)
        )
    return sides[0]


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


def _summarise(
    measured: list[Measured],
    scored: list[list[Score]],
    against: Path | None,
    *,
    train: Path | None,
    bench: _Bench,
) -> Summary:
    """Sum up the first list of scores, beside the second where there is one."""
    pair = len(scored) > 1
    own = bench.catalogue.index.own.tolist() if bench.catalogue else []
    summary = Summary(
        measured=measured[0],
        against=str(against) if pair else None,
        other=measured[1] if pair else None,
        paired=pair_up(*scored) if pair else None,
        train=str(train) if train else None,
        catalogue_likeness=measure_mean(own),
        judge=bench.judges.facts,
    )
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


def _score_folder(
    folder: Path, pictures: list[Picture], bench: _Bench, on_step: OnStep | None
) -> _Scored:
    known, known_vectors = _read_known(folder), read_vectors(folder)
    scores, vectors = [], {}
    for done, picture in enumerate(pictures, start=1):
        score, vector = _score_picture(picture, bench, known, known_vectors)
        scores.append(score)
        if vector is not None:
            vectors[str(score.extra["key"])] = vector
        if on_step:
            on_step(done, len(pictures), folder.name)
    write_scores(folder, scores)
    write_vectors(folder, vectors)
    return _Scored(scores, vectors)


def _read_known(folder: Path) -> dict[str, Score]:
    """Read earlier scores by key; a file that cannot be read only means scoring anew."""
    if not (folder / SCORES_FILE).is_file():
        return {}
    try:
        return {str(score.extra.get("key")): score for score in read_scores(folder)}
    except CouturierError:
        return {}


def _score_picture(
    picture: Picture,
    bench: _Bench,
    known: Mapping[str, Score],
    vectors: Mapping[str, Vector],
) -> tuple[Score, Vector | None]:
    if not picture.path.is_file():
        return _tell_fault(picture, "the file is not there"), None
    facts = [hash_file(picture.path), picture.file, picture.prompt, picture.seed, picture.safety]
    key = hash_json([bench.key, *facts, *([picture.palette] if picture.palette else [])])
    if key in known and (bench.judges.tower is None or key in vectors):
        return known[key], vectors.get(key)
    try:
        image = open_picture(picture.path)
    except UnreadablePictureError as fault:
        return _tell_fault(picture, str(fault)), None
    tower = bench.judges.tower
    return _measure(picture, image, bench=bench, key=key), tower.embed([image])[
        0
    ] if tower else None


def _measure(picture: Picture, image: Image.Image, *, bench: _Bench, key: str) -> Score:
    use_palette(picture.palette)
    garments = find_garments(picture.prompt) if picture.prompt else []
    receipt = read_receipt(image, garments, bench.judges.segmenter)
    pixels = hashlib.sha256(image.tobytes()).hexdigest()[:16]
    extra = _know(picture) | {"key": key, "pixels": pixels} | _compare(image, bench)
    comment, notes = write_comment(receipt, picture.safety), list_notes(receipt, picture.safety)
    if picture.prompt is None:
        comment = "No prompt is known of this picture, so nothing was asked of it."
        notes = [comment]
    if copy := extra.get("copy"):
        told = tell_copy(copy)
        comment, notes = " ".join([comment, *told]), [*notes, *told]
    return Score(
        file=picture.file,
        receipt=tuple(entry.as_dict() for entry in receipt),
        text_image=bench.judges.measure_text_image(image, picture.prompt),
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
