"""Memory kept once the system has given it: a training step asks for the same again and again.

glibc gives large blocks back at once and asks anew for each, and the system hands every page out
filled with zeros: a seventh of a step's time on a processor (11,600 pages a step of mini at batch
8, 25 of 235 ms on a quiet core). The peak stays the same.
"""

import ctypes
import sys

# Their numbers in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1
_LARGEST = 2**30


def keep_memory() -> bool:
    """Tell this process's allocator to keep what is freed; says whether it listens (glibc does)."""
    if not sys.platform.startswith("linux"):
        return False
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is None:
        return False
    return bool(adjust(_MMAP_THRESHOLD, _LARGEST) and adjust(_TRIM_THRESHOLD, _NEVER))
