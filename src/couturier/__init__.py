"""Teaches Stable Diffusion a fashion brand's catalogue and checks what it draws."""
