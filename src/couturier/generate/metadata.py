"""Metadata: what a PNG says of its making, for other people's tools and for our own replay."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from couturier.errors import LooksError
from couturier.runs import couturier_version

FORMAT = 1
KEY = "couturier"
# Sampler and schedule as AUTOMATIC1111 calls them.
_A1111_NAMES = {
    "ddim": ("DDIM", "Automatic"),
    "pndm": ("PLMS", "Automatic"),
    "dpm++2m-karras": ("DPM++ 2M", "Karras"),
    "unipc": ("UniPC", "Automatic"),
    "euler": ("Euler", "Automatic"),
    "euler-a": ("Euler a", "Automatic"),
}
AI_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="{AI_SOURCE}"/></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class Making:
    """How a picture was made, as its PNG tells it.

    Attributes:
        prompt: The sentence.
        seed: Of the starting noise.
        settings: All that changes a pixel, as in `Look.settings`.
        safety: The verdict, as in `Look.safety`.
        receipt: The colour receipt, as in `Look.receipt`.
        pixels: SHA-256 of what was drawn, before anything was blacked out.
        environment: Versions, threads and the processor's instructions.
        faithful: What the ladder of `--faithful verify` decided, as `faithful.Climb` tells it;
            empty where there was nothing to decide.
    """

    prompt: str
    seed: int
    settings: dict[str, Any]
    safety: dict[str, Any]
    receipt: tuple[dict[str, Any], ...]
    pixels: str
    environment: dict[str, Any]
    faithful: dict[str, Any] = field(default_factory=dict)


def write_picture(path: Path, image: Image.Image, making: Making) -> None:
    """Write a PNG with the metadata of `making`; `path` itself is written to, in place."""
    image.save(path, format="PNG", pnginfo=build_info(image.size, making))


def build_info(size_px: tuple[int, int], making: Making) -> PngInfo:
    """Build the PNG's text chunks.

    Args:
        size_px: Width and height.
        making: How the picture was made.
    """
    info = PngInfo()
    info.add_text("parameters", format_parameters(size_px, making))
    row = {"format": FORMAT, **vars(making)}
    info.add_text(KEY, json.dumps(row, allow_nan=False))
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    return info


def format_parameters(size_px: tuple[int, int], making: Making) -> str:
    """Write the `parameters` text that AUTOMATIC1111 defined and most tools read."""
    settings = making.settings
    sampler, schedule = _A1111_NAMES[settings["sampler"]]
    facts = {
        "Steps": settings["steps"],
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{settings['guidance']:g}",
        "Seed": making.seed,
        "Size": f"{size_px[0]}x{size_px[1]}",
        "Model hash": settings["base_hash"][:10],
        "Model": _plain(settings["base"]),
        **_lora_hashes(settings),
        **({"Postprocess upscaler": _plain(settings["upscale"])} if "upscale" in settings else {}),
        "Version": f"couturier {couturier_version()}",
    }
    lines = [making.prompt]
    if settings["negative"]:
        lines += [f"Negative prompt: {settings['negative']}"]
    lines += [", ".join(f"{key}: {value}" for key, value in facts.items())]
    return "\n".join(lines)


def read_making(path: Path) -> Making:
    """Read how a picture was made from its `couturier` text.

    Raises:
        LooksError: no picture, no couturier picture, or one of a newer couturier.
    """
    text = _read_chunks(path).get(KEY)
    if text is None:
        raise LooksError(
            f"{path}: no `{KEY}` text in it, so nobody can tell how it was drawn",
            fix="give a PNG that `couturier generate` wrote and that no program has saved anew",
        )
    try:
        row = json.loads(text)
        n_format = row.pop("format")
        making = Making(**{**row, "receipt": tuple(row["receipt"])})
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise LooksError(
            f"{path}: its `{KEY}` text is damaged or of another format ({fault})",
            fix="use the couturier version that drew it, or draw the picture anew",
        ) from fault
    if n_format != FORMAT:
        raise LooksError(
            f"{path}: metadata format {n_format}, this couturier reads {FORMAT}",
            fix="upgrade couturier",
        )
    return making


def hash_pixels(image: Image.Image) -> str:
    """Give the SHA-256 of a picture's size and RGB bytes as 64 hex digits."""
    picture = image.convert("RGB")
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()


def hash_lora_for_a1111(weights: Path) -> str:
    """Give the 12 digits by which AUTOMATIC1111 knows a LoRA: SHA-256 of all but the header."""
    digest = hashlib.sha256()
    with weights.open("rb") as data:
        header_bytes = int.from_bytes(data.read(8), "little")
        data.seek(8 + header_bytes)
        while chunk := data.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:12]


def _read_chunks(path: Path) -> Mapping[str, str]:
    try:
        with Image.open(path) as image:
            image.load()  # text may stand behind the pixels
            return dict(getattr(image, "text", {}))
    except UnidentifiedImageError as fault:
        raise LooksError(f"{path}: no picture", fix="give a PNG") from fault
    except (OSError, SyntaxError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise LooksError(
            f"{path}: cannot be read ({reason})", fix="check the path, or draw the picture anew"
        ) from fault


def _lora_hashes(settings: Mapping[str, Any]) -> dict[str, str]:
    if not settings["lora"]:
        return {}
    pairs = zip(settings["lora"], settings["lora_hash_a1111"], strict=True)
    return {
        "Lora hashes": '"' + ", ".join(f"{_plain(name)}: {digest}" for name, digest in pairs) + '"'
    }


def _plain(name: str) -> str:
    """Give the last part of a path, without the signs that separate entries."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name
    return "".join(c for c in last if c not in ',:"\n\r').strip() or "model"
