"""Settings: TOML first, then `--set`, then options; unknown keys are refused with the nearest."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from couturier.errors import SettingsError, StorageError


class Settings(BaseModel):
    """What one stage can be told; frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Settings)
Sections = Mapping[str, type[Settings]]


def read_settings(
    model: type[S],
    section: str,
    *,
    sections: Sections,
    file: Path | None = None,
    sets: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
) -> S:
    """Resolve one stage's settings from its sources, later ones winning.

    Args:
        model: The stage's settings.
        section: Its name in the file and before the dot of `--set`, as in "train".
        sections: All sections there are; a file may hold every stage's.
        file: A TOML file, or None.
        sets: `SECTION.KEY=VALUE` strings, values in TOML (a bare word is taken as text).
        options: Values of options given by name; None means not given.

    Raises:
        SettingsError: one message with all faults of all sources.
    """
    tree = read_settings_file(file) if file else {}
    for assignment in sets:
        _assign(tree, assignment, section)
    faults = _unknown_keys(tree, sections)
    values = dict(tree.get(section, {}))
    values |= {key: value for key, value in (options or {}).items() if value is not None}
    try:
        resolved = model.model_validate(values)
    except ValidationError as fault:
        faults += [_told(section, detail) for detail in fault.errors() if not _is_unknown(detail)]
        raise _refusal(faults, file) from fault
    if faults:
        raise _refusal(faults, file)
    return resolved


def read_settings_file(file: Path) -> dict[str, Any]:
    """Read a TOML settings file into nested dictionaries.

    Raises:
        SettingsError: the file is no TOML.
        StorageError: there is no such file.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise StorageError(
            f"{file}: {fault.strerror}", fix="check the path given with --config"
        ) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsError(
            f"{file}: no TOML ({fault})",
            fix='write [section] lines and key = value lines, text in "quotes"',
        ) from fault


def to_toml(sections: Mapping[str, Settings | Mapping[str, Any]]) -> str:
    """Write settings as TOML that `read_settings` reads back equal; None is left out."""
    lines: list[str] = []
    for section, settings in sections.items():
        values = settings.model_dump(mode="json") if isinstance(settings, Settings) else settings
        lines += [f"[{section}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
        lines += [""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    text = str(value)
    escaped = text.translate({ord("\\"): "\\\\", ord('"'): '\\"'})
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _assign(tree: dict[str, Any], assignment: str, section: str) -> None:
    key, separator, text = assignment.partition("=")
    place, dot, name = key.strip().partition(".")
    if not (separator and dot and name):
        raise SettingsError(
            f"--set {assignment}: not of the form SECTION.KEY=VALUE",
            fix=f"write for example --set {section}.seed=1",
        )
    tree.setdefault(place, {})[name] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _unknown_keys(tree: Mapping[str, Any], sections: Sections) -> list[str]:
    faults = []
    for section, values in tree.items():
        if section not in sections:
            faults.append(f"unknown section {section}{_nearest(section, sections)}")
        elif not isinstance(values, Mapping):
            faults.append(f"{section} is a section, not a value")
        else:
            known = sections[section].model_fields
            faults += [
                f"unknown key {section}.{key}{_nearest(key, known)}"
                for key in values
                if key not in known
            ]
    return faults


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]}?)" if close else ""


def _is_unknown(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"


def _told(section: str, detail: ErrorDetails) -> str:
    key = ".".join([section, *(str(part) for part in detail["loc"])])
    reason = detail["msg"].removeprefix("Value error, ")
    return f"{key} = {detail['input']!r}: {reason[:1].lower()}{reason[1:]}"


def _refusal(faults: list[str], file: Path | None) -> SettingsError:
    place = f"{file}: " if file else "settings: "
    return SettingsError(
        place + "; ".join(faults),
        fix="correct these; docs/settings.md lists every key with its range",
    )
