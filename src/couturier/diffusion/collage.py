"""Collages: things drawn alone in few steps, set side by side small, and drawn on together.

A base draws one thing far more surely than several at once. So each thing is first drawn by its
own sentence, all in one batch and in few steps; its latents are cut out of their plain ground,
shrunk into its box and noised again, and the whole sentence draws on from there (the start is
SDEdit's: Meng et al. 2022, arXiv:2108.01073). What grows from it is one picture, in which nothing
was left out, drawn twice or swapped to begin with. Costs no gradients and no decoding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from couturier.diffusion.beginning import Beginning, encode_picture
from couturier.diffusion.layout import Box
from couturier.diffusion.sampling import Draw, build_scheduler, silence_numpy_2
from couturier.seeds import derive_seed

STEPS_ALONE = 6

_STANDS_OFF = 0.25  # of the largest distance from the ground: less is ground
_PLAIN_SHARE = 0.6  # of the rim that must be ground
_SPECK_SHARE = 0.04  # of a row or column; fewer cells are specks


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
    scale = pipeline.vae_scale_factor
    shape = draw.height_px // scale, draw.width_px // scale
    latents = lay_out(draw_alone(pipeline, draw, collage.sentences), collage.boxes, shape)
    return Beginning(latents, collage.share) if latents is not None else None


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
    canvas = encode_picture(pipeline, torch.from_numpy(picture))[0]
    cuts = [cut_out(one) for one in draw_alone(pipeline, draw, collage.sentences)]
    if not all(cuts):
        return None
    inside = torch.zeros(canvas.shape[-2:])
    for cut, box in zip(cuts, collage.boxes, strict=True):
        assert cut
        rows, columns = _find_cells(box, inside.shape)
        canvas[:, rows, columns] = cut[1][:, None, None]
        inside[rows, columns] = 1
        _paste(canvas, cut[0], box)
    return Beginning(canvas[None], collage.share, inside)


def lay_out(alone: Tensor, boxes: Sequence[Box], shape: tuple[int, int]) -> Tensor | None:
    """Put things drawn alone into their boxes.

    Args:
        alone: Their clean latents; (things, channels, height, width).
        boxes: One a thing.
        shape: Height and width of the picture's latents.

    Returns:
        Latents, (1, channels, *shape); None where a thing does not stand before a plain ground,
        as in a photograph of somebody in a street: those cannot be cut out.
    """
    cuts = [cut_out(one) for one in alone]
    if not all(cuts):
        return None
    grounds = torch.stack([cut[1] for cut in cuts if cut])
    canvas = grounds.median(0).values[:, None, None].expand(-1, *shape).clone()
    for cut, box in zip(cuts, boxes, strict=True):
        assert cut
        _paste(canvas, cut[0], box)
    return canvas[None]


def cut_out(latents: Tensor) -> tuple[Tensor, Tensor] | None:
    """Cut a thing out of its plain ground, as the rectangle that holds it.

    Args:
        latents: Clean ones; (channels, height, width).

    Returns:
        The rectangle, (channels, height, width), and the ground, (channels,); None where the
        ground is not plain or nothing stands before it.
    """
    rim = torch.cat([latents[:, 0], latents[:, -1], latents[:, :, 0], latents[:, :, -1]], 1)
    ground = rim.median(1).values
    apart = (latents - ground[:, None, None]).norm(dim=0)
    least = _STANDS_OFF * float(apart.max())
    plain = float(((rim - ground[:, None]).norm(dim=0) < least).float().mean())
    if not plain >= _PLAIN_SHARE:
        return None
    stands = (apart > least).float()
    rows = (stands.mean(1) > _SPECK_SHARE).nonzero().flatten().tolist()
    columns = (stands.mean(0) > _SPECK_SHARE).nonzero().flatten().tolist()
    if not rows or not columns:
        return None
    return latents[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], ground


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
    pipeline.scheduler = build_scheduler("dpm++2m-karras", pipeline.scheduler.config)
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
            ).images
    finally:
        pipeline.scheduler, pipeline.safety_checker = own
    return drawn


def _seed_noise(seed: int, number: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(derive_seed(seed, "alone", number))


def _paste(canvas: Tensor, piece: Tensor, box: Box) -> None:
    """Shrink a piece into the middle of its box, a cell's gap around it; its proportions stay."""
    rows, columns = _find_cells(box, canvas.shape[-2:])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    room = max(height - 1, 1), max(width - 1, 1)
    scale = min(room[0] / piece.shape[1], room[1] / piece.shape[2])
    size = tuple(max(round(side * scale), 1) for side in piece.shape[1:])
    small = nn.functional.interpolate(
        piece[None].float(), size, mode="bicubic", antialias=True, align_corners=False
    )[0]
    y, x = rows.start + (height - size[0]) // 2, columns.start + (width - size[1]) // 2
    canvas[:, y : y + size[0], x : x + size[1]] = small.to(canvas.dtype)


def _find_cells(box: Box, shape: Sequence[int]) -> tuple[slice, slice]:
    """Give the rows and columns that a box takes of so many; at least one of each."""
    height, width = shape
    top, left = min(round(box[1] * height), height - 1), min(round(box[0] * width), width - 1)
    bottom, right = max(round(box[3] * height), top + 1), max(round(box[2] * width), left + 1)
    return slice(top, bottom), slice(left, right)
