"""The embedded base: a whole Stable Diffusion v1 in small, its vision tower and its segmenter."""
