"""Finds the sample brand's folder inside the installed package."""

from importlib.resources import files
from pathlib import Path

from couturier.errors import StorageError


def find_sample() -> Path:
    """Find the folder that holds product_data.json and images/ of the sample brand.

    Raises:
        StorageError: the package was installed without its data.
    """
    folder = Path(str(files("couturier.sample")))
    if not (folder / "product_data.json").is_file():
        raise StorageError(
            f"{folder}: the sample brand is not in this installation, no product_data.json",
            fix="install couturier again from a whole source tree or wheel",
        )
    return folder
