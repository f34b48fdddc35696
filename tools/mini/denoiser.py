"""The UNet: noise prediction on cached latents, with garments' words held to their masks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModelWithProjection

from couturier.diffusion.compiled import double_by_repeating
from couturier.diffusion.heads import join_heads, split_heads
from tools.mini.autoencoder import LATENT_CHANNELS, load_autoencoder
from tools.mini.captions import write_caption
from tools.mini.checkpoints import Averaged, rate_at, read_average, restore_state, save_state
from tools.mini.photos import Pixels
from tools.mini.render import read_scenes
from tools.mini.scenes import SceneNotes
from tools.mini.towers import UNET_STATE, load_towers
from tools.mini.words import Encoder, load_tokenizer
from tools.mini.workers import join_workers, share_gradients

LATENTS = "cache/latents-train.npy"

# How often a scene of one to five garments is drawn, against a board of two.
SCENE_WEIGHTS = (0.6, 1.0, 1.5, 2.0, 2.5)

# The text tower's rate, as a share of the UNet's.
TEXT_PACE = 0.3

# Stable Diffusion v1's noise schedule.
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}


def build_unet() -> UNet2DConditionModel:
    """Make the untrained network: 6.1 M parameters, attention to words at 16 x 16, 8 x 8, 4 x 4."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(64, 96, 160),
        layers_per_block=1,
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=16,
    )


class PlainAttention:
    """An attention processor in plain steps, which can keep what it looked at.

    The fused kernel gives no probabilities, and on a processor without an accelerator it takes
    longer than this for heads as narrow as ours. It holds no weights, so nothing of it is saved.
    """

    def __init__(self, kept: list[Tensor] | None = None) -> None:
        self._kept = kept

    def __call__(
        self,
        attn: nn.Module,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **_: object,
    ) -> Tensor:
        """Attend to the words, or to the picture itself where there are none."""
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = split_heads(attn, hidden_states, source)
        share = (query * attn.scale @ key.transpose(-1, -2)).softmax(-1)
        if self._kept is not None:
            self._kept.append(share.float())  # (batch, heads, places, 77)
        out = join_heads(share.to(value.dtype) @ value)
        made: Tensor = attn.to_out[1](attn.to_out[0](out))
        return made


class Learner(nn.Module):
    """What is trained: the UNet, and the text tower that it reads sentences by."""

    def __init__(self, unet: UNet2DConditionModel, text: CLIPTextModelWithProjection) -> None:
        super().__init__()
        self.unet, self.text = unet, text
        text.set_attn_implementation("eager")  # the fused kernel's way back is slow on processors
        self._kept: list[Tensor] = []
        unet.set_attn_processor(
            {
                name: PlainAttention(self._kept if ".attn2." in name else None)
                for name in unet.attn_processors
            }
        )
        double_by_repeating(unet)

    def forward(
        self, noisy: Tensor, times: Tensor, ids: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Guess the noise; give with it what each attention to words saw, mean over heads.

        The shares are outputs, for what a compiled step keeps aside has no gradient.
        """
        self._kept.clear()
        states = self.text(ids).last_hidden_state
        guessed = self.unet(noisy, times, states, return_dict=False)[0]
        shares = tuple(share.mean(1) for share in self._kept)
        self._kept.clear()
        return guessed, shares


def score_words(
    shares: tuple[Tensor, ...], owners: Tensor, masks: Tensor, *, clear: Tensor
) -> Tensor:
    """Ask each garment's pixels to look at the garment's words.

    TokenCompose's idea (Wang et al. 2023, arXiv:2312.03626) as one cross entropy: at a pixel of a
    garment, minus the log of the share of attention, mean over heads, that its words get.

    Args:
        shares: Attention probabilities of each layer, mean over heads; shape (batch, places, 77).
        owners: The garment each token speaks of, or -1; shape (batch, 77).
        masks: Each garment's share of each latent pixel, 0..1; shape (batch, 5, 16, 16).
        clear: Weight of each picture: under heavy noise no pixel can know; shape (batch,).
    """
    number = torch.arange(masks.shape[1])
    spoken = (owners[:, None] == number[None, :, None]).float()  # (batch, 5, 77)
    named = (spoken.sum(-1) > 0).float()[:, :, None]
    total = shares[0].new_zeros(())
    for share in shares:
        places = share.shape[1]
        side = round(places**0.5)
        if side < 8:
            continue
        where = nn.functional.avg_pool2d(masks, 16 // side).flatten(2) * named  # (batch, 5, places)
        given = torch.einsum("bpt,bgt->bgp", share, spoken)
        losses = -(given + 1e-4).log() * where
        each = losses.sum((1, 2)) / where.sum((1, 2)).clamp(min=1.0)
        total = total + (each * clear).mean()
    return total / len(shares)


def cache_latents(work: Path, *, on_step: Callable[[int, int, str], None]) -> None:
    """Encode the training scenes once; float16, shape (n, 8, 16, 16), unscaled."""
    path = work / LATENTS
    if path.exists():
        return
    model = load_autoencoder(work)
    scenes = read_scenes(work, "train")
    made = np.empty((len(scenes.pixels), LATENT_CHANNELS, 16, 16), np.float16)
    for start in range(0, len(made), 64):
        made[start : start + 64] = encode(model, scenes.pixels[start : start + 64]).half().numpy()
        if start % 1024 == 0:
            on_step(start, len(made), "latents")
    beside = path.with_suffix(".partial.npy")
    np.save(beside, made)
    beside.rename(path)


@torch.no_grad()
def encode(model: AutoencoderKL, pixels: Pixels) -> Tensor:
    """Encode pictures to the mean of their latents, unscaled; shape (n, 8, 16, 16)."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    batch = batch.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        mean = model.encode(batch.float() / 127.5 - 1).latent_dist.mean
    return mean.float()


def find_scale(latents: np.ndarray) -> float:
    """Find the factor that brings latents to unit spread, as `scaling_factor` has it."""
    sample = latents[:: max(len(latents) // 2000, 1)].astype(np.float32)
    return float(1 / np.sqrt((sample**2).mean()))


def train_unet(
    work: Path,
    *,
    steps: int,
    batch: int = 40,
    peak: float = 1e-3,
    words_weight: float = 0.03,
    on_step: Callable[[int, int, str], None],
) -> None:
    """Train, or go on training, UNet and text tower on cached latents and fresh captions.

    Two processes of one thread each share a step's pictures where `torchrun --nproc-per-node 2`
    starts the part: on cores that others use too, threads that wait for each other at every
    operation lose far more than processes that wait once a step.
    """
    rank, size = join_workers()
    batch //= size
    scenes = read_scenes(work, "train")
    latents = np.load(work / LATENTS)
    notes = scenes.notes[: len(latents)]
    share = weigh_scenes(notes)
    scale = find_scale(latents)
    encoder = Encoder(load_tokenizer(work))
    nothing, _ = encoder.encode([])
    schedule = DDPMScheduler(**SCHEDULE)
    alpha_bar = schedule.alphas_cumprod
    torch.manual_seed(0)
    learner = Learner(build_unet().to(memory_format=torch.channels_last), load_towers(work).text)
    learner.requires_grad_(True).train()
    learner.text.text_projection.requires_grad_(False)  # the UNet reads the states before it
    groups = [
        {"params": learner.unet.parameters(), "pace": 1.0},
        {"params": learner.text.text_model.parameters(), "pace": TEXT_PACE},
    ]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    averaged = Averaged(learner, decay=0.999)
    state = work / UNET_STATE
    step = restore_state(state, learner, optimizer, averaged=averaged)
    guess = torch.compile(learner)
    saved = told = time.monotonic()
    sums = np.zeros(3)
    while step < steps:
        rng = np.random.default_rng((4, step, rank))
        torch.manual_seed(step * 16 + rank)
        rows = rng.choice(len(latents), batch, p=share)
        ids, owners = encoder.encode_batch([write_caption(notes[row], rng) for row in rows])
        blank = torch.from_numpy(rng.random(batch) < 0.1)
        ids[blank], owners[blank] = torch.from_numpy(nothing), -1
        clean = torch.from_numpy(latents[rows].astype(np.float32)) * scale
        masks = torch.from_numpy(scenes.owner[rows].astype(np.float32) / 255)
        noise = torch.randn_like(clean)
        times = torch.randint(0, 1000, (batch,))
        noisy = schedule.add_noise(clean, noise, times).contiguous(
            memory_format=torch.channels_last
        )
        rate = rate_at(step, steps=steps, peak=peak, warmup=200, decay=0.4)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["pace"]
        with torch.autocast("cpu", torch.bfloat16):
            guessed, shares = guess(noisy, times, ids)
        signal = alpha_bar[times]
        snr = signal / (1 - signal)
        error = (guessed.float() - noise).square().mean((1, 2, 3))
        fit = (error * snr.clamp(max=5.0) / snr).mean()
        words = score_words(shares, owners, masks, clear=signal.sqrt())
        loss = fit + words_weight * words
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if size > 1:
            share_gradients(learner, size)
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        step += 1
        if rank > 0:
            continue
        averaged.update(learner, step=step)
        sums += (error.mean().item(), words.item(), 1)
        if time.monotonic() - told > 20:
            on_step(step, steps, f"error {sums[0] / sums[2]:.4f} words {sums[1] / sums[2]:.3f}")
            told, sums = time.monotonic(), np.zeros(3)
        if time.monotonic() - saved > 120 or step == steps:
            save_state(
                state, learner, optimizer, averaged=averaged, step=step, extra={"scale": scale}
            )
            saved = time.monotonic()


def weigh_scenes(notes: list[SceneNotes]) -> np.ndarray:
    """Give each scene's share of the draws: boards of many garments are the hard ones."""
    weights = np.array([SCENE_WEIGHTS[len(note.garments) - 1] for note in notes])
    return np.asarray(weights / weights.sum())


def load_unet(work: Path) -> UNet2DConditionModel:
    """Load the averaged weights of the last checkpoint."""
    unet = build_unet()
    prefix = "unet."
    average = read_average(work / UNET_STATE) if (work / UNET_STATE).exists() else {}
    if average:
        unet.load_state_dict(
            {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}
        )
    return unet.eval().requires_grad_(False)


@torch.no_grad()
def draw_pictures(
    work: Path, prompts: list[str], *, seed: int, guidance: float = 5.0, steps: int = 20
) -> Pixels:
    """Draw one picture a prompt with the last checkpoint, by DDIM; shape (n, 128, 128, 3)."""
    unet = load_unet(work).to(memory_format=torch.channels_last)
    text, encoder = load_towers(work).text, Encoder(load_tokenizer(work))
    decoder = load_autoencoder(work)
    scale = find_scale(np.load(work / LATENTS, mmap_mode="r"))
    schedule = DDIMScheduler(**SCHEDULE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    schedule.set_timesteps(steps)
    ids, _ = encoder.encode_batch([[(prompt, 0)] for prompt in [*prompts, *[""] * len(prompts)]])
    states = text(ids).last_hidden_state
    random = torch.Generator().manual_seed(seed)
    state = torch.randn((len(prompts), LATENT_CHANNELS, 16, 16), generator=random)
    for time_step in schedule.timesteps:
        doubled = torch.cat([state, state]).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            guessed = unet(doubled, time_step, states).sample.float()
        asked, free = guessed.chunk(2)
        state = schedule.step(free + guidance * (asked - free), time_step, state).prev_sample
    with torch.autocast("cpu", torch.bfloat16):
        made = decoder.decode(state / scale).sample.float()
    return ((made + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
