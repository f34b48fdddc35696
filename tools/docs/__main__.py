"""`python -m tools.docs` writes docs/{cli,settings,errors,map}.md; `--check` only compares."""

import sys
from pathlib import Path

from tools.docs.pages import write_cli, write_errors, write_map, write_settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "cli.md": write_cli,
    "settings.md": write_settings,
    "errors.md": write_errors,
    "map.md": write_map,
}


def main() -> int:
    """Write or compare every generated page; 1 where one is out of step."""
    stale = []
    for name, write in PAGES.items():
        path = ROOT / "docs" / name
        text = write(ROOT)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    if stale and "--check" in sys.argv:
        print(f"out of step: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
