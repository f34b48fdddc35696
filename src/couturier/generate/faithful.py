"""The ladder of faithful drawing: several starts, the failing ones dropped early, then repair.

One rung after the other, for as long as a garment is not as the sentence has it: a plain start;
guided starts, of the same seed and then of further ones, each looked at when a third of its steps
are done; the most promising one drawn to its end; garments that are missing there drawn alone
into their places; at last those found in a wrong colour recoloured inside their masks. A start
from a collage is right more often for its time than a plain one, which is then left out. What was
decided is recorded, so that replay decides nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from couturier.diffusion.layout import Box
from couturier.garments.colours import find_colour, find_colours
from couturier.garments.records import Garment
from couturier.seeds import derive_seed
from couturier.vision.receipts import Sighting
from couturier.vision.recolour import fit_mask, pack_mask, recolour, unpack_mask
from couturier.vision.records import MISSING, RIGHT, UNSURE, WRONG

PLAIN, GUIDED, REDRAWN, PLACED, RECOLOURED, FAILED = (
    "plain", "guided", "re-drawn", "drawn alone", "recoloured", "none",
)  # fmt: skip
_LOOK_AFTER = 1 / 3
_SMALL_SHARE = 0.004
_PLACINGS = 2
_COVERED = 0.75  # of a garment that is right: a place that takes more of it is left alone

Pixels = NDArray[np.float32]
Judge = Callable[[Image.Image], Sequence[Sighting]]


@dataclass(frozen=True)
class Start:
    """One start of a drawing: which noise, and whether attention is guided."""

    seed: int
    guided: bool


@dataclass(frozen=True)
class Placing:
    """Garments drawn alone into a finished picture: which ones, and with which noise."""

    garments: tuple[int, ...]
    seed: int


class Drawer(Protocol):
    """Draws starts, and garments alone into what came of them."""

    def draw(
        self, start: Start, *, look_after: float, look: Callable[[Image.Image], bool] | None
    ) -> Pixels | None:
        """Draw a start; a look that answers False ends it early, and None comes back."""
        ...

    def place(self, pixels: Pixels, placing: Placing) -> Pixels | None:
        """Draw garments alone into their places; None where they have none."""
        ...

    def find_places(self) -> Sequence[Box]:
        """Give each garment's place as shares of the picture; () where they have none."""
        ...


@dataclass(frozen=True)
class Change:
    """A garment recoloured: what replay needs to do it again without looking."""

    garment: int
    kind: str
    lab: tuple[float, float, float]
    mask: Mapping[str, Any]

    def apply(self, image: Image.Image) -> Image.Image:
        """Recolour it."""
        pixels = np.asarray(image.convert("RGB"))
        return Image.fromarray(recolour(pixels, unpack_mask(dict(self.mask)), self.lab))


@dataclass(frozen=True)
class Climb:
    """What came of a ladder.

    Attributes:
        start: The start that was drawn to its end.
        placed: What was drawn alone into it.
        changes: What was recoloured after that.
        rungs: For each garment asked for, the rung that made it right; "none" where none did.
        tried: Each start with how many garments were right a third of the way, None where no
            look was taken.
    """

    start: Start
    placed: tuple[Placing, ...] = ()
    changes: tuple[Change, ...] = ()
    rungs: tuple[str, ...] = ()
    tried: tuple[tuple[Start, int | None], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give it as the picture's metadata holds it."""
        return {
            "start": vars(self.start),
            "placed": [{"garments": list(p.garments), "seed": p.seed} for p in self.placed],
            "changes": [vars(change) for change in self.changes],
            "rungs": list(self.rungs),
            "tried": [{**vars(start), "right": right} for start, right in self.tried],
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Climb":
        """Read what `as_dict` wrote."""
        return cls(
            start=Start(**row["start"]),
            placed=tuple(Placing(tuple(p["garments"]), p["seed"]) for p in row.get("placed", ())),
            changes=tuple(
                Change(**{**change, "lab": tuple(change["lab"])}) for change in row["changes"]
            ),
            rungs=tuple(row["rungs"]),
            tried=tuple((Start(t["seed"], t["guided"]), t["right"]) for t in row["tried"]),
        )


@dataclass
class _Best:
    """The most promising start so far."""

    promise: float = -1.0
    start: Start | None = None
    pixels: Pixels | None = None
    tried: list[tuple[Start, int | None]] = field(default_factory=list)
    placed: list[Placing] = field(default_factory=list)
    n_failed: int = 0


class Ladder:
    """Draws one picture until it shows what the sentence said, or the means are used up."""

    def __init__(
        self,
        garments: Sequence[Garment],
        drawer: Drawer,
        judge: Judge,
        *,
        n_starts: int,
        budget_s: float | None,
    ) -> None:
        self._garments = garments
        self._drawer = drawer
        self._judge = judge
        self._n_starts = n_starts
        self._budget_s = budget_s
        self._began_s = time.perf_counter()
        self._longest_s = 0.0

    def climb(self, seed: int) -> tuple[Pixels, Climb]:
        """Draw; gives the pixels before any recolouring, and what was decided."""
        best = _Best()
        starts = plan_starts(seed, self._n_starts, is_laid_out=bool(self._drawer.find_places()))
        for number, start in enumerate(starts):
            if number and self._is_spent():
                break
            if self._try(start, best, n_left=len(starts) - 1 - number):
                break
        assert best.start is not None
        if best.pixels is None:  # dropped on its way, yet the most promising of all
            best.pixels = self._drawer.draw(best.start, look_after=1.0, look=None)
        assert best.pixels is not None
        sightings = self._judge(to_picture(best.pixels))
        rungs = [_name_rung(best, one) for one in sightings]
        for _ in range(_PLACINGS):
            if count_right(sightings) == len(self._garments) or self._is_spent():
                break
            sightings = self._place(best, sightings, rungs)
        changes = self._recolour(best.pixels, sightings, rungs)
        return best.pixels, Climb(
            best.start, tuple(best.placed), changes, tuple(rungs), tuple(best.tried)
        )

    def _try(self, start: Start, best: _Best, *, n_left: int) -> bool:
        """Draw a start as far as it is promising; True where every garment came out right."""
        seen: list[tuple[float, int]] = []

        def look(image: Image.Image) -> bool:
            sightings = self._judge(image)
            n_right = count_right(sightings)
            seen.append((_promise(sightings), n_right))
            good = n_right == len(self._garments)
            return good or (not n_left and seen[0][0] > best.promise)

        began_s = time.perf_counter()
        alone = not n_left and best.start is None  # whatever it promises, it is drawn to its end
        pixels = self._drawer.draw(start, look_after=_LOOK_AFTER, look=None if alone else look)
        self._longest_s = max(self._longest_s, time.perf_counter() - began_s)
        best.tried.append((start, seen[0][1] if seen else None))
        promise, done = seen[0][0] if seen else 0.0, False
        if pixels is not None:
            sightings = self._judge(to_picture(pixels))
            promise, done = _promise(sightings), count_right(sightings) == len(self._garments)
        # A finished picture is worth a little more than one that only promises as much.
        if promise + 0.1 * (pixels is not None) > best.promise + 0.1 * (best.pixels is not None):
            best.promise, best.start, best.pixels = promise, start, pixels
        return done

    def _place(
        self, best: _Best, sightings: Sequence[Sighting], rungs: list[str]
    ) -> Sequence[Sighting]:
        """Draw alone what is missing; gives what is seen after it, or `sightings` as they were."""
        assert best.start is not None
        assert best.pixels is not None
        wanted = _list_placeable(sightings, self._drawer.find_places())
        if not wanted or not best.start.guided:
            return sightings
        number = len(best.placed) + best.n_failed
        placing = Placing(wanted, derive_seed(best.start.seed, "placing", number))
        pixels = self._drawer.place(best.pixels, placing)
        after = self._judge(to_picture(pixels)) if pixels is not None else sightings
        if pixels is None or count_right(after) <= count_right(sightings):
            best.n_failed += 1
            return sightings
        best.pixels = pixels
        best.placed.append(placing)
        for place, (then, now) in enumerate(zip(sightings, after, strict=True)):
            if now.receipt.verdict != RIGHT:
                rungs[place] = FAILED
            elif then.receipt.verdict != RIGHT:
                rungs[place] = PLACED
        return after

    def _recolour(
        self, pixels: Pixels, before: Sequence[Sighting], rungs: list[str]
    ) -> tuple[Change, ...]:
        """Recolour what is in a wrong colour, as far as that makes it right."""
        image = to_picture(pixels)
        changes = tuple(_plan_changes(image, self._garments, before))
        if not changes:
            return ()
        for change in changes:
            image = change.apply(image)
        after = self._judge(image)
        if count_right(after) <= count_right(before):
            return ()
        changes = tuple(c for c in changes if after[c.garment].receipt.verdict == RIGHT)
        for change in changes:
            rungs[change.garment] = RECOLOURED
        return changes

    def _is_spent(self) -> bool:
        if self._budget_s is None:
            return False
        spent_s = time.perf_counter() - self._began_s
        return spent_s + self._longest_s > self._budget_s


def plan_starts(seed: int, n_starts: int, *, is_laid_out: bool = False) -> list[Start]:
    """List the starts in their order: plain, guided with the same seed, guided with others.

    Garments laid out one by one take longer a start: they get half as many, and no plain one.
    """
    others = [derive_seed(seed, "start", number) for number in range(2, n_starts)]
    guided = [Start(one, guided=True) for one in (seed, *others)]
    if is_laid_out and n_starts > 1:
        return guided[: max(n_starts // 2, 1)]
    return [Start(seed, guided=False), *guided][: max(n_starts, 1)]


def count_right(sightings: Sequence[Sighting]) -> int:
    """Count the garments that are as asked."""
    return sum(one.receipt.verdict == RIGHT for one in sightings)


def to_picture(pixels: Pixels) -> Image.Image:
    """Round a picture to 8 bits a channel as diffusers does; what is no number becomes black.

    Args:
        pixels: Shape (height, width, 3), 0 to 1.
    """
    finite = np.nan_to_num(pixels, nan=0.0, posinf=1.0, neginf=0.0)
    return Image.fromarray((finite * 255).round().astype(np.uint8))


def _promise(sightings: Sequence[Sighting]) -> float:
    """Rate a start: a garment in a wrong colour can still be recoloured, a missing one cannot."""
    worth = {RIGHT: 1.0, WRONG: 0.7, MISSING: 0.0}
    return sum(worth.get(one.receipt.verdict, 0.3) for one in sightings)


def _name_rung(best: _Best, sighting: Sighting) -> str:
    if sighting.receipt.verdict != RIGHT:
        return FAILED
    assert best.start is not None
    if not best.start.guided:
        return PLAIN
    return GUIDED if best.start.seed == best.tried[0][0].seed else REDRAWN


def _list_placeable(sightings: Sequence[Sighting], places: Sequence[Box]) -> tuple[int, ...]:
    """List what is not found in its place, where that leaves enough of the others' right ones."""
    if not places:
        return ()
    right = [one.mask for one in sightings if one.receipt.verdict == RIGHT and one.mask is not None]
    return tuple(
        number
        for number, (one, place) in enumerate(zip(sightings, places, strict=True))
        if _is_lost(one, place) and all(_find_covered(mask, place) < _COVERED for mask in right)
    )


def _is_lost(sighting: Sighting, place: Box) -> bool:
    """Say whether a garment was not found, or what was taken for it stands elsewhere."""
    if sighting.receipt.verdict in (MISSING, UNSURE):
        return True
    elsewhere = sighting.mask is not None and _find_covered(sighting.mask, place) < 0.5
    return sighting.receipt.verdict == WRONG and elsewhere


def _find_covered(mask: NDArray[np.bool_], box: Box) -> float:
    """Give the share of a mask that lies in a box."""
    height, width = mask.shape
    left, top, right, bottom = box
    inside = mask[
        round(top * height) : round(bottom * height), round(left * width) : round(right * width)
    ]
    return float(inside.sum() / max(mask.sum(), 1))


def _plan_changes(
    image: Image.Image, garments: Sequence[Garment], sightings: Sequence[Sighting]
) -> list[Change]:
    """Plan what to recolour: garments found, in a wrong colour, of one asked colour."""
    changes = []
    pixels = np.asarray(image)
    for number, (garment, seen) in enumerate(zip(garments, sightings, strict=True)):
        asked = find_colour(garment.colour) if garment.colour else None
        plain = asked is not None and len(find_colours(garment.colour or "")) <= 1
        if not plain or seen.mask is None or seen.receipt.verdict == RIGHT:
            continue
        if seen.mask.mean() < _SMALL_SHARE:
            continue
        others = [s.mask for s in sightings if s is not seen and s.mask is not None]
        mask = fit_mask(seen.mask, pixels, others=others)
        assert asked is not None
        changes.append(Change(number, garment.kind, asked.lab, pack_mask(mask)))
    return changes
