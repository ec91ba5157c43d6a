"""Standard output and error as this program wants them: any name can be written, and a reader may leave early."""

from __future__ import annotations

import codecs
import io
import sys

READER_GONE = 141
"""The exit code where nobody reads any more: what a shell says of a program that SIGPIPE ended."""

_HANDLER = "tfjs-workflow"
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF


class ReaderGoneError(BaseException):
    """Whoever read our output has closed it (``| head``): there is nothing left to do, and nobody to tell."""


def set_up() -> None:
    """Replace both streams by ones that escape what they cannot encode, and raise ``ReaderGoneError``.

    Bytes of file names that are no text go out as they are, but to a terminal, which could take them for commands.
    """
    codecs.register_error(_HANDLER, _bytes_or_escapes)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, _Words):  # None where it was closed
            setattr(sys, name, _words(stream))


class _Words(io.TextIOWrapper):
    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise ReaderGoneError from None

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            raise ReaderGoneError from None


def _words(stream: io.TextIOWrapper) -> _Words:
    encoding, buffered = stream.encoding, stream.line_buffering
    shown = stream.isatty()
    stream.flush()
    errors = "backslashreplace" if shown else _HANDLER
    return _Words(stream.detach(), encoding=encoding, errors=errors, line_buffering=buffered)


def _bytes_or_escapes(problem: UnicodeError) -> tuple[str | bytes, int]:
    """Return the byte that a letter of a file name stands for, else the letter escaped; what encoding goes on with."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    letter = problem.object[problem.start]
    if _FIRST_BYTE <= ord(letter) <= _LAST_BYTE:
        return bytes([ord(letter) - 0xDC00]), problem.start + 1
    return letter.encode("ascii", "backslashreplace"), problem.start + 1
