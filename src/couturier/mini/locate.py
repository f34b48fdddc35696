"""Where the embedded base lies inside the installed package."""

from pathlib import Path

from couturier.errors import BaseModelError


def find_mini() -> Path:
    """Find the folder of the embedded base, in diffusers' format.

    Beside the pipeline's parts it holds `vision_tower/` and `segmenter/`.

    Raises:
        BaseModelError: the package was installed without its weights.
    """
    folder = Path(__file__).parent / "weights"
    if not (folder / "model_index.json").is_file():
        raise BaseModelError(
            f"{folder}: the embedded base is not there",
            fix="reinstall couturier; from a checkout, run `python -m tools.mini all`",
        )
    return folder
