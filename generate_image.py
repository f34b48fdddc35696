"""Draws a picture from a sentence, as the original script did: `couturier generate`."""

import sys

from couturier.cli.main import main

# The first sentence of the original's results table; drawn where none is given.
PROMPT = (
    "Elevating the crop top game with a twist of elegance. Made from drapey satin fabric, this "
    "green cropped top takes the spotlight with its alluring draped sash detail, asymmetrical "
    "hem, and one strap detail - all adding a touch of sophistication to your sassy style"
)

if __name__ == "__main__":
    sys.exit(main(["generate", *(sys.argv[1:] or [PROMPT])]))
