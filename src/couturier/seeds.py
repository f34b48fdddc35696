"""Random draws that depend on names and numbers alone, never on what ran before."""

import hashlib

MAX_SEED = 2**63 - 1


def derive_seed(*parts: int | str) -> int:
    """Mix any numbers and words into one seed.

    The same parts give the same seed on every machine and in every version, so that a run
    which starts again at step 1,234 draws what the undisturbed run drew there.

    Args:
        parts: What the draw depends on, as in `derive_seed(seed, "noise", step)`.

    Returns:
        An integer from 0 to 2**63 - 1, as torch.Generator.manual_seed and numpy accept it.

    Source:
        SHA-256 of the parts with their types and lengths, first 8 bytes, top bit cleared.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = f"{type(part).__name__}:{part}".encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return int.from_bytes(digest.digest()[:8], "big") & MAX_SEED
