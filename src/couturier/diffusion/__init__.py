"""Stable Diffusion's numerics: bases, adapters, noise, sampling; knows nothing of clothes."""
