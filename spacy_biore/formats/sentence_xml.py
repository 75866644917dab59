"""Corpora of annotated sentences in XML: DDI 2013, and the unified corpora of protein interactions.

A ``document`` element holds ``sentence`` elements with a ``text``; each of these holds ``entity`` elements, whose
``charOffset`` counts in the sentence, and pairs of entities. The sentences of a document become one text.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..errors import BioreError, Errors, Warnings
from .counts import Counts
from .document import Document, Mention, Relation
from .lines import checked_name
from .pairs import relate
from .parts import MOVED, fits, locate

NO_TYPE = "no type"

# How many characters the end in a file is before the end of a mention: 1 where it is the offset of the last one.
Ends = Literal[0, 1]

_OFFSETS = re.compile(r"[0-9]{1,9}-[0-9]{1,9}([;,] ?[0-9]{1,9}-[0-9]{1,9})*")


@dataclass(frozen=True)
class Conventions:
    """How to read mentions.

    Attributes:
        ends: Whether the end of a mention is the offset of its last character (1) or one past it (0).
        types: New names of entity types.
    """

    ends: Ends
    types: Mapping[str, str]


@dataclass
class Sentence:
    """A sentence element on its way into a document.

    Attributes:
        element: The element.
        text: Its text.
        start: First character of the text in the document.
        doc_id: Id of its document.
        where: File and sentence, for messages.
        counts: Counts of the document.
        mentions: The mentions of the sentence, with offsets in the document; ``None`` for one that was dropped.
    """

    element: Element
    text: str
    start: int
    doc_id: str
    where: str
    counts: Counts
    mentions: dict[str, Mention | None] = field(default_factory=dict)

    def relate(self, pair: Element, label: str) -> list[Relation]:
        """Relate the entities that a pair element names.

        Raises:
            BioreError: BR109 for an entity that the sentence does not have, BR151 for a missing attribute.
        """
        names = [attribute(pair, name, self.where) for name in ("e1", "e2")]
        for name in names:
            if name not in self.mentions:
                raise BioreError(Errors.BR109.format(where=self.where, doc_id=self.doc_id, id=name))
        first, second = (self.mentions[name] for name in names)
        return relate(first, second, label, self.counts)


Relate = Callable[[Sentence], Iterable[Relation]]


def parse_xml(data: bytes, where: str) -> Element:
    """Parse a file.

    Raises:
        BioreError: BR151 if it is not well-formed, or holds no document.
    """
    try:
        return parse_root(data)
    except ValueError as error:
        raise BioreError(Errors.BR151.format(where=where, problem=error)) from error


def parse_root(data: bytes) -> Element:
    """Parse the contents of a file.

    Raises:
        ValueError: If it is not well-formed, or holds no document.
    """
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(str(error)) from error
    if next(root.iter("document"), None) is None:
        raise ValueError(f"there is no element <document> in <{root.tag}>")
    return root


def read_document(element: Element, relations_of: Relate, *, where: str, conventions: Conventions) -> Document:
    """Read a document element.

    Args:
        element: The element.
        relations_of: Makes the relations of a sentence, and counts what is read.
        where: The file, for messages.
        conventions: How to read mentions.

    Raises:
        BioreError: BR107 and BR152 for mentions, BR109 for pairs, BR151 for missing attributes.
    """
    doc_id = attribute(element, "id", where)
    counts = Counts.of_document()
    mentions: dict[str, Mention | None] = {}
    relations: list[Relation] = []
    starts: list[int] = []
    text = ""
    for child in element.findall("sentence"):
        place = f"{where}, sentence {child.get('id', '')}"
        text += " " if text and not text[-1].isspace() else ""
        sentence = Sentence(child, attribute(child, "text", place), len(text), doc_id, place, counts)
        for entity in child.findall("entity"):
            mention_id = attribute(entity, "id", place)
            if mention_id in mentions:
                raise BioreError(Errors.BR107.format(where=place, doc_id=doc_id, id=mention_id))
            mentions[mention_id] = sentence.mentions[mention_id] = _mention(entity, sentence, conventions)
        relations += relations_of(sentence)
        text += sentence.text
        if words := sentence.text.lstrip():
            starts.append(len(text) - len(words))
    return Document(
        id=doc_id,
        text=text,
        mentions=[mention for mention in mentions.values() if mention],
        relations=relations,
        sentences=starts,
        source=f"{where}, document {doc_id}",
        counts=counts,
    )


def attribute(element: Element, name: str, where: str) -> str:
    """Return an attribute that an element must have.

    Raises:
        BioreError: BR151 if it has not.
    """
    value = element.get(name)
    if value is None:
        problem = f"the element <{element.tag}> '{element.get('id', '')}' has no attribute '{name}'"
        raise BioreError(Errors.BR151.format(where=where, problem=problem))
    return value


def is_true(element: Element, name: str, where: str) -> bool:
    """Return an attribute that is true or false, in any case.

    Raises:
        BioreError: BR151 if it is neither.
    """
    value = attribute(element, name, where)
    if value.lower() not in ("true", "false"):
        problem = f"'{name}' of <{element.tag}> '{element.get('id', '')}' is {value!r}; it must be true or false"
        raise BioreError(Errors.BR151.format(where=where, problem=problem))
    return value.lower() == "true"


def find_ends(root: Element) -> Ends:
    """Find out how a file gives the ends of mentions: the way that the texts of more mentions fit."""
    fitting = [0, 0]
    for sentence in root.iter("sentence"):
        for entity in sentence.findall("entity"):
            for ends in (0, 1):
                parts = _parts(entity.get("charOffset", ""), ends)
                fitting[ends] += bool(parts) and fits(parts, entity.get("text", ""), sentence.get("text", ""))
    return 1 if fitting[1] > fitting[0] else 0


def pointing_out(documents: Iterable[Document]) -> Iterator[Document]:
    """Pass documents on, and after the last warn of interactions without a type (BRW15) and moved mentions (BRW16)."""
    odd: dict[str, list[tuple[int, str]]] = {Warnings.BRW15: [], Warnings.BRW16: []}
    for document in documents:
        odd[Warnings.BRW15].append((document.counts.relations.dropped[NO_TYPE], document.source))
        odd[Warnings.BRW16].append((document.counts.mentions.changed[MOVED], document.source))
        yield document
    for message, found in odd.items():
        total = sum(number for number, _ in found)
        if total:
            first = next(where for number, where in found if number)
            warnings.warn(message.format(number=total, first=first), stacklevel=2)


def _mention(entity: Element, sentence: Sentence, conventions: Conventions) -> Mention | None:
    where, doc_id = sentence.where, sentence.doc_id
    mention_id, offsets, surface, kind = (
        attribute(entity, name, where) for name in ("id", "charOffset", "text", "type")
    )
    kind = checked_name(kind, "type of a mention", where=where, doc_id=doc_id)
    parts = _parts(offsets, conventions.ends)
    if not parts:
        raise BioreError(Errors.BR152.format(where=where, doc_id=doc_id, id=mention_id, value=offsets))
    place = locate(
        parts,
        surface,
        text=sentence.text,
        counts=sentence.counts,
        where=where,
        doc_id=doc_id,
    )
    if place is None:
        return None
    start, end = (sentence.start + offset for offset in place)
    return Mention(mention_id, start, end, conventions.types.get(kind, kind))


def _parts(offsets: str, ends: int) -> list[tuple[int, int]]:
    """Return start and end, exclusive, of each part of a mention; nothing if the offsets are not such."""
    if not _OFFSETS.fullmatch(offsets):
        return []
    numbers = [int(number) for number in re.findall("[0-9]+", offsets)]
    return [(start, end + ends) for start, end in zip(numbers[::2], numbers[1::2], strict=True)]
