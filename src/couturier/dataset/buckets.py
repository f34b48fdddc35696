"""The aspect-ratio bucket of a picture: the shape it is trained in without cropping much."""

import math

STEP_PX = 64  # what a Stable Diffusion UNet halves three times after the autoencoder's eight


def choose_bucket(width: int, height: int, resolution_px: int) -> tuple[int, int]:
    """Choose the shape nearest to a picture's among those of no more than resolution² pixels.

    Args:
        width: Of the picture, pixels; likewise `height`.
        resolution_px: Side of the square that has as many pixels.

    Returns:
        Width and height, multiples of 64 (of 8 where the resolution is below 256), each from
        half to twice the resolution.

    Source:
        NovelAI 2022, "Improvements on Stable Diffusion", aspect ratio bucketing.
    """
    step = STEP_PX if resolution_px >= 4 * STEP_PX else 8
    least, most = max(step, resolution_px // 2), 2 * resolution_px
    sides = [side for side in range(step, most + 1, step) if side >= least] or [step]
    wanted = math.log(width / height)

    def cost(shape: tuple[int, int]) -> tuple[float, int]:
        return round(abs(math.log(shape[0] / shape[1]) - wanted), 6), -shape[0] * shape[1]

    area = max(resolution_px, step) ** 2
    shapes = [(w, area // w // step * step) for w in sides]
    return min(((w, h) for w, h in shapes if h in sides), key=cost, default=(step, step))
