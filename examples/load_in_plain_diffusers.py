"""Draw with a couturier adapter in plain diffusers, without couturier.

    python examples/load_in_plain_diffusers.py BASE_FOLDER models/NAME "a red dress" out.png

`couturier doctor --json` names the folder of the embedded base under "bases".
"""

import sys

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline


def main(base: str, run: str, prompt: str, out: str) -> None:
    """Load base and adapter, draw one picture with seed 1, and save it."""
    pipe = StableDiffusionPipeline.from_pretrained(base, use_safetensors=True)
    pipe.load_lora_weights(f"{run}/final_tensors")
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(
        pipe.scheduler.config, use_karras_sigmas=True
    )
    noise = torch.Generator("cpu").manual_seed(1)
    image = pipe(prompt, num_inference_steps=20, guidance_scale=7.5, generator=noise).images[0]
    image.save(out)


if __name__ == "__main__":
    main(*sys.argv[1:5])
