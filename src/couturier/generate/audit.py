"""How often the safety filter is wrong: what it says of the catalogue's own photographs.

Nobody has to be kept from seeing what the shop shows, so whatever is stopped there is a false
alarm. Each picture is asked about once; the profiles only judge the answers differently.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPImageProcessor

from couturier.dataset.records import read_items
from couturier.diffusion.bases import find_base
from couturier.files import hash_file, hash_json
from couturier.generate.opinions import (
    PROFILES,
    SECOND_NAME,
    SecondChecker,
    load_second,
    settle,
)
from couturier.generate.records import (
    LOOKS_FILE,
    PASS,
    Look,
    SafetyAudit,
    find_original,
    read_audit,
    read_looks,
    write_audit,
)
from couturier.generate.safety import Verdict, judge_picture
from couturier.runs import OnStep
from couturier.seeds import derive_seed

GENERAL = "general"
_RULES = 1  # raise it when the rules of judging change, so that an old audit is made anew
_SHOWN = 12

First = Callable[[Image.Image], Verdict]


@dataclass(frozen=True)
class _Desk:
    """Both checkers, loaded."""

    first: First
    second: SecondChecker | None

    def judge(self, image: Image.Image) -> dict[str, Verdict]:
        """Judge a picture in every profile."""
        first = self.first(image)
        second = _ask_once(self.second, image) if self.second else None
        return {
            name: settle(first, image, profile=profile, second=second)
            for name, profile in PROFILES.items()
        }


def audit_filter(
    looks_dir: Path, data: Path, *, most: int, on_step: OnStep | None = None
) -> SafetyAudit | None:
    """Ask the checkers about catalogue and looks, and write `safety-audit.json` beside the looks.

    Args:
        looks_dir: Looks; their record names the base, whose checker is asked.
        data: The data set: its photographs are harmless, so each one stopped is a false alarm.
        most: Photographs asked about, at most; a seeded draw where there are more.
        on_step: Told the pictures done.

    Returns:
        The audit; None where the base is not on this machine, or has no checker.
    """
    looks = list(read_looks(looks_dir)) if (looks_dir / LOOKS_FILE).is_file() else []
    folder = _find_base(looks)
    if folder is None:
        return None
    base, names = str(looks[0].settings["base"]), _draw_names(data, most)
    shown = _list_originals(looks_dir, looks)
    key = hash_json([_RULES, _hash_checker(folder), sorted(PROFILES), *_stat(data, names, shown)])
    known = read_audit(looks_dir)
    if known is not None and known.key == key:
        return known
    desk = _Desk(_load_first(folder), load_second("auto"))
    judged = list(_judge(desk, [data / name for name in names], on_step))
    audit = SafetyAudit(
        key=key,
        base=base,
        second=SECOND_NAME if desk.second else "",
        catalogue=_count(verdicts for _, verdicts in judged),
        looks=_count(verdicts for _, verdicts in _judge(desk, shown, on_step)),
        stopped=tuple(_list_stopped(judged)),
    )
    write_audit(looks_dir, audit)
    return audit


def _ask_once(second: SecondChecker, image: Image.Image) -> SecondChecker:
    """Give the second checker's answer to one picture, asked when first wanted."""
    answer = cache(lambda: second(image))
    return lambda _: answer()


def _find_base(looks: Sequence[Look]) -> Path | None:
    """Find the folder of the base the looks were drawn with, if it has a checker."""
    base = looks[0].settings.get("base") if looks else None
    folder = find_base(base) if isinstance(base, str) else None
    if folder is None or not any((folder / "safety_checker").glob("*.safetensors")):
        return None
    return folder


def _load_first(folder: Path) -> First:
    checker = StableDiffusionSafetyChecker.from_pretrained(
        folder / "safety_checker", local_files_only=True
    ).eval()
    extractor = CLIPImageProcessor.from_pretrained(
        folder / "feature_extractor", local_files_only=True
    )
    return lambda image: judge_picture(image, checker, extractor)


def _draw_names(data: Path, most: int) -> list[str]:
    names = [item.file_name for item in read_items(data)]
    if len(names) <= most:
        return names
    draw = np.random.default_rng(derive_seed("safety audit", len(names), most))
    return [names[i] for i in sorted(draw.choice(len(names), size=most, replace=False))]


def _list_originals(looks_dir: Path, looks: Sequence[Look]) -> list[Path]:
    found = [find_original(looks_dir, one.file, one.safety.get("verdict")) for one in looks]
    return [path for path in found if path.is_file()]


def _hash_checker(folder: Path) -> list[str]:
    return [hash_file(path) for path in sorted((folder / "safety_checker").glob("*.safetensors"))]


def _stat(data: Path, names: Sequence[str], shown: Sequence[Path]) -> list[list[Any]]:
    paths = [*(data / name for name in names), *shown]
    facts = [path.stat() if path.is_file() else None for path in paths]
    return [[p.name, f.st_size, f.st_mtime_ns] for p, f in zip(paths, facts, strict=True) if f]


def _judge(
    desk: _Desk, paths: Sequence[Path], on_step: OnStep | None
) -> Iterator[tuple[Path, dict[str, Verdict]]]:
    """Judge pictures one after the other; broken ones are left out."""
    for done, path in enumerate(paths, start=1):
        try:
            with Image.open(path) as picture:
                image = picture.convert("RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
        yield path, desk.judge(image)
        if on_step:
            on_step(done, len(paths), "safety filter")


def _count(judged: Iterator[Mapping[str, Verdict]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in PROFILES}
    for verdicts in judged:
        for name, verdict in verdicts.items():
            counts[name][verdict.verdict] += 1
    return {name: dict(count) for name, count in counts.items()}


def _list_stopped(
    judged: Sequence[tuple[Path, Mapping[str, Verdict]]],
) -> Iterator[tuple[str, str, str]]:
    stopped = [(path, found[GENERAL]) for path, found in judged if found[GENERAL].verdict != PASS]
    for path, verdict in stopped[:_SHOWN]:
        yield path.name, verdict.verdict, "; ".join(verdict.reasons)
