"""Mentions from rows of a table: ids, offsets and surface texts are checked against the document."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors import BioreError, Errors
from .counts import Counts
from .document import Mention
from .lines import Line, checked_name, shorten

OnMismatch = Literal["error", "drop"]

# Reason to drop a mention.
TEXT_DIFFERS = "text differs"

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class MentionRow:
    """A row of a corpus that describes a mention, as it stands there."""

    line: Line
    doc_id: str
    id: str
    type: str
    start: str
    end: str
    surface: str
    concept: str | None = None


def build_mentions(
    rows: Iterable[MentionRow], text: str, *, counts: Counts, on_mismatch: OnMismatch = "error"
) -> dict[str, Mention | None]:
    """Make the mentions of one document.

    Args:
        rows: The rows of the document's mentions.
        text: The document's text.
        counts: Counts to add what was read and dropped to.
        on_mismatch: Whether a surface text that is not the text at its offsets is an error or drops the mention.

    Returns:
        The mentions by id; ``None`` for one that was dropped.

    Raises:
        BioreError: BR104, BR105 for offsets, BR106 for a surface text that contradicts them, BR107 for a second id,
            BR118 for an empty type.
    """
    mentions: dict[str, Mention | None] = {}
    for row in rows:
        counts.mentions.read += 1
        if row.id in mentions:
            raise BioreError(Errors.BR107.format(where=row.line, doc_id=row.doc_id, id=row.id))
        entity_type = checked_name(row.type, "type of a mention", where=row.line, doc_id=row.doc_id)
        mention = Mention(row.id, _offset(row, row.start), _offset(row, row.end), entity_type, row.concept)
        check_range(mention, text, where=str(row.line), doc_id=row.doc_id)
        if on_mismatch == "drop" and text[mention.start : mention.end] != row.surface:
            counts.mentions.dropped[TEXT_DIFFERS] += 1
            mentions[row.id] = None
            continue
        check_surface(mention, row.surface, text, where=row.line, doc_id=row.doc_id)
        mentions[row.id] = mention
    return mentions


def check_range(mention: Mention, text: str, *, where: str, doc_id: str) -> None:
    """Make sure that a mention lies in the text.

    Raises:
        BioreError: BR105 if its offsets are reversed or out of range.
    """
    if not 0 <= mention.start <= mention.end <= len(text):
        raise BioreError(
            Errors.BR105.format(where=where, doc_id=doc_id, start=mention.start, end=mention.end, length=len(text))
        )


def check_surface(mention: Mention, surface: str, text: str, *, where: object, doc_id: str) -> None:
    """Make sure that a mention is at its offsets.

    Raises:
        BioreError: BR106 if its surface text is not the text there.
    """
    found = text[mention.start : mention.end]
    if found != surface:
        offsets = {"start": mention.start, "end": mention.end}
        names = {"surface": shorten(surface), "found": shorten(found)}
        raise BioreError(Errors.BR106.format(where=where, doc_id=doc_id, **offsets, **names))


def _offset(row: MentionRow, value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise BioreError(Errors.BR104.format(where=row.line, doc_id=row.doc_id, value=value))
    return int(value)
