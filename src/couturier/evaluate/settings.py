"""What `couturier evaluate` can be told."""

from pydantic import Field

from couturier.settings import Settings


class EvaluateSettings(Settings):
    """Settings of the evaluate stage."""

    segmenter: str = Field(
        default="mini",
        description="Garment segmenter: mini, a folder holding one, or none (then only single "
        "garments before a plain ground are judged, the rest is counted as unsure).",
    )
    text_image: bool = Field(
        default=True,
        description="Measure the text-image cosine with mini's vision tower; costs about 20 ms "
        "a picture.",
    )
    tower: str = Field(
        default="mini",
        description="What turns pictures into vectors for KID, CMMD, precision and recall: mini, "
        "none, or a folder with CLIP, SigLIP or DINOv2 in transformers' format.",
    )
    copies: bool = Field(
        default=True,
        description="Search the training pictures for those a look copies; about 0.15 s a picture.",
    )
    likeness_pictures: int = Field(
        default=5000,
        ge=2,
        description="Training pictures the looks are compared with, at most; a seeded draw where "
        "the data set holds more. Each costs 20 ms and 60 kB of memory; what is not drawn can "
        "be copied unseen.",
    )
    safety_pictures: int = Field(
        default=200,
        ge=0,
        description="Photographs of the data set that the base's safety checker is asked about, to "
        "tell how often it is wrong; 0 asks none. Mini's takes 10 ms each, Stable Diffusion's a "
        "second on a processor.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the draw of training pictures.")
