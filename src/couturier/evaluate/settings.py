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
        description="Search the training pictures for those a look copies; about 0.1 s a picture.",
    )
    likeness_pictures: int = Field(
        default=5000,
        ge=2,
        description="Training pictures the looks are compared with, at most; a seeded draw where "
        "the data set holds more. Each costs 20 ms and 40 kB of memory; what is not drawn can "
        "be copied unseen.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the draw of training pictures.")
