"""Content credentials: a signed C2PA manifest in each picture that says a machine made it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from couturier.errors import MissingExtraError, SettingsError
from couturier.generate.metadata import AI_SOURCE
from couturier.runs import couturier_version

Sign = Callable[[bytes, str], bytes]

_FORMAT = "image/png"
_MISSING = "signing needs the extra 'sign'"
_FIX = (
    "give one PEM file with the certificate, its chain and the private key, of a key that may sign "
    "(EC, RSA or Ed25519)"
)


def load_signer(path: Path) -> Sign:
    """Load a certificate and its key; gives what signs a PNG's bytes under a title.

    Args:
        path: PEM with the certificate first, then its chain, and the private key anywhere.

    Raises:
        SettingsError: the file cannot be read, or holds no certificate with a key that can sign.
        MissingExtraError: c2pa-python is not installed.
    """
    try:
        import c2pa  # native library: a quarter second, for those who sign alone
        from cryptography.hazmat.primitives import serialization
    except ImportError as fault:
        raise MissingExtraError(_MISSING, fix='pip install "couturier[sign]"') from fault
    chain, key = _read_pem(path)
    try:
        kind = _name_algorithm(serialization.load_pem_private_key(key, None))
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(kind, chain, key, None))
        sign = _build(c2pa, signer)
        sign(_EMPTY_PNG, "trial")  # a certificate that may not sign is told before hours of drawing
    except (ValueError, TypeError, c2pa.C2paError) as fault:
        raise SettingsError(f"{path}: cannot sign ({fault})", fix=_FIX) from fault
    return sign


def _build(c2pa: Any, signer: Any) -> Sign:
    def sign(png: bytes, title: str) -> bytes:
        action = {"action": "c2pa.created", "digitalSourceType": AI_SOURCE}
        manifest = {
            "claim_generator_info": [{"name": "couturier", "version": couturier_version()}],
            "format": _FORMAT,
            "title": title,
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        signed = io.BytesIO()
        with c2pa.Builder(json.dumps(manifest)) as builder:
            builder.sign(signer, _FORMAT, io.BytesIO(png), signed)
        return signed.getvalue()

    return sign


def _read_pem(path: Path) -> tuple[bytes, bytes]:
    """Part a PEM file into certificates and the private key."""
    try:
        blocks = path.read_text("ascii").split("-----BEGIN ")
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or "no text"
        raise SettingsError(f"--sign {path}: {reason}", fix=_FIX) from fault
    parts = ["-----BEGIN " + block.strip() + "\n" for block in blocks[1:]]
    certificates = [part for part in parts if part.startswith("-----BEGIN CERTIFICATE-----")]
    keys = [part for part in parts if "PRIVATE KEY-----" in part.partition("\n")[0]]
    if not certificates or len(keys) != 1:
        raise SettingsError(
            f"--sign {path}: {len(certificates)} certificates and {len(keys)} private keys in it",
            fix=_FIX,
        )
    return "".join(certificates).encode(), keys[0].encode()


def _name_algorithm(key: Any) -> str:
    """Name the signing algorithm as C2PA does, by the key."""
    curve = getattr(key, "curve", None)
    if curve is not None:
        sizes = {256: "es256", 384: "es384", 521: "es512"}
        if curve.key_size not in sizes:
            raise ValueError(f"a curve of {curve.key_size} bits")
        return sizes[curve.key_size]
    return "ps256" if hasattr(key, "key_size") else "ed25519"


_EMPTY_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ff"
    "ff3f0005fe02fea7359981000000004945"
    "4e44ae426082"
)
