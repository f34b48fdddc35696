"""`python -m tools.full_size DATASET_DIR WORK_DIR`: makes the base, measures, prints the table."""

import sys
from pathlib import Path

from tools.full_size.base import make_full_size_base
from tools.full_size.measure import measure, tabulate


def main() -> None:
    """Make the base in WORK_DIR unless it is there, train on DATASET_DIR, print what it took."""
    dataset, work = (Path(argument) for argument in sys.argv[1:])
    base = work / "sd14-random"
    if not (base / "model_index.json").is_file():
        make_full_size_base(base)
    print(tabulate(measure(base, dataset, work / "run")))


main()
