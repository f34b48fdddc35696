"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from couturier.runs import OnStep

_LINE_EVERY_S = 10.0


@contextmanager
def show_progress(title: str) -> Iterator[OnStep]:
    """Show how far a long piece of work is; the yielded function is called at each step."""
    if sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(title, total=None, note="")
            yield lambda done, total, note: bar.update(
                task, completed=done, total=total or None, note=note
            )
    else:
        yield _Lines(title)


def say(text: str) -> None:
    """Write one note to stderr."""
    sys.stderr.write(f"{text}\n")


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
        console=Console(stderr=True),
    )


class _Lines:
    """Progress for logs: one line every ten seconds, and one at each end."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last_s = time.monotonic()
        self._last_line = ""

    def __call__(self, done: int, total: int, note: str) -> None:
        now_s = time.monotonic()
        of_all = f"/{total}" if total else ""  # 0 while nobody knows of how many
        line = f"{self._title} {done}{of_all} {note}".rstrip()
        is_due = now_s - self._last_s >= _LINE_EVERY_S
        if line != self._last_line and (0 < total <= done or is_due):
            self._last_s, self._last_line = now_s, line
            say(line)
