"""Reads JSON values out of a long text one after the other, holding one of them at a time."""

import json
import re
from typing import Any, TextIO

_PIECE_CHARS = 1 << 16
_NEAR_END = 16  # a literal or number that the end of a piece cuts is no longer than this
_MAX_SKIPPED_CHARS = 16_000_000
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


class JsonStream:
    """A text of JSON read piece by piece, as much of it in memory as its longest value takes.

    Args:
        text: Open for reading.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._lines_before = 0
        self._columns_before = 0

    def peek(self) -> str:
        """Give the next character that is no space; "" at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _BLANKS + "\ufeff":
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Step over one character.

        Raises:
            JSONDecodeError: another one stands there.
        """
        if self.peek() != wanted:
            raise json.JSONDecodeError(f"Expecting '{wanted}' delimiter", self._held, self._at)
        self._at += 1

    @property
    def line(self) -> int:
        """The number of the line on which the stream stands, from 1."""
        return self._lines_before + self._held.count("\n", 0, self._at) + 1

    def refuse(self, reason: str) -> json.JSONDecodeError:
        """Make the error that says `reason` of where the stream stands."""
        return json.JSONDecodeError(reason, self._held, self._at)

    def read_value(self) -> Any:
        """Read the next value whole.

        Raises:
            JSONDecodeError: there is none; its place is within the piece held, see `place`.
            ValueError: it nests too deep or holds an endless number.
        """
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except json.JSONDecodeError as fault:
                if self._is_real(fault) or not self._more():
                    raise
                continue
            except RecursionError as fault:
                raise ValueError("nested too deep") from fault
            might_go_on = isinstance(value, int | float) and end > len(self._held) - _NEAR_END
            if not might_go_on or not self._more():
                self._at = end
                return value

    def skip_value(self) -> bool:
        """Step over the next object or list by its brackets, whatever stands between them.

        Returns:
            False where they do not match or do not end; then nothing is stepped over.
        """
        if self.peek() not in _CLOSING:
            return False
        while len(self._held) - self._at <= _MAX_SKIPPED_CHARS:
            end = _find_end(self._held, self._at)
            if end:
                self._at = end
                return True
            if end is None or not self._more():
                return False
        return False

    def place(self, fault: json.JSONDecodeError) -> tuple[int, int]:
        """Give line and column, from 1, of an error this stream raised."""
        first_line = fault.lineno == 1
        return fault.lineno + self._lines_before, fault.colno + (
            self._columns_before if first_line else 0
        )

    def _is_real(self, fault: json.JSONDecodeError) -> bool:
        """Say whether it would be an error still if the piece were longer."""
        is_open = fault.msg.startswith(("Unterminated string", "Invalid \\"))
        return not is_open and fault.pos < len(self._held) - _NEAR_END

    def _more(self) -> bool:
        """Read on, twice as much as is held, and forget what lies far behind."""
        piece = self._text.read(max(_PIECE_CHARS, len(self._held) - self._at))
        if piece:  # at the end nothing is forgotten: an error is about what is held
            self._forget()
            self._held += piece
        return bool(piece)

    def _forget(self) -> None:
        cut = max(0, self._at - 64)  # the last comma is asked for when a bracket follows
        gone, self._held, self._at = self._held[:cut], self._held[cut:], self._at - cut
        n_lines = gone.count("\n")
        self._lines_before += n_lines
        since = len(gone) - gone.rfind("\n") - 1
        self._columns_before = since if n_lines else self._columns_before + len(gone)


def _find_end(text: str, start: int) -> int | None:
    """Find where the value ends that opens at `start`; 0 for beyond the text, None for nowhere."""
    closed_by: list[str] = []
    for mark in _MARKS.finditer(text, start):
        found = mark[0]
        if found in _CLOSING:
            closed_by.append(_CLOSING[found])
        elif found == '"':  # of a text that goes on
            return 0
        elif found in "]}" and closed_by.pop() != found:
            return None
        if not closed_by:
            return mark.end()
    return 0
