"""Relation extraction for biomedical text, as a spaCy pipeline component."""

from .joining import as_doc, from_docs
from .relations import Relation, get_records, get_relations, register_extensions, set_records

__version__ = "0.1.0"
__all__ = ["Relation", "as_doc", "from_docs", "get_records", "get_relations", "set_records"]

register_extensions()
