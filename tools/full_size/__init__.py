"""The true Stable Diffusion 1.4 configuration with random weights, and what it costs to run."""
