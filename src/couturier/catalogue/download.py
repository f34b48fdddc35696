"""Downloads the pictures that rows name by web address, several at once, each only once."""

import email.utils
import errno
import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from couturier.catalogue.hosts import RefusedHostError, open_client
from couturier.errors import StorageError
from couturier.files import read_json, write_json
from couturier.spill import Gathered

AT_ONCE = 8
_IN_FLIGHT = 256
_TRIES = 4
_FRESH_S = 24 * 3600  # for so long a picture is taken as it is, without asking the shop again
_MOST_S = 180.0  # for one picture; who sends slower means harm or is out of order
_LONGEST_PAUSE_S = 30.0
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadError(Exception):
    """A picture that could not be fetched.

    Args:
        fault: A kind of `catalogue.faults.FAULT_KINDS`.
        reason: What is wrong.
        pause_s: Where trying again may help, how long the server wants to be left alone; else
            None.
    """

    def __init__(self, fault: str, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
        self.pause_s = pause_s


@dataclass
class Downloads:
    """Pictures fetched from the web, kept in a folder by their address.

    What is there is not fetched twice: for a day it is taken as it is, then the server is asked
    by its ETag or date whether it has changed. Each appears whole, so that a run that was
    stopped goes on where it was.

    Attributes:
        folder: Where they are kept.
        allowed: Hosts that need not be public.
        max_mb: Larger pictures are refused, megabytes.
        pause_s: Before the second try, seconds; twice as long before each further one.
    """

    folder: Path
    allowed: tuple[str, ...] = ()
    max_mb: float = 50.0
    pause_s: float = 0.5
    _failed: Gathered = field(default_factory=Gathered)

    def fetch(self, addresses: Iterable[str]) -> Iterator[str]:
        """Fetch what is not there yet; gives each address once it is done or has failed.

        Raises:
            MissingExtraError: httpx is not installed.
            StorageError: there is no room for a picture.
        """
        timeout = {"connect": 15.0, "read": 30.0, "write": 15.0, "pool": 60.0}
        headers = {"User-Agent": "couturier", "Accept": "image/*", "Accept-Encoding": "identity"}
        waiting: deque[tuple[str, Future[None]]] = deque()
        pool = ThreadPoolExecutor(AT_ONCE)
        with open_client(self.allowed, headers=headers, max_redirects=5) as client:
            client.timeout = client.timeout.__class__(**timeout)
            try:
                for address in addresses:
                    waiting.append((address, pool.submit(self._fetch_one, client, address)))
                    if len(waiting) >= _IN_FLIGHT:
                        yield self._finish(*waiting.popleft())
                while waiting:
                    yield self._finish(*waiting.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        self._failed.index()

    def find(self, address: str) -> tuple[Path | None, str, str]:
        """Find what became of an address: its file, else the fault and the reason."""
        if failed := self._failed.find(address):
            return None, str(failed[0][0]), str(failed[0][1])
        path = self._place(address)
        if path.is_file():
            return path, "", ""
        return None, "web address", f"{address[:120]!r} was not fetched"

    def _finish(self, address: str, done: "Future[None]") -> str:
        try:
            done.result()
        except DownloadError as fault:
            self._failed.add(address, [fault.fault, f"{address[:160]!r}: {fault.reason}"])
        return address

    def _place(self, address: str) -> Path:
        key = hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()
        return self.folder / key[:2] / f"{key[2:40]}.picture"

    def _fetch_one(self, client: Any, address: str) -> None:
        path = self._place(address)
        known = _read_known(path)
        if known and time.time() - float(known["asked_s"]) < _FRESH_S:
            return
        for n_try in range(_TRIES):
            try:
                self._ask(client, address, path, known)
                return
            except DownloadError as fault:
                if fault.pause_s is None or n_try == _TRIES - 1:
                    raise
                wanted_s = max(fault.pause_s, self.pause_s * 2**n_try)
                time.sleep(min(_LONGEST_PAUSE_S, wanted_s))

    def _ask(self, client: Any, address: str, path: Path, known: dict[str, Any]) -> None:
        asked = {
            "If-None-Match": known.get("etag"),
            "If-Modified-Since": known.get("last_modified"),
        }
        headers = {name: value for name, value in asked.items() if value}
        try:
            with client.stream("GET", _check_address(address), headers=headers) as answer:
                if answer.status_code == 304 and known:
                    write_json(_note_of(path), {**known, "asked_s": time.time()})
                    return
                _check_status(answer)
                self._write(answer, address, path)
        except RefusedHostError as fault:
            raise DownloadError("refused address", str(fault)) from fault
        except (DownloadError, StorageError):
            raise
        except Exception as fault:  # httpx names a class for each of many network faults
            raise _explain(fault) from fault

    def _write(self, answer: Any, address: str, path: Path) -> None:
        limit = int(self.max_mb * 1e6)
        if _to_int(answer.headers.get("Content-Length")) > limit:
            raise DownloadError("refused address", f"larger than {self.max_mb:g} MB")
        started_s = time.monotonic()
        temporary = path.with_suffix(".part")
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                for chunk in answer.iter_raw(1 << 16):
                    out.write(chunk)
                    if out.tell() > limit:
                        raise DownloadError("refused address", f"larger than {self.max_mb:g} MB")
                    if time.monotonic() - started_s > _MOST_S:
                        raise DownloadError("failed download", f"took more than {_MOST_S:.0f} s")
            temporary.replace(path)
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise StorageError(
                    f"{path.parent}: {fault.strerror}",
                    fix="make room there, or set COUTURIER_HOME to a folder on another disk",
                ) from fault
            raise
        finally:
            temporary.unlink(missing_ok=True)
        told = {"etag": "ETag", "last_modified": "Last-Modified"}
        kept = {name: answer.headers.get(header) for name, header in told.items()}
        write_json(_note_of(path), {"address": address, **kept, "asked_s": time.time()})


def _check_address(address: str) -> str:
    """Complete an address such as "//cdn.shop.com/1.jpg", and refuse what is not of the web."""
    whole = f"https:{address}" if address.startswith("//") else address
    try:
        parts = urlsplit(whole)
        wrong = parts.scheme.lower() not in ("http", "https") or not parts.hostname
    except ValueError as fault:
        raise DownloadError("refused address", str(fault)) from fault
    if wrong or parts.username is not None:
        raise DownloadError("refused address", "no plain http or https address")
    return whole


def _check_status(answer: Any) -> None:
    status = int(answer.status_code)
    if status == 200:
        return
    reason = f"the server answers {status} {answer.reason_phrase}".strip()
    if status in _TRY_AGAIN:
        pause_s = _read_pause(str(answer.headers.get("Retry-After", "")))
        raise DownloadError("failed download", reason, pause_s)
    raise DownloadError("failed download", reason)


def _read_pause(told: str) -> float:
    """Read how long a server wants to be left alone: seconds, or a date."""
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def _explain(fault: Exception) -> DownloadError:
    name = type(fault).__name__
    reason = f"{name}: {fault}"[:160] if str(fault) else name
    if name in ("UnsupportedProtocol", "InvalidURL", "TooManyRedirects"):
        return DownloadError("refused address", reason)
    return DownloadError("failed download", reason, 0.0)


def _note_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_known(path: Path) -> dict[str, Any]:
    """Read what is known of a picture that is there; {} where it is not."""
    try:
        known = read_json(_note_of(path)) if path.is_file() else {}
    except StorageError:  # cut off by a power failure
        return {}
    return known if isinstance(known, dict) and "asked_s" in known else {}


def _to_int(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 19 else 0
