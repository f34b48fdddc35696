"""One function a page: reads the code, gives Markdown."""

import ast
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic.fields import FieldInfo

from couturier import errors
from couturier.cli.main import app
from couturier.errors import CouturierError
from couturier.project import SECTIONS

_GENERATED = "<!-- Generated from the code by `make docs`; do not edit. -->\n"


def write_cli(root: Path) -> str:
    """Give the page of all commands: what each `--help` says."""
    os.environ["COLUMNS"] = "100"
    os.environ["NO_COLOR"] = "1"
    group = typer.main.get_command(app)
    parts = [_GENERATED, "# Commands\n", _fenced(_help(group, "couturier"))]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        parts += [f"\n## couturier {name}\n", _fenced(_help(command, f"couturier {name}"))]
    return "\n".join(parts) + "\n"


def write_settings(root: Path) -> str:
    """Give the page of all settings: default, range, unit and trade-off."""
    parts = [
        _GENERATED,
        "# Settings\n",
        "One name everywhere: in a TOML file under `[section]`, as `--set section.key=value`, and",
        "in the settings.toml that a run leaves. Unknown keys are refused with the nearest.\n",
    ]
    for section, model in SECTIONS.items():
        parts += [f"\n## [{section}]\n", f"{inspect.getdoc(model)}\n"]
        parts += ["| key | default | range | what it does |", "|---|---|---|---|"]
        parts += [_row(name, field) for name, field in model.model_fields.items()]
    return "\n".join(parts) + "\n"


def write_errors(root: Path) -> str:
    """Give the page of all errors a user can meet, and the exit statuses."""
    parts = [
        _GENERATED,
        "# Errors and exit statuses\n",
        "Every error is two lines on stderr: what and where, then `fix:`. Exit status 0 done,",
        "1 something you can put right, 2 wrong usage, 130 stopped.",
        "`COUTURIER_DEBUG=1` adds the traceback.\n",
        "| error | when |",
        "|---|---|",
    ]
    for name, kind in vars(errors).items():
        if (
            inspect.isclass(kind)
            and issubclass(kind, CouturierError)
            and kind is not CouturierError
        ):
            parts.append(f"| {name} | {_first_line(kind.__doc__)} |")
    return "\n".join(parts) + "\n"


def write_map(root: Path) -> str:
    """Give the page of all modules: the first line of each one's docstring."""
    parts = [_GENERATED, "# Map of the code\n"]
    for folder, modules in _modules(root / "src" / "couturier"):
        parts += [f"\n## {folder}\n", "| module | what it is |", "|---|---|"]
        parts += [f"| `{name}` | {line} |" for name, line in modules]
    return "\n".join(parts) + "\n"


def _modules(package: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for folder in [package, *sorted(p for p in package.rglob("*") if p.is_dir())]:
        files = sorted(folder.glob("*.py"))
        if files:
            rows = [
                (file.name, _first_line(ast.get_docstring(ast.parse(file.read_text()))))
                for file in files
            ]
            yield str(folder.relative_to(package.parent)), rows


def _help(command: Any, path: str) -> str:
    context = command.context_class(command, info_name=path)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines()).strip()


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else _plain(field.default)
    limits = [
        f"{sign} {getattr(limit, key)}"
        for limit in field.metadata
        for key, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
        if getattr(limit, key, None) is not None
    ]
    text = " ".join((field.description or "").split())
    return f"| `{name}` | {default} | {', '.join(limits)} | {text} |".replace("|  |", "| |")


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if value in ((), ""):
        return "empty"
    return f"`{value}`"


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().splitlines()[0] if docstring else ""
