"""The one door: parses, runs a command, and turns every fault into two lines and a status."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from couturier.cli import (
    check,
    colourways,
    dataset,
    demo,
    doctor,
    evaluate,
    export,
    generate,
    replay,
    report,
    run_all,
    sheet,
    sweep,
    train,
)
from couturier.errors import CouturierError

DONE, USER_FAULT, WRONG_USAGE, STOPPED = 0, 1, 2, 130

_HELP = """Teach Stable Diffusion a fashion brand's catalogue, and prove that the pictures show it.

Start with `couturier demo` (offline, minutes), or with a shop's own files:

couturier check data/product_data.json --images data/images\n
couturier dataset data/product_data.json --images data/images\n
couturier train data/compressed_images --base mini --out models/first\n
couturier generate "a red satin dress" --base mini --lora models/first --out looks/first\n
couturier evaluate looks/first\n
couturier report looks/first
"""

app = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

for module in (
    demo,
    check,
    dataset,
    train,
    export,
    generate,
    evaluate,
    report,
    sheet,
    sweep,
    run_all,
    replay,
    colourways,
    doctor,
):
    app.command(module.NAME)(module.command)


def main(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: As typed after `couturier`.

    Returns:
        0 done, 1 something the user can put right, 2 wrong usage, 130 stopped by the user.
    """
    _hush()
    try:
        status = int(app(list(arguments), prog_name="couturier", standalone_mode=False) or DONE)
    except CouturierError as fault:
        _tell(fault.message, fault.fix)
        _trace()
        return USER_FAULT
    except TyperException as fault:
        message = " ".join(fault.format_message().split())
        _tell(message or "nothing to do", _usage_fix(fault))
        return WRONG_USAGE
    except KeyboardInterrupt:
        status = STOPPED
    except BrokenPipeError:  # the reader of our output has left, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    if status == STOPPED:  # typer, too, turns Ctrl-C into this status, and says nothing
        _tell("stopped", "run the same command again, with --resume where it has one, to go on")
    return status


def run() -> None:
    """Run the command line of this process and exit with its status."""
    sys.exit(main(sys.argv[1:]))


def _hush() -> None:
    # At import transformers complains of a missing torchvision, which nothing here needs.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    # Threads that wait for one another by spinning made drawing on two busy cores 20 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Where it is installed it complains of kernels that nothing here needs.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def _tell(message: str, fix: str) -> None:
    sys.stderr.write(f"error: {message}\n  fix: {fix}\n")


def _trace() -> None:
    if os.environ.get("COUTURIER_DEBUG") == "1":
        traceback.print_exc()


def _usage_fix(fault: TyperException) -> str:
    context = getattr(fault, "ctx", None)
    command = context.command_path if context else "couturier"
    return f"`{command} --help` shows what it takes"


if __name__ == "__main__":
    run()
