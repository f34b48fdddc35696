"""What a drawn garment is made of: panels in painting order, with folds, seams and trims."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tools.sample_brand.drawing import Path, Placement, flip


@dataclass(frozen=True)
class Panel:
    """One piece of cloth, painted as a whole and outlined in ink.

    Attributes:
        outline: Closed path; all other paths are cut at it.
        shades: Closed paths in shadow.
        lights: Closed paths in light.
        seams: Open paths in thin ink.
        stitches: Open paths in contrast thread.
        trims: Open paths that carry the house's zigzag ribbon, with its height.
        emblem: Middle and width of the house's sun, or None.
        tone: Lightness of the whole panel, -1 (the inside of a garment) to 1.
        paint: "main" for the garment's cloth, "second" for its contrast, or a plain "#rrggbb".
        ribbed: Whether it is a knitted rib, whatever the cloth.
        inked: Whether the outline is drawn.
    """

    outline: Path
    shades: tuple[Path, ...] = ()
    lights: tuple[Path, ...] = ()
    seams: tuple[Path, ...] = ()
    stitches: tuple[Path, ...] = ()
    trims: tuple[tuple[Path, float], ...] = ()
    emblem: tuple[float, float, float] | None = None
    tone: float = 0.0
    paint: str = "main"
    ribbed: bool = False
    inked: bool = True

    def mirrored(self) -> "Panel":
        """Give the same panel on the other side, without the emblem."""
        return replace(
            self,
            outline=flip(self.outline),
            shades=tuple(flip(p) for p in self.shades),
            lights=tuple(flip(p) for p in self.lights),
            seams=tuple(flip(p) for p in self.seams),
            stitches=tuple(flip(p) for p in self.stitches),
            trims=tuple((flip(p), height) for p, height in self.trims),
            emblem=None,
        )

    def placed(self, at: Placement, *, growth: float | None = None) -> "Panel":
        """Give the panel in other units; emblem and ribbon grow by `growth`, if given."""
        growth = at.scale if growth is None else growth
        emblem = None
        if self.emblem is not None:
            x, y = at.apply(np.array([self.emblem[:2]], dtype=float))[0]
            emblem = (float(x), float(y), self.emblem[2] * growth)
        return replace(
            self,
            outline=at.apply(self.outline),
            shades=tuple(at.apply(p) for p in self.shades),
            lights=tuple(at.apply(p) for p in self.lights),
            seams=tuple(at.apply(p) for p in self.seams),
            stitches=tuple(at.apply(p) for p in self.stitches),
            trims=tuple((at.apply(p), height * growth) for p, height in self.trims),
            emblem=emblem,
        )


@dataclass(frozen=True)
class Piece:
    """A drawn garment in the units of the body (see `body.py`).

    Attributes:
        panels: In painting order.
        print_at: Middle and width of a print on the front, or None where there is no room for one.
    """

    panels: tuple[Panel, ...]
    print_at: tuple[float, float, float] | None = field(default=None)

    def bounds(self) -> tuple[float, float, float, float]:
        """Find the box around all panels: left, top, right, bottom."""
        points = np.concatenate([panel.outline for panel in self.panels])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def both(panel: Panel) -> Sequence[Panel]:
    """Give a panel and its mirror image."""
    return (panel, panel.mirrored())
