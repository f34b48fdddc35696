"""Class pictures for prior preservation: drawn from the base once, or a folder of one's own."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from couturier.dataset.records import Item
from couturier.diffusion.loading import BaseParts, assemble_pipeline
from couturier.diffusion.sampling import Draw, draw_picture
from couturier.errors import DatasetError
from couturier.files import replace_whole
from couturier.runs import OnStep
from couturier.seeds import derive_seed
from couturier.train.pictures import Picture, read_pictures
from couturier.train.processes import Crew
from couturier.train.settings import TrainSettings

FOLDER = "prior"
_STEPS = 25
_GUIDANCE = 7.5
_SAMPLER = "dpm++2m-karras"
_MAX_NOISE_SEED = 2**32
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


def choose_prompts(settings: TrainSettings, items: Sequence[Item]) -> list[str]:
    """Say of each class picture which sentence it is drawn from.

    Returns:
        One sentence a picture: the one that was set, or the kinds of garment in turn, the most
        frequent first.
    """
    if settings.prior_prompt:
        return [settings.prior_prompt] * settings.prior_pictures
    kinds = Counter(garment.kind for item in items for garment in item.garments)
    sentences = [f"a photo of a {kind}" for kind, _ in kinds.most_common()] or [
        "a photo of clothes"
    ]
    return [sentences[n % len(sentences)] for n in range(settings.prior_pictures)]


def find_prior(settings: TrainSettings, on_step: OnStep) -> list[Picture]:
    """Read the user's own class pictures, each with `prior_prompt` as its caption.

    Raises:
        DatasetError: there are none in the folder, or no sentence is given for them.
    """
    folder = Path(settings.prior_folder or "")
    names = sorted(p.name for p in folder.glob("*") if p.suffix.lower() in _SUFFIXES)
    if not names:
        raise DatasetError(
            f"train.prior_folder = {folder}: holds no pictures",
            fix="give a folder of .png, .jpg or .webp files, or leave it out to draw them",
        )
    if not settings.prior_prompt:
        raise DatasetError(
            "train.prior_folder: is given without train.prior_prompt",
            fix='say what the pictures show, as in --set train.prior_prompt="a photo of a dress"',
        )
    items = [Item(name, settings.prior_prompt, name) for name in names]
    return read_pictures(folder, items, on_step)


def draw_prior(
    out: Path,
    parts: BaseParts,
    prompts: Sequence[str],
    *,
    settings: TrainSettings,
    crew: Crew,
    on_step: OnStep,
) -> list[Picture]:
    """Draw the class pictures that are not there yet as `prior/00001.png`, with the bare base."""
    items = [Item(f"{n + 1:05d}.png", prompt, str(n)) for n, prompt in enumerate(prompts)]
    folder = out / FOLDER
    dealt = crew.share(range(len(items)))
    own = [n for n in dealt if not (folder / items[n].file_name).is_file()]
    pipeline = assemble_pipeline(parts) if own else None
    for done, number in enumerate(own):
        draw = _plan(prompts[number], number, settings)
        with parts.placement.autocast():
            pixels = draw_picture(pipeline, draw)
        with replace_whole(folder / items[number].file_name) as temporary:
            image = Image.fromarray((np.nan_to_num(pixels) * 255).round().astype(np.uint8))
            image.save(temporary, format="PNG")
        on_step(done + 1, len(own), "drawing class pictures")
    crew.wait()
    return read_pictures(folder, items, on_step)


def _plan(prompt: str, number: int, settings: TrainSettings) -> Draw:
    side_px = settings.resolution_px or 0
    return Draw(
        prompt=prompt,
        negative="",
        seed=derive_seed(settings.seed, "prior", number) % _MAX_NOISE_SEED,
        steps=_STEPS,
        guidance=_GUIDANCE,
        sampler=_SAMPLER,
        width_px=side_px,
        height_px=side_px,
    )
