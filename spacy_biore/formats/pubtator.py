"""PubTator with relations between concepts, as in BC5CDR and BioRED.

A document is a title line, an abstract line, rows of mentions and rows of relations. Relations name concepts; each
becomes a relation of every mention of the first concept to every mention of the second.

A full text, as in NLM-Chem, is written as if each of its passages were a title without an abstract: consecutive blocks
of one id, each with offsets of its own, which become one document.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, groupby
from pathlib import Path

from ..errors import BioreError, Errors
from .concepts import NO_CONCEPT, relate_concepts
from .counts import Counts
from .document import Document, Mention, Relation
from .lines import Line, checked_name, read_lines, shorten
from .mentions import MentionRow, OnMismatch, build_mentions
from .sources import Found, Source, find_files

FILE_NAME = re.compile(r"\.pubtator(\.txt)?$", re.IGNORECASE)
# PMID|t|title or PMID|a|abstract
TEXT_LINE = re.compile(r"(?P<doc_id>[^|\t]+)\|(?P<part>[ta])\|(?P<text>.*)")
_NUMBER = re.compile(r"[+-]?\d[\d.]*")
_PASSAGES = "joined from passages"


@dataclass
class _Block:
    """The lines of one document, or of one passage of a full text."""

    line: Line
    doc_id: str
    title: str
    abstract: str | None = None
    mentions: list[Line] = field(default_factory=list)
    relations: list[Line] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text that offsets count in."""
        return f"{self.title} {self.abstract}"


def find_pubtator(root: Path) -> Found:
    """Find the PubTator files at a path, one split each."""
    return find_files(root, FILE_NAME)


def read_pubtator(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one file. The text of a document is title, space, abstract; of a full text, its passages, a line each.

    Raises:
        BioreError: BR100 to BR107 for lines and mentions, BR114 for a row of another document, BR115 for a text line
            that is missing or out of place, BR116 for a row of an unknown kind, BR118 for an empty type or label.
    """
    return (_document(blocks, on_mismatch=on_mismatch) for blocks in _documents(source.path))


def _documents(path: Path) -> Iterator[list[_Block]]:
    """Yield the block of each document, or the blocks of a full text."""
    for (_, is_passage), blocks in groupby(_blocks(path), key=lambda block: (block.doc_id, not block.abstract)):
        if is_passage:
            yield list(blocks)
        else:
            yield from ([block] for block in blocks)


def _document(blocks: list[_Block], *, on_mismatch: OnMismatch) -> Document:
    counts = Counts.of_document()
    mentions: list[Mention] = []
    dropped: set[str | None] = set()
    numbers = count(1)
    text = ""
    for block in blocks:
        rows = [_mention_row(line, number=next(numbers)) for line in block.mentions]
        built = build_mentions(rows, block.text, counts=counts, on_mismatch=on_mismatch)
        mentions += [_shifted(mention, len(text)) for mention in built.values() if mention]
        dropped |= {row.concept for row in rows if not built[row.id]}
        text += block.text if len(blocks) == 1 else f"{block.title}\n"
    if len(blocks) > 1:
        counts.documents.changed[_PASSAGES] += 1
    lines = [line for block in blocks for line in block.relations]
    relations = [relation for line in lines for relation in _relate(line, mentions, dropped, counts)]
    return Document(blocks[0].doc_id, text, mentions, relations, source=str(blocks[0].line), counts=counts)


def _shifted(mention: Mention, by: int) -> Mention:
    return replace(mention, start=mention.start + by, end=mention.end + by)


def _blocks(path: Path) -> Iterator[_Block]:
    block: _Block | None = None
    for line in read_lines(path):
        match = TEXT_LINE.fullmatch(line.text)
        if match and match["part"] == "t":
            if block:
                yield _complete(block)
            block = _Block(line, match["doc_id"], match["text"])
        elif block is None:
            raise BioreError(Errors.BR115.format(where=line, problem="a file begins with a title line, 'ID|t|title'"))
        elif match:
            _add_abstract(block, line, match)
        else:
            _add_row(_complete(block), line)
    if block:
        yield _complete(block)


def _complete(block: _Block) -> _Block:
    if block.abstract is None:
        problem = f"document '{block.doc_id}' needs a line '{block.doc_id}|a|abstract' after its title, even if empty"
        raise BioreError(Errors.BR115.format(where=block.line, problem=problem))
    return block


def _add_abstract(block: _Block, line: Line, match: re.Match[str]) -> None:
    if match["doc_id"] != block.doc_id:
        raise BioreError(Errors.BR114.format(where=line, other=match["doc_id"], doc_id=block.doc_id))
    if block.abstract is not None:
        problem = f"document '{block.doc_id}' has a second abstract"
        raise BioreError(Errors.BR115.format(where=line, problem=problem))
    block.abstract = match["text"]


def _add_row(block: _Block, line: Line) -> None:
    columns = line.text.split("\t")
    if columns[0] != block.doc_id and len(columns) > 1:
        raise BioreError(Errors.BR114.format(where=line, other=columns[0], doc_id=block.doc_id))
    if _is_mention(columns, block.text):
        block.mentions.append(line)
    elif len(columns) >= 4:
        block.relations.append(line)
    else:
        raise BioreError(Errors.BR116.format(where=line, doc_id=block.doc_id, text=shorten(line.text)))


def _is_mention(columns: list[str], text: str) -> bool:
    """Tell a mention from a relation: it has offsets, and a relation a label, in the second column."""
    if len(columns) > 1 and _NUMBER.fullmatch(columns[1]):
        return True
    # A broken first offset does not make a relation of a mention. Concepts can be numbers, but are not in the text.
    if len(columns) < 5 or not columns[2].isdecimal():
        return False
    end, surface = int(columns[2]), columns[3]
    return bool(surface) and end <= len(text) and text[:end].endswith(surface)


def _mention_row(line: Line, *, number: int) -> MentionRow:
    doc_id, start, end, surface, entity_type, *rest = line.columns(5, 6, 7)
    concept = rest[0].strip() if rest else ""
    return MentionRow(
        line, doc_id, f"T{number}", entity_type, start, end, surface, None if concept in NO_CONCEPT else concept
    )


def _relate(row: Line, mentions: list[Mention], dropped: set[str | None], counts: Counts) -> list[Relation]:
    doc_id, label, first, second, *_ = (column.strip() for column in row.text.split("\t"))
    label = checked_name(label, "label of a relation", where=row, doc_id=doc_id)
    return relate_concepts(first, second, label, mentions=mentions, dropped=dropped, counts=counts)
