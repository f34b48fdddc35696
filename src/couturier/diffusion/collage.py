"""Collages: things drawn alone in few steps, set side by side small, and drawn on together.

A base draws one thing far more surely than several at once. So each thing is first drawn by its
own sentence, all in one batch and in few steps; it is cut out of its plain ground, shrunk into
its box and noised again, and the whole sentence draws on from there (the start is SDEdit's: Meng
et al. 2022, arXiv:2108.01073). What grows from it is one picture, in which nothing was left out,
drawn twice or swapped to begin with. Costs no gradients. Things are shrunk as pixels: latents
that are shrunk decode to a blur, from which the base draws something else (docs/log.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from couturier.diffusion.beginning import Beginning, encode_picture
from couturier.diffusion.layout import Box
from couturier.diffusion.prediction import decode
from couturier.diffusion.sampling import Draw, list_tensors, silence_numpy_2
from couturier.diffusion.shortcut import end_guidance
from couturier.seeds import derive_seed

STEPS_ALONE = 6
_GUIDED_STEPS = 4  # of those, the ones with classifier-free guidance

Picture = NDArray[np.float32]

_STANDS_OFF = 0.08  # of the range of a colour channel: what is nearer to the ground is ground
_PLAIN_SHARE = 0.6  # of the rim that must be ground
_SPECK_SHARE = 0.03  # of a row or column; fewer pixels are specks
_GAP_SHARE = 0.04  # of the picture's shorter side, left free between things
_SOFT_PX = 0.7  # of a cut-out's edge


@dataclass(frozen=True)
class Collage:
    """What to draw alone, and where to put it.

    Attributes:
        sentences: One a thing.
        boxes: Where each goes.
        share: Of the whole drawing's steps, the last ones, that draw on with the whole sentence;
            over 0 to 1. More makes it more of one picture, less holds more to its parts; both
            were chosen on mini (docs/log.md).
    """

    sentences: tuple[str, ...]
    boxes: tuple[Box, ...]
    share: float = 0.5


def begin_with_collage(pipeline: Any, draw: Draw, collage: Collage) -> Beginning | None:
    """Draw a collage's things alone and lay them out as the beginning of a drawing.

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: What will be drawn from there.
        collage: What to draw alone, and where to put it.

    Returns:
        The beginning; None where things cannot be cut out, as `lay_out` says.
    """
    alone = [decode(pipeline, one[None]) for one in draw_alone(pipeline, draw, collage.sentences)]
    picture = lay_out(alone, collage.boxes, (draw.height_px, draw.width_px))
    return _begin(pipeline, draw, collage, picture) if picture is not None else None


def begin_again_inside(
    pipeline: Any, draw: Draw, collage: Collage, picture: NDArray[np.float32]
) -> Beginning | None:
    """Draw things alone and put them into a finished picture, of which all else is kept.

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: What will be drawn from there; its size is the picture's.
        collage: What to put where.
        picture: 0 to 1; (height, width, 3).

    Returns:
        As `begin_with_collage`.
    """
    alone = draw_alone(pipeline, draw, collage.sentences)
    cuts = _cut_all([decode(pipeline, one[None]) for one in alone])
    if cuts is None:
        return None
    scale = pipeline.vae_scale_factor
    inside = torch.zeros(draw.height_px // scale, draw.width_px // scale)
    canvas, ground = picture.copy(), _find_ground(picture)
    for cut, box in zip(cuts, collage.boxes, strict=True):
        cells = _find_cells(box, inside.shape)
        inside[cells] = 1
        canvas[tuple(slice(c.start * scale, c.stop * scale) for c in cells)] = ground
        _paste(canvas, cut, box)
    return _begin(pipeline, draw, collage, canvas, inside)


def _begin(
    pipeline: Any, draw: Draw, collage: Collage, picture: Picture, inside: Tensor | None = None
) -> Beginning:
    latents = encode_picture(pipeline, torch.from_numpy(picture))
    return Beginning(latents, max(collage.share, 1 / draw.steps), inside)


def lay_out(
    alone: Sequence[Picture], boxes: Sequence[Box], shape: tuple[int, int]
) -> Picture | None:
    """Put things drawn alone into their boxes.

    Args:
        alone: 0 to 1; each (height, width, 3).
        boxes: One a thing.
        shape: Height and width of the picture, in pixels.

    Returns:
        Shape (*shape, 3); None where a thing does not stand before a plain ground, as in a
        photograph of somebody in a street: those cannot be cut out.
    """
    cuts = _cut_all(alone)
    if cuts is None:
        return None
    canvas = np.empty((*shape, 3), np.float32)
    canvas[:] = np.median([_find_ground(one) for one in alone], axis=0)
    for cut, box in zip(cuts, boxes, strict=True):
        _paste(canvas, cut, box)
    return canvas


def cut_out(picture: Picture) -> Picture | None:
    """Cut a thing out of its plain ground.

    Args:
        picture: 0 to 1; (height, width, 3).

    Returns:
        The rectangle that holds it with its opacity, (height, width, 4); None where the ground is
        not plain or nothing stands before it.
    """
    if not np.isfinite(picture).all():
        return None
    ground = _find_ground(picture)
    stands = np.abs(picture - ground).max(-1) > _STANDS_OFF
    rim = np.concatenate([stands[0], stands[-1], stands[:, 0], stands[:, -1]])
    if 1 - rim.mean() < _PLAIN_SHARE:
        return None
    rows, columns = (np.flatnonzero(stands.mean(axis) > _SPECK_SHARE) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return None
    # A white shirt before white shows its outline and folds only; what they enclose is shirt too.
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(stands, iterations=2) | stands)
    soft = ndimage.gaussian_filter(ndimage.binary_dilation(filled).astype(np.float32), _SOFT_PX)
    whole = np.concatenate([picture, soft[..., None]], axis=-1)
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw_alone(pipeline: Any, draw: Draw, sentences: Sequence[str]) -> Tensor:
    """Draw things by themselves, in one batch, at the size the base was made for.

    Args:
        pipeline: A diffusers pipeline of a Stable Diffusion; left as it was.
        draw: Whose guidance and negative prompt count, and whose seed the noise is derived from.
        sentences: One a thing.

    Returns:
        Clean latents, (things, channels, height, width).
    """
    unet, own = pipeline.unet, (pipeline.scheduler, getattr(pipeline, "safety_checker", None))
    side = unet.config.sample_size
    shape = (side, side) if isinstance(side, int) else tuple(side)
    noise = [
        torch.randn((unet.config.in_channels, *shape), generator=_seed_noise(draw.seed, number))
        for number in range(len(sentences))
    ]
    pipeline.scheduler = _build_quick(pipeline.scheduler.config)
    pipeline.safety_checker = None
    try:
        with silence_numpy_2():
            drawn: Tensor = pipeline(
                prompt=list(sentences),
                negative_prompt=[draw.negative] * len(sentences) if draw.negative else None,
                num_inference_steps=min(STEPS_ALONE, draw.steps),
                guidance_scale=draw.guidance,
                height=shape[0] * pipeline.vae_scale_factor,
                width=shape[1] * pipeline.vae_scale_factor,
                latents=torch.stack(noise).to(unet.device, unet.dtype),
                output_type="latent",
                callback_on_step_end=_end_guidance_early,
                callback_on_step_end_tensor_inputs=list_tensors(pipeline),
            ).images
    finally:
        pipeline.scheduler, pipeline.safety_checker = own
    return drawn


def _end_guidance_early(
    pipeline: Any, step: int, _timestep: Any, kept: dict[str, Any]
) -> dict[str, Any]:
    if step + 1 == _GUIDED_STEPS and pipeline.do_classifier_free_guidance:
        end_guidance(pipeline, kept)
    return kept


def _cut_all(pictures: Sequence[Picture]) -> list[Picture] | None:
    cuts = [cut for one in pictures if (cut := cut_out(one)) is not None]
    return cuts if len(cuts) == len(pictures) else None


def _build_quick(config: Any) -> Any:
    """Build the sampler that needs the fewest steps: it begins at noise alone, evenly spaced.

    Of 60 things drawn by mini in 6 steps 98 % come out right, with Karras' spacing 78 %.
    """
    with silence_numpy_2():
        return DPMSolverMultistepScheduler.from_config(
            config,
            algorithm_type="dpmsolver++",
            timestep_spacing="trailing",
            use_karras_sigmas=False,
        )


def _seed_noise(seed: int, number: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(derive_seed(seed, "alone", number))


def _find_ground(picture: Picture) -> NDArray[np.float32]:
    """Give the main colour of a picture's rim."""
    rim = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    return np.asarray(np.median(np.concatenate(rim), axis=0), np.float32)


def _paste(canvas: Picture, piece: Picture, box: Box) -> None:
    """Shrink a piece into the middle of its box, a gap around it; its proportions stay."""
    rows, columns = _find_cells(box, canvas.shape[:2])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    gap = round(_GAP_SHARE * min(canvas.shape[:2]))
    room = max(height - gap, 1), max(width - gap, 1)
    scale = min(room[0] / piece.shape[0], room[1] / piece.shape[1])
    size = tuple(max(round(side * scale), 1) for side in piece.shape[:2])
    whole = torch.from_numpy(piece).permute(2, 0, 1)[None]
    small = nn.functional.interpolate(
        whole, size, mode="bicubic", antialias=True, align_corners=False
    )
    sized = small[0].clamp(0, 1).permute(1, 2, 0).numpy()
    y, x = rows.start + (height - size[0]) // 2, columns.start + (width - size[1]) // 2
    below = canvas[y : y + size[0], x : x + size[1]]
    below += sized[..., 3:] * (sized[..., :3] - below)


def _find_cells(box: Box, shape: Sequence[int]) -> tuple[slice, slice]:
    """Give the rows and columns that a box takes of so many; at least one of each."""
    height, width = shape
    top, left = min(round(box[1] * height), height - 1), min(round(box[0] * width), width - 1)
    bottom, right = max(round(box[3] * height), top + 1), max(round(box[2] * width), left + 1)
    return slice(top, bottom), slice(left, right)
