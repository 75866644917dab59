"""The abbreviations that a detector found in a Doc, where Docs are cut and joined."""

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc

ATTRIBUTE = "abbreviations"
POSITIONS = ("short_start", "short_end", "long_start", "long_end")

Entry = dict[str, Any]


def get_abbreviations(doc: Doc) -> list[Entry]:
    """Return the entries of ``Doc._.abbreviations`` that are plain data; scispaCy's detector may leave Spans there."""
    found = getattr(doc._, ATTRIBUTE) if Doc.has_extension(ATTRIBUTE) else None
    return [entry for entry in found or () if isinstance(entry, dict) and entry.keys() >= set(POSITIONS)]


def set_abbreviations(doc: Doc, entries: list[Entry]) -> None:
    """Replace the abbreviations of a Doc, where there are any."""
    if entries:
        setattr(doc._, ATTRIBUTE, entries)


def move_abbreviations(entries: Iterable[Entry], by: int) -> list[Entry]:
    """Return entries whose forms stand so many tokens later."""
    return [{**entry, **{key: entry[key] + by for key in POSITIONS}} for entry in entries]


def abbreviations_within(doc: Doc, start: int, end: int) -> list[Entry]:
    """Return the entries of which both forms lie within some tokens of a Doc."""
    return [entry for entry in get_abbreviations(doc) if all(start <= entry[key] <= end for key in POSITIONS)]
