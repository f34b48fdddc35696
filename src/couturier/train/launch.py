"""Starts the processes of a run on this machine, watches them, and ends all where one dies."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType
from typing import IO

from couturier.errors import TrainingError

_LOOK_EVERY_S = 0.2
_GRACE_S = 10.0  # for the others to find out by themselves and to tell why


def run_together(command: Sequence[str], n_processes: int) -> int:
    """Run one command as several processes that train together.

    Args:
        command: What each of them runs; environment variables tell it which one it is.
        n_processes: How many.

    Returns:
        The exit status: that of the first process, which does the talking.

    Raises:
        TrainingError: a process was killed, or failed without the first one telling why.
    """
    with ExitStack() as open_files:
        said = [
            open_files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            for _ in range(n_processes)
        ]
        return _run(command, said)


def _run(command: Sequence[str], said: Sequence[IO[str]]) -> int:
    n_processes, port = len(said), _find_port()
    crew = [
        _start(command, rank, n_processes, port=port, said=said[rank])
        for rank in range(n_processes)
    ]

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for process in crew:
            if process.poll() is None:
                process.send_signal(number)

    former = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        failed = _watch(crew)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for process in crew:
            process.kill()
            process.wait()
    if failed is not None and not (failed == 0 and crew[0].returncode > 0):
        raise _explain(failed, crew, said[failed])
    return crew[0].returncode


def _watch(crew: Sequence["subprocess.Popen[bytes]"]) -> int | None:
    """Wait for the end; gives the first process that failed, None where none did."""
    while True:
        codes = [process.poll() for process in crew]
        failed = next((rank for rank, code in enumerate(codes) if code not in (None, 0)), None)
        if failed is not None:
            deadline = time.monotonic() + _GRACE_S
            while crew[0].poll() is None and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY_S)
            # A process that stopped cleanly told the others; the first one speaks for all.
            return 0 if crew[0].poll() in (1, 130) and codes[failed] in (1, 130) else failed
        if all(code == 0 for code in codes):
            return None
        time.sleep(_LOOK_EVERY_S)


def _start(
    command: Sequence[str], rank: int, n_processes: int, *, port: int, said: IO[str]
) -> "subprocess.Popen[bytes]":
    threads = max(1, (os.cpu_count() or 1) // n_processes)
    environment = {
        "OMP_NUM_THREADS": str(threads),
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(n_processes),
        "LOCAL_WORLD_SIZE": str(n_processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    return subprocess.Popen(
        list(command),
        env=environment,
        stdout=None if rank == 0 else subprocess.DEVNULL,
        stderr=None if rank == 0 else said,
        start_new_session=True,  # Ctrl-C reaches them through us, once
    )


def _explain(rank: int, crew: Sequence["subprocess.Popen[bytes]"], said: IO[str]) -> TrainingError:
    code = crew[rank].returncode
    said.seek(0)
    last = said.read().strip().splitlines()[-1:] or ["it said nothing"]
    how = f"was killed (signal {-code})" if code < 0 else f"failed: {last[0]}"
    return TrainingError(
        f"process {rank + 1} of {len(crew)} {how}; the others were ended",
        fix="go on at the last checkpoint with --resume, on any number of processes",
    )


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
