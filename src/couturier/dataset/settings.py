"""What `couturier dataset` can be told: size, quality, captions, split."""

import string
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from couturier.catalogue.columns import split_pair
from couturier.settings import Settings

AUTO, DESCRIPTION = "auto", "description"


class DatasetSettings(Settings):
    """How pictures are compressed, what their captions say, and which are held out."""

    map: tuple[str, ...] = Field(
        (),
        description="Which column of the shop's is what, where the names do not say it, as in "
        '["id=sku", "text=body"]: id, title, text and images, or any other field a caption '
        "template or the garment grammar takes (colour, material, product_type).",
    )
    size_px: int = Field(
        512,
        ge=16,
        le=8192,
        description="Longest side of the compressed pictures, pixels; smaller ones are never "
        "enlarged. Train at the same resolution: more costs disk and time, less costs detail.",
    )
    quality: int = Field(
        90,
        ge=1,
        le=95,
        description="JPEG quality, 1 to 95. 90 keeps colours within a median ΔE2000 of 1; higher "
        "only makes files larger.",
    )
    picture_format: Literal["jpg", "png"] = Field(
        "jpg",
        description="jpg: small files. png: lossless, five to ten times the size; for drawings.",
    )
    chroma: Literal["4:2:0", "4:4:4"] = Field(
        "4:2:0",
        description="4:2:0: colours at half the sharpness of brightness, as all shops' JPEGs "
        "have them; the garments' median ΔE2000 stays at 0.7. 4:4:4: full sharpness for files a "
        "seventh larger; for narrow stripes of strong colours (ΔE2000 0.8 against 12 at 3 pixels).",
    )
    background: str = Field(
        "#ffffff",
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="Colour laid under transparent pictures, as in #f4f0ea; the shop's own "
        "backdrop teaches best.",
    )
    caption: str = Field(
        AUTO,
        description="auto: what can be seen first, then the shop's copy as far as 77 tokens go. "
        "description: the copy as it is, as the original did. Or a template such as "
        '"{colour} {kind}, {title}" over any field of the rows.',
    )
    held_out_share: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of the products kept out of training to measure on, 0 to 0.5; chosen "
        "by product, so that no other picture of a held-out product is trained on.",
    )
    seed: int = Field(0, ge=0, description="Chooses which products are held out.")
    min_side_px: int = Field(
        16,
        ge=1,
        le=8192,
        description="Pictures whose longer side is shorter than this are left out, pixels. Those "
        "under 64 are told in any case.",
    )
    max_megapixels: float = Field(
        200.0,
        gt=0,
        le=2000,
        description="Pictures larger than this are left out before they are decoded, millions of "
        "pixels; each million takes 3 MB of memory a worker.",
    )
    rare_below: int = Field(
        5,
        ge=0,
        le=1000,
        description="Kinds of garment with fewer pictures than this are told: too few to learn "
        "from. Catalogues of fewer than four times as many pictures are spared; 0 tells none.",
    )
    download: bool = Field(
        False,
        description="Fetch the pictures that rows name by web address, 8 at once, and keep them "
        "in couturier's own folder (~/.cache/couturier/downloads, or $COUTURIER_HOME): for a day "
        "they are taken as they are, then the shop is asked whether they have changed.",
    )
    allow_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts that pictures may be fetched from though they are not public, as in "
        '["media.intern", "localhost:8080"].',
    )
    max_download_mb: float = Field(
        50.0, gt=0, le=2000, description="Larger pictures are not fetched, megabytes each."
    )
    workers: int = Field(
        0,
        ge=0,
        le=64,
        description="Pictures worked on at once; 0 means one a processor core, 8 at most.",
    )
    strict: bool = Field(
        False, description="Refuse the whole catalogue if anything of it must be left out."
    )

    @field_validator("map")
    @classmethod
    def _are_pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        fields = [split_pair(pair)[0] for pair in value]
        if twice := sorted({f for f in fields if fields.count(f) > 1} - {"file_name"}):
            raise ValueError(f"{', '.join(twice)} is mapped twice; only images may be")
        return value

    @field_validator("caption")
    @classmethod
    def _is_caption(cls, value: str) -> str:
        if value in (AUTO, DESCRIPTION):
            return value
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as fault:
            raise ValueError(f"no template ({fault}); write {{field}} for a field") from fault
        # Only plain names: "{title.__class__}" and "{0!r:>99}" would reach into Python itself.
        for _, name, layout, conversion in parts:
            if name is not None and (layout or conversion or not name.isidentifier()):
                raise ValueError(f"'{{{name}}}' is no field; write plain names such as {{title}}")
        if not any(name for _, name, _, _ in parts):
            raise ValueError("names no field; write auto, description or a template with {title}")
        return value

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.min_side_px > self.size_px:
            raise ValueError(f"min_side_px {self.min_side_px} is above size_px {self.size_px}")
        return self
