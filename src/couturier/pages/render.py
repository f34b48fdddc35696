"""Renders a page as one self-contained file: a stage's own template, the shared stylesheet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from couturier.files import replace_whole
from couturier.runs import couturier_version


def render_page(path: Path, package: str, template: str, *, content: Mapping[str, Any]) -> None:
    """Write a page in a stream, so that no more than one picture is held at a time.

    Args:
        path: The file, written whole.
        package: Whose `templates` folder is looked into first; the stylesheet is found after it.
        template: The template's name there.
        content: What it shows; functions too.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("couturier.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tie"] = lambda text: text.replace(" %", "\u00a0%")
    environment.globals.update(version=couturier_version(), **content)
    page = environment.get_template(template)
    with replace_whole(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        out.writelines(page.stream())
