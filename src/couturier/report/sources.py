"""What the looks came from: the training run and the data set, as far as they can be found."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from couturier.catalogue.records import Fault, read_faults
from couturier.dataset.records import HELD_OUT, Item, read_items
from couturier.evaluate.records import Summary
from couturier.generate.records import LOOKS_FILE, read_looks
from couturier.report.figures import Curve, draw_curve
from couturier.train.records import SETTINGS_FILE, TrainedRun, read_run

CARD_FILE = "README.md"
SHOWN_ITEMS = 12
SHOWN_FAULTS = 4
SHOWN_GRIDS = 4


@dataclass(frozen=True)
class Training:
    """The run behind an adapter.

    Attributes:
        name: Its folder's name.
        curve: None where fewer than two losses were logged.
        grids: (step, picture) drawn during training: first, last, and some between.
        prompt: What the grids show; "" where unknown.
        facts: (name, value) in words.
        settings: `settings.toml` as it stands; "" where there is none.
        card: The model card as HTML, its pictures left out; "" where there is none.
    """

    name: str
    curve: Curve | None
    grids: tuple[tuple[int, Path], ...]
    prompt: str
    facts: tuple[tuple[str, str], ...]
    settings: str
    card: str


@dataclass(frozen=True)
class FaultGroup:
    """Rows left out or changed for one reason, with a few of them."""

    fault: str
    action: str
    count: int
    examples: tuple[Fault, ...]


@dataclass(frozen=True)
class Catalogue:
    """The data set behind a run.

    Attributes:
        folder: As given.
        n_items: Pictures.
        n_products: Products they show.
        n_held_out: Pictures kept out of training.
        n_coloured: Pictures whose row names a garment with a colour.
        shown: Evenly chosen (picture, caption), for the eye.
        faults: What was left out or changed, the costliest first.
    """

    folder: Path
    n_items: int
    n_products: int
    n_held_out: int
    n_coloured: int
    shown: tuple[tuple[Path, str], ...]
    faults: tuple[FaultGroup, ...]


def find_run(looks_dir: Path) -> Path | None:
    """Find the run the looks were drawn with; None where it is not on this machine."""
    if not (looks_dir / LOOKS_FILE).is_file():
        return None
    look = next(iter(read_looks(looks_dir)), None)
    adapters = look.settings.get("lora") if look else None
    first = adapters[0] if isinstance(adapters, list) and adapters else adapters
    if not isinstance(first, str):
        return None
    folder = Path(first)
    if not folder.exists():
        folder = Path(first.rpartition(":")[0] or first)
    return folder if (folder / SETTINGS_FILE).is_file() else None


def find_dataset(summary: Summary) -> Path | None:
    """Find the data set the looks were compared with; None where it is not on this machine."""
    folder = Path(summary.train) if summary.train else None
    return folder if folder and folder.is_dir() else None


def describe_training(folder: Path) -> Training:
    """Read what the page shows of a run.

    Raises:
        AdapterError: the folder is no training run.
    """
    run = read_run(folder)
    settings = folder / SETTINGS_FILE
    return Training(
        name=folder.resolve().name,
        curve=draw_curve(run.metrics),
        grids=tuple((_step_of(path), path) for path in _choose(run.samples, SHOWN_GRIDS)),
        prompt=str(_find(run.manifest, "validation_prompt") or ""),
        facts=tuple(_list_facts(run)),
        settings=settings.read_text(encoding="utf-8") if settings.is_file() else "",
        card=_render_card(folder / CARD_FILE),
    )


def describe_catalogue(folder: Path) -> Catalogue:
    """Read what the page shows of a data set.

    Raises:
        DatasetError: the folder is no data set.
    """
    items = read_items(folder)
    return Catalogue(
        folder=folder,
        n_items=len(items),
        n_products=len({item.image_id for item in items}),
        n_held_out=sum(item.split == HELD_OUT for item in items),
        n_coloured=sum(_is_coloured(item) for item in items),
        shown=tuple((folder / i.file_name, i.text) for i in _choose(items, SHOWN_ITEMS)),
        faults=_group_faults(list(read_faults(folder))),
    )


def _render_card(path: Path) -> str:
    """Render a model card; what it holds of HTML stays text, and it loads nothing."""
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2] or text
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link"])
    return re.sub(r"<(/?)h[1-6]>", r"<\1h3>", markdown.render(text))


def _is_coloured(item: Item) -> bool:
    return any(garment.colour for garment in item.garments)


def _group_faults(faults: Sequence[Fault]) -> tuple[FaultGroup, ...]:
    counts = Counter((fault.action, fault.fault) for fault in faults)
    groups = [
        FaultGroup(
            fault=name,
            action=action,
            count=count,
            examples=tuple(f for f in faults if (f.action, f.fault) == (action, name))[
                :SHOWN_FAULTS
            ],
        )
        for (action, name), count in counts.items()
    ]
    return tuple(sorted(groups, key=lambda g: (g.action != "left out", -g.count)))


def _choose(things: Sequence[Any], count: int) -> list[Any]:
    """Choose `count` of `things` evenly, the first and the last among them."""
    if len(things) <= count:
        return list(things)
    return [things[round(i * (len(things) - 1) / (count - 1))] for i in range(count)]


def _step_of(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _find(tree: Mapping[str, Any], key: str) -> Any:
    """Find a key in a manifest or in the settings inside it."""
    settings = tree.get("settings")
    inner = settings if isinstance(settings, Mapping) else {}
    return tree.get(key, inner.get(key))


def _list_facts(run: TrainedRun) -> list[tuple[str, str]]:
    found = [
        ("base", _find(run.manifest, "base")),
        ("steps", _find(run.manifest, "max_steps")),
        ("pictures a step", _find(run.manifest, "batch_size")),
        ("rank", _find(run.manifest, "rank")),
        ("learning rate", _find(run.manifest, "learning_rate")),
        ("resolution", _find(run.manifest, "resolution_px")),
        ("seed", _find(run.manifest, "seed")),
        ("status", run.manifest.get("status")),
    ]
    return [(name, str(value)) for name, value in found if value is not None]
