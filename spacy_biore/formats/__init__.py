"""Corpus formats. Each is read into the same ``Document``, and from there into spaCy Docs."""

from .counts import Counts, Flow
from .document import Document, Mention, Relation
from .jsonl import write_jsonl
from .registry import FORMATS, Format
from .sources import Found, Source
from .to_docs import to_doc

__all__ = [
    "FORMATS",
    "Counts",
    "Document",
    "Flow",
    "Format",
    "Found",
    "Mention",
    "Relation",
    "Source",
    "to_doc",
    "write_jsonl",
]
