"""Numbered lines of a text file: UTF-8 with or without a byte order mark, line ends LF or CRLF."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BioreError, Errors

# How compressed files begin, and no text does: gzip, zip, xz.
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ")


@dataclass(frozen=True)
class Line:
    """One line of a file, without its line end; ``number`` counts from 1."""

    path: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.number}"

    def columns(self, *sizes: int) -> list[str]:
        """Split the line at its tabs.

        Raises:
            BioreError: BR103 if the number of columns is none of ``sizes``.
        """
        columns = self.text.split("\t")
        if len(columns) not in sizes:
            wanted = " or ".join(map(str, sizes))
            raise BioreError(
                Errors.BR103.format(where=self, found=len(columns), wanted=wanted, text=shorten(self.text))
            )
        return columns


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are not blank.

    Raises:
        BioreError: BR100 if the file cannot be read, BR101 if it holds nothing, BR102 if it is not UTF-8.
    """
    empty = True
    try:
        with path.open("rb") as file:
            # Only a line feed ends a line: text may hold the other characters that str.splitlines breaks at.
            for number, raw in enumerate(file, start=1):
                text = decode_line(raw, path, number)
                if text.strip():
                    empty = False
                    yield Line(path, number, text)
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error
    if empty:
        raise BioreError(Errors.BR101.format(path=path))


def shorten(text: str, limit: int = 60) -> str:
    """Return the beginning of a text, for a message."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def checked_name(value: str, kind: str, *, where: object, doc_id: str) -> str:
    """Return a name that a corpus gives, such as a type or a label, without the whitespace around it.

    Raises:
        BioreError: BR118 if nothing is left.
    """
    name = value.strip()
    if not name:
        raise BioreError(Errors.BR118.format(where=where, doc_id=doc_id, kind=kind))
    return name


def decode_line(raw: bytes, path: Path, number: int) -> str:
    """Return the text of a line without its line end and, on the first line, without a byte order mark.

    Raises:
        BioreError: BR100 if the file is compressed, BR102 if it is not UTF-8.
    """
    if number == 1 and raw.startswith(_COMPRESSED):
        raise BioreError(Errors.BR100.format(path=path, problem="it is compressed; unpack it first"))
    try:
        text = (raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BioreError(
            Errors.BR102.format(path=path, line=number, byte=error.object[error.start], position=error.start + 1)
        ) from error
    return text.removesuffix("\n").removesuffix("\r")
