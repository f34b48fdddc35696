"""Attention guidance: words that belong together look at one place, others look elsewhere.

On the first part of the steps, where layout and colours are settled. Two means, both steered by
the slots that the first step's attention leans to (`layout.choose_slots`):

- a step down the gradient of a loss on the attention of half the UNet, once a step: every thing
  is looked for in its slot and not in the others', and a thing's noun and modifiers look at the
  same places (SynGen: Rassin et al. 2023, arXiv:2306.08877; the slots take the place of its
  repulsion of unrelated words and of Attend-and-Excite's search for neglected ones, Chefer et
  al. 2023, arXiv:2301.13826);
- a lean on the logits of the drawing's own steps, which costs nothing: a slot's places look more
  at its own thing's words and less at the others'.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from couturier.diffusion.attention import WordGroup, WordWatch, read_shares, watch_words
from couturier.diffusion.layout import choose_slots

_EPSILON = 1e-3


@dataclass(frozen=True)
class Guide:
    """What to hold a drawing to, and how hard; the strengths were chosen on mini (docs/log.md).

    Attributes:
        groups: The words of each thing.
        gradient_share: Share of the steps before which the latents go down the gradient.
        gradient_step: Length of that step, root mean square, in units of the UNet's input.
        own: Added to the logits of a slot's own words; in natural logarithms.
        own_share: Share of the steps that it lasts.
        other: Taken off the logits of the words of other slots' things.
        other_share: Share of the steps that it lasts.
    """

    groups: tuple[WordGroup, ...]
    gradient_share: float = 0.25
    gradient_step: float = 0.03
    own: float = 2.0
    own_share: float = 0.2
    other: float = 4.0
    other_share: float = 0.4


class _EnoughError(Exception):
    """Ends a pass through the UNet as soon as the attention needed has been seen."""


class Guidance:
    """One guided drawing; after each step it moves the latents and sets the next one's lean."""

    def __init__(self, pipeline: Any, guide: Guide, watch: WordWatch, *, n_steps: int) -> None:
        self._unet = pipeline.unet
        self._scheduler = pipeline.scheduler
        self._guide = guide
        self._watch = watch
        self._n_steps = n_steps
        self._conditions: dict[str, Any] = {}
        self._slots: Tensor | None = None
        self._only_half = False
        watch.keep = True  # in the first step, for the layout

    def after_step(self, step: int, latents: Tensor) -> Tensor:
        """Give the latents to go on with.

        Args:
            step: Steps done.
            latents: Shape (1, channels, height, width).
        """
        guide = self._guide
        if self._slots is None:
            self._slots = choose_slots(read_shares(self._watch, guide.groups).cpu())
            self._watch.keep, self._watch.kept = False, []
        if step <= self._count(guide.gradient_share) and step < self._n_steps:
            latents = self._descend(latents, self._scheduler.timesteps[step])
        self._watch.set_lean(self._build_lean(step, latents))
        return latents

    def remember(self, _unet: Any, _inputs: Any, given: dict[str, Any]) -> None:
        """Keep what the pipeline gives its UNet beside latents, of the half with the sentence."""
        if not self._only_half and not self._conditions:
            self._conditions = {"encoder_hidden_states": given["encoder_hidden_states"][-1:]}
            if added := given.get("added_cond_kwargs"):
                rows = {name: value[-1:] for name, value in added.items()}
                self._conditions["added_cond_kwargs"] = rows

    def stop_early(self, *_: Any) -> None:
        """End a pass that only asks for attention."""
        if self._only_half:
            raise _EnoughError

    def _count(self, share: float) -> int:
        return max(round(share * self._n_steps), 1)

    def _descend(self, latents: Tensor, timestep: Tensor) -> Tensor:
        with torch.enable_grad():
            start = self._scheduler.scale_model_input(latents.detach(), timestep)
            moved = start.clone().requires_grad_()
            shares, watch = self._look(moved, timestep), self._watch
            loss = self._score(shares, watch)
            (gradient,) = torch.autograd.grad(loss, moved)
        watch.kept = []
        size = gradient.float().pow(2).mean().sqrt()
        if not torch.isfinite(size) or size == 0:
            return latents
        # Some samplers keep latents scaled up against the UNet's input; the step grows with them.
        scale = latents.abs().mean() / start.abs().mean()
        moved_by: Tensor = scale * self._guide.gradient_step * gradient / size
        return latents - moved_by

    def _look(self, latents: Tensor, timestep: Tensor) -> Tensor:
        self._watch.set_lean(None)
        self._watch.keep, self._watch.kept, self._only_half = True, [], True
        try:
            self._unet(latents, timestep, **self._conditions)
        except _EnoughError:
            pass
        finally:
            self._watch.keep, self._only_half = False, False
        return read_shares(self._watch, self._guide.groups)

    def _score(self, shares: Tensor, watch: WordWatch) -> Tensor:
        """Score attention against the slots: 0 where every thing is in its own and nowhere else."""
        assert self._slots is not None
        slots = self._slots.to(shares.device)
        others = slots.sum(0, keepdim=True) - slots
        area = slots.sum((1, 2))
        present = -((shares + _EPSILON).log() * slots).sum((1, 2)) / area
        apart = -((1 - shares).clamp(min=_EPSILON).log() * others).sum((1, 2)) / area
        return (present + apart).mean() + _score_unity(watch, self._guide.groups)

    def _build_lean(self, step: int, latents: Tensor) -> Tensor | None:
        """Build the lean of the step that comes next; (words, height, width), or None."""
        guide = self._guide
        own = guide.own if step <= self._count(guide.own_share) else 0.0
        other = guide.other if step <= self._count(guide.other_share) else 0.0
        if self._slots is None or not (own or other):
            return None
        n_words = self._conditions["encoder_hidden_states"].shape[1]
        lean = torch.zeros(n_words, *self._slots.shape[1:])
        taken = self._slots.sum(0)
        for group, slot in zip(guide.groups, self._slots, strict=True):
            lean[list(group.all)] += own * slot - other * (taken - slot)
        return lean.to(latents.device)


@contextmanager
def guide_steps(
    pipeline: Any, guide: Guide, *, n_steps: int, shape: tuple[int, int]
) -> Iterator[Guidance]:
    """Guide the drawing that runs inside; afterwards the pipeline is as it was.

    Args:
        pipeline: With the scheduler it will draw with.
        guide: What to hold the drawing to.
        n_steps: Of the drawing.
        shape: Height and width of the latents.
    """
    with watch_words(pipeline.unet, shape) as watch:
        guidance = Guidance(pipeline, guide, watch, n_steps=n_steps)
        hooks = [
            pipeline.unet.register_forward_pre_hook(guidance.remember, with_kwargs=True),
            _find_last_needed(pipeline.unet).register_forward_hook(guidance.stop_early),
        ]
        try:
            yield guidance
        finally:
            for hook in hooks:
                hook.remove()


def _find_last_needed(unet: Any) -> Any:
    """Find the module after which the pass is ended: the first block up that attends to words.

    Its attention is the sharpest of all layers for its cost (measured on mini: the blocks down see
    the words before they see the picture's layout).
    """
    names = [name.removesuffix(".processor") for name in unet.attn_processors if ".attn2." in name]
    up = [name for name in names if name.startswith("up_blocks")]
    block = up[0].split(".")[1] if up else ""
    last = [name for name in up if name.split(".")[1] == block][-1] if up else names[-1]
    return unet.get_submodule(last)


def _score_unity(watch: WordWatch, groups: Sequence[WordGroup]) -> Tensor:
    """Score how far the maps of nouns and their modifiers are from one another, 0 for equal.

    Source:
        SynGen's attraction, with the total variation of the two maps in place of its symmetric
        divergence: it stays bounded where one map is empty.
    """
    gaps = []
    for group in groups:
        if not group.modifiers:
            continue
        for share in watch.kept:
            maps = [share[:, list(part)].mean(1) for part in (group.nouns, group.modifiers)]
            noun, modifier = (one / one.sum().clamp(min=_EPSILON) for one in maps)
            gaps.append((noun - modifier).abs().sum() / 2)
    return torch.stack(gaps).mean() if gaps else watch.kept[0].new_zeros(())
