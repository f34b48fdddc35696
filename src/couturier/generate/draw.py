"""Drawing: sentences in, a folder of looks out, each recorded as soon as it is done."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from couturier.errors import CouturierError
from couturier.files import hash_json, require_room
from couturier.generate.folder import LooksFolder
from couturier.generate.metadata import Making, hash_pixels
from couturier.generate.painter import Painter, Painting, describe_environment, open_painter
from couturier.generate.plan import Request, plan_pictures
from couturier.generate.prompts import PromptRow
from couturier.generate.receipts import measure_garments
from couturier.generate.records import BLOCK, REVIEW, Look
from couturier.generate.settings import GenerateSettings
from couturier.generate.signing import load_signer
from couturier.runs import OnStep, write_manifest
from couturier.vision.segmenter import load_own_segmenter

_TEXT_BYTES = 8_000


def render_looks(
    prompts: Sequence[PromptRow],
    *,
    out: Path,
    settings: GenerateSettings,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> list[Look]:
    """Draw what the prompts ask for into a folder; nothing there is ever overwritten.

    Stopped at any point, all finished pictures are there and recorded.

    Args:
        prompts: Sentences, each with settings of its own where it has some.
        out: The looks folder; where it has looks, numbering goes on after them.
        settings: For all of them.
        resume: Take over pictures the folder has already from the same prompt, seed, settings
            and weights, and draw the others only.
        on_step: Told denoising steps done, steps in all, and which picture it is.

    Returns:
        One look a picture asked for, in that order.

    Raises:
        CouturierError: a prompt, a setting, the base, an adapter or the disk will not do.
    """
    requests = plan_pictures(prompts, settings)
    sign = load_signer(settings.sign) if settings.sign else None
    folder = LooksFolder(out, sign=sign)
    run = _Run(folder, settings, open_painter(settings), n_wanted=len(requests), on_step=on_step)
    run.note("running")
    try:
        looks = run.draw(requests, resume=resume)
    except BaseException:
        with suppress(CouturierError):  # what stopped the run matters more than its note
            run.note("stopped")
        raise
    run.note("done")
    return looks


class _Run:
    """One drawing run: what it has drawn so far, for the manifest and the progress."""

    def __init__(
        self,
        folder: LooksFolder,
        settings: GenerateSettings,
        painter: Painter,
        *,
        n_wanted: int,
        on_step: OnStep | None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._painter = painter
        self._n_wanted = n_wanted
        self._on_step = on_step
        self._environment = describe_environment()
        self._segmenter = load_own_segmenter() if settings.receipts else None
        self._drawn: list[Look] = []
        self._n_taken_over = 0

    def draw(self, requests: Sequence[Request], *, resume: bool) -> list[Look]:
        """Draw all requests, or take them over from the folder."""
        fitted = [self._painter.fit(request) for request in requests]
        require_room(self._folder.path, sum(map(_estimate_bytes, fitted)))
        ready = _index(self._folder.looks) if resume else {}
        n_steps = sum(request.steps for request in fitted)
        looks, n_done = [], 0
        for number, request in enumerate(fitted, start=1):
            note = f"picture {number} of {len(fitted)}"
            waiting = ready.get(self._key(request))
            if waiting:
                looks.append(waiting.pop(0))
                self._n_taken_over += 1
            else:
                looks.append(self._draw_one(request, n_done, n_steps, note))
            n_done += request.steps
            self._tell(n_done, n_steps, note)
        return looks

    def note(self, status: str) -> None:
        """Write the folder's manifest."""
        verdicts = Counter(look.safety["verdict"] for look in self._drawn)
        facts = {
            "settings": self._settings.model_dump(mode="json"),
            "painter": self._painter.facts,
            "counts": {
                "asked for": self._n_wanted,
                "drawn": len(self._drawn),
                "taken over": self._n_taken_over,
                **verdicts,
            },
            "seconds": round(sum(look.seconds for look in self._drawn), 3),
        }
        write_manifest(self._folder.path, "generate", status=status, facts=facts)

    def _draw_one(self, request: Request, n_done: int, n_steps: int, note: str) -> Look:
        notes = self._painter.list_notes(request)
        painting = self._painter.paint(
            request, on_step=lambda step: self._tell(n_done + step, n_steps, note)
        )
        for refused in painting.refused:
            apart = self._describe(request, refused)
            kept = self._folder.keep_apart(refused.image, apart, seed=refused.seed)
            self._log(kept, apart, replaced=True)
        making = self._describe(request, painting)
        seconds = painting.seconds + sum(refused.seconds for refused in painting.refused)
        if painting.refused:
            notes = [*notes, _tell_refused(len(painting.refused), making)]
        look = self._folder.add(
            painting.image, making, seconds=seconds, notes=notes, hide=self._settings.hide
        )
        self._log(look.file, making, replaced=False)
        self._drawn.append(look)
        return look

    def _describe(self, request: Request, painting: Painting) -> Making:
        receipt: tuple[dict[str, Any], ...] = ()
        if self._settings.receipts:
            receipt = measure_garments(painting.image, request.prompt, self._segmenter)
        return Making(
            prompt=request.prompt,
            seed=request.seed,
            settings=self._painter.describe(request),
            safety=painting.verdict.as_dict(),
            receipt=receipt,
            pixels=hash_pixels(painting.image),
            environment=self._environment,
            faithful=painting.climb.as_dict() if painting.climb else {},
        )

    def _log(self, file: str, making: Making, *, replaced: bool) -> None:
        self._folder.log_safety(
            {
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "file": file,
                "profile": self._settings.safety,
                "replaced": replaced,
                **making.safety,
            }
        )

    def _tell(self, n_done: int, n_steps: int, note: str) -> None:
        if self._on_step:
            self._on_step(n_done, n_steps, note)

    def _key(self, request: Request) -> str:
        return _hash(request.prompt, request.seed, self._painter.describe(request))


def _tell_refused(n_refused: int, making: Making) -> str:
    drawn = f"{n_refused} drawing{'s' if n_refused > 1 else ''} of it"
    if making.safety["verdict"] in (BLOCK, REVIEW):
        return f"{drawn} with new seeds were refused as well"
    return f"a new seed was taken: {drawn} must not be shown and is kept apart"


def _estimate_bytes(request: Request) -> int:
    width_px, height_px = request.size_px or (0, 0)
    # The pixels of most PNGs shrink; text and receipt take the rest, here and in looks.jsonl.
    return 3 * width_px * height_px + _TEXT_BYTES


def _index(looks: Sequence[Look]) -> dict[str, list[Look]]:
    index = defaultdict(list)
    for look in looks:
        index[_hash(look.prompt, look.seed, look.settings)].append(look)
    return dict(index)


def _hash(prompt: str, seed: int, settings: dict[str, Any]) -> str:
    return hash_json([prompt, seed, settings])
