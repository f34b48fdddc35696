"""Write the report: one page that opens offline, and the results table as Markdown."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from couturier.errors import LooksError
from couturier.evaluate.records import read_summary, read_sweep
from couturier.files import write_text
from couturier.pages.pictures import GRID_PX, SMALL_PX, inline_picture
from couturier.pages.render import render_page
from couturier.report.cards import COPIED, Card, build_cards, count_unscored, sort_worst_first
from couturier.report.columns import list_columns, list_kept, list_measured
from couturier.report.figures import CURVE_HEIGHT, CURVE_WIDTH, list_parts, list_rates
from couturier.report.measures import list_measures, list_safety
from couturier.report.sources import (
    describe_catalogue,
    describe_training,
    find_dataset,
    find_run,
)
from couturier.report.tables import build_rows, write_markdown
from couturier.runs import list_versions
from couturier.vision.records import COPY_SCORE

PAGE_FILE = "index.html"
TABLE_FILE = "results.md"
MAX_TILES = 240
MAX_FAILURES = 8
MAX_CLOSEST = 6


def write_report(
    looks_dir: Path,
    *,
    out: Path,
    run_dir: Path | None = None,
    against: Path | None = None,
    dataset_dir: Path | None = None,
    sweep_dir: Path | None = None,
) -> Path:
    """Write `index.html` and `results.md` about a folder of scored looks.

    Args:
        looks_dir: Looks with scores.
        out: The report's folder, as report/NAME.
        run_dir: The training run; where None, the one the looks name, if it is there.
        against: Scored looks of the same prompts and seeds, to stand beside; where None, those
            they were compared with, as far as they are there.
        dataset_dir: The data set; where None, the one they were compared with, if it is there.
        sweep_dir: What `couturier sweep` wrote: strengths and checkpoints side by side.

    Returns:
        The page.

    Raises:
        LooksError: the looks, or those to stand beside, were never scored.
        AdapterError: `run_dir` is no training run.
        DatasetError: `dataset_dir` is no data set.
    """
    summary = read_summary(looks_dir)
    cards = build_cards(looks_dir)
    if not cards:
        raise LooksError(
            f"{looks_dir}: no pictures to report on",
            fix=f'draw some with `couturier generate "a red dress" --out {looks_dir}`',
        )
    columns, ways = list_columns(cards, summary, against), list_measured(summary)
    rows = build_rows(columns)
    run = run_dir or find_run(looks_dir)
    data = dataset_dir or find_dataset(summary)
    _write_page(
        out / PAGE_FILE,
        {
            "name": looks_dir.resolve().name,
            "summary": summary,
            "columns": [column.name for column in columns],
            "ways": ways,
            "kept_pairs": list_kept(summary),
            "figures": [
                ("Prompt names", list_rates([measured for _, measured in ways])),
                ("Of each garment", list_parts([measured for _, measured in ways])),
            ],
            "failures": [card for card in sort_worst_first(cards) if card.failed][:MAX_FAILURES],
            "n_failures": sum(card.failed for card in cards),
            "measures": list_measures([measured for _, measured in ways]),
            "safety": list_safety([measured for _, measured in ways]),
            "copy_score": COPY_SCORE,
            "sweep": read_sweep(sweep_dir) if sweep_dir else None,
            "rows": rows,
            "n_prompts": len({card.prompt for card in cards if card.prompt}),
            "tiles": sort_worst_first(cards)[:MAX_TILES],
            "n_pictures": len(cards),
            "n_unscored": count_unscored(looks_dir, cards),
            "counts": _count_status(cards),
            "shared": _list_shared(cards),
            "closest": _find_closest(cards, data),
            "training": describe_training(run) if run else None,
            "catalogue": describe_catalogue(data) if data else None,
        },
    )
    names = [column.name for column in columns]
    write_text(out / TABLE_FILE, write_markdown(rows, names, folder=out))
    return out / PAGE_FILE


def _write_page(path: Path, content: Mapping[str, Any]) -> None:
    """Write the page with all that its template calls."""
    own = {
        "picture": inline_picture,
        "small_picture": partial(inline_picture, side_px=SMALL_PX),
        "grid_picture": partial(inline_picture, side_px=GRID_PX),
        "curve_width": CURVE_WIDTH,
        "curve_height": CURVE_HEIGHT,
        "versions": list_versions(),
    }
    render_page(path, "couturier.report", "page.html", content={**own, **content})


def _count_status(cards: Sequence[Card]) -> dict[str, int]:
    statuses = [card.status for card in sort_worst_first(cards)]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}


def _list_shared(cards: Sequence[Card]) -> list[tuple[str, str]]:
    """List the settings all pictures share; what differs stands with each picture."""
    known = [dict(card.facts) for card in cards if card.replay]
    if not known:
        return []
    measured = ("seed", "seconds", "text-image cosine", "likeness", "lines and shade", "safety")
    return [
        (name, value)
        for name, value in known[0].items()
        if name not in measured and all(facts.get(name) == value for facts in known)
    ]


def _find_closest(cards: Sequence[Card], data: Path | None) -> list[tuple[Card, Path]]:
    """Find the pictures whose lines lie best on a training picture, for a lawyer to look at."""
    if data is None:
        return []
    near = [card for card in cards if card.copy_of and not card.withheld]
    near.sort(key=lambda card: -card.copy_score)
    n_copied = sum(card.status == COPIED for card in near)
    return [(card, data / card.copy_of) for card in near[: max(MAX_CLOSEST, min(n_copied, 24))]]
