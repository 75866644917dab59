"""BioC, in XML or JSON: collections of BioCreative, BioRED, and what PubTator exports.

A relation names two mentions, in its nodes; or two concepts, in its infons, and then holds between all their mentions.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BioreError, Errors
from .bioc_files import read_bioc_file
from .concepts import NO_CONCEPT, relate_concepts
from .contradictions import refusing
from .counts import MENTION_DROPPED, Counts
from .document import Document, Mention, Relation
from .lines import checked_name
from .mentions import OnMismatch
from .parts import locate
from .sources import Found, Source, find_files

if TYPE_CHECKING:
    from bioc import BioCAnnotation, BioCDocument, BioCPassage, BioCRelation

FILE_NAME = re.compile(r"(\.bioc)?\.(xml|jsonl?)$", re.IGNORECASE)
# Reasons to drop a mention or a relation.
NOWHERE = "without a place in the text"
NOT_A_PAIR = "not between two mentions or concepts"

# Infons of an annotation that hold its concept, and of a relation that hold its label, the first choice first.
_CONCEPTS = ("identifier", "mesh", "ncbi gene", "ncbi gene identifier", "ncbigene", "concept_id", "accession")
_LABELS = ("relation type", "relation", "type")
# Infons of a relation that name its two concepts. Others are named after entity types, such as "Chemical" or "Gene1".
_PAIRS = (("entity1", "entity2"), ("role1", "role2"))


def find_bioc(root: Path) -> Found:
    """Find the BioC files at a path, one split each."""
    return find_files(root, FILE_NAME)


def read_bioc(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one file. The text of a document is that of its passages, with a space between them.

    Raises:
        BioreError: BR100 to BR102, BR158, BR159 for the file; BR106, BR107, BR109, BR118, BR156 for what it holds.
    """
    return refusing((_document(found, where) for where, found in read_bioc_file(source.path)), on_mismatch)


class _Layout:
    """The text of a document, made of passages or, where these have no text of their own, of their sentences.

    Attributes:
        text: The text.
        sentences: Where the sentences begin, if all of the text is in sentences.
    """

    def __init__(self, passages: Iterable["BioCPassage"]) -> None:
        self.text = ""
        starts: list[int] = []
        is_divided = True
        places: list[tuple[int, int]] = []
        for passage in passages:
            for part in [passage] if passage.text else passage.sentences:
                text = part.text or ""
                self.text += " " if self.text and not self.text[-1].isspace() else ""
                places.append((part.offset, len(self.text)))
                starts += [len(self.text) + len(text) - len(text.lstrip())] if text.strip() else []
                self.text += text
            is_divided &= not passage.text
        self.sentences = starts if is_divided and starts else None
        self._places = sorted(places)

    def place(self, offset: int) -> int:
        """Return where in the text a character is whose offset in the corpus is given; -1 if nowhere."""
        number = bisect_right([begin for begin, _ in self._places], offset)
        if not number:
            return -1
        begin, start = self._places[number - 1]
        return start + offset - begin


@dataclass
class _Reading:
    """A document on its way: what was read of it so far.

    Attributes:
        doc_id: Its id.
        where: File and document, for messages.
        layout: Its text.
        relation_ids: Ids of its relations.
        counts: Its counts.
        mentions: Mentions by id; ``None`` for one that was dropped.
        lost: Concepts of mentions that were dropped.
    """

    doc_id: str
    where: str
    layout: _Layout
    relation_ids: set[str]
    counts: Counts = field(default_factory=Counts.of_document)
    mentions: dict[str, Mention | None] = field(default_factory=dict)
    lost: set[str | None] = field(default_factory=set)

    @property
    def kept(self) -> list[Mention]:
        """The mentions that were not dropped."""
        return [mention for mention in self.mentions.values() if mention]

    def name(self, infons: Mapping[str, Any], keys: Iterable[str], kind: str) -> str:
        """Return a name that has to be among the infons."""
        return checked_name(_infon(infons, keys), kind, where=self.where, doc_id=self.doc_id)

    def add(self, annotation: "BioCAnnotation") -> None:
        """Add a mention."""
        mention_id = str(annotation.id or f"T{len(self.mentions) + 1}")
        if mention_id in self.mentions:
            raise BioreError(Errors.BR107.format(where=self.where, doc_id=self.doc_id, id=mention_id))
        kind = self.name(annotation.infons, ["type"], "type of a mention")
        named = _infon(annotation.infons, _CONCEPTS)
        concept = None if named in NO_CONCEPT else named
        place = self._place(annotation)
        self.mentions[mention_id] = Mention(mention_id, *place, kind, concept) if place else None
        self.lost |= set() if place else {concept}

    def relate(self, relation: "BioCRelation") -> list[Relation]:
        """Return what becomes of a relation."""
        label = self.name(relation.infons, _LABELS, "label of a relation")
        pair = _concept_pair(relation.infons, {mention.type for mention in self.kept})
        if pair:
            return relate_concepts(*pair, label, mentions=self.kept, dropped=self.lost, counts=self.counts)
        flow = self.counts.relations
        flow.read += 1
        names = [str(node.refid) for node in sorted(relation.nodes, key=_argument)]
        for name in names:
            if name not in self.mentions.keys() | self.relation_ids:
                raise BioreError(Errors.BR109.format(where=self.where, doc_id=self.doc_id, id=name))
        if len(names) != 2 or not self.mentions.keys() >= set(names):
            flow.dropped[NOT_A_PAIR] += 1
            return []
        head, tail = (self.mentions[name] for name in names)
        if head is None or tail is None:
            flow.dropped[MENTION_DROPPED] += 1
            return []
        return [Relation(head.id, tail.id, label)]

    def _place(self, annotation: "BioCAnnotation") -> tuple[int, int] | None:
        starts = [(self.layout.place(one.offset), one.length) for one in annotation.locations]
        if not starts:
            self.counts.mentions.drop_unread(1, NOWHERE)
            return None
        return locate(
            [(start, start + length) for start, length in starts],
            annotation.text or "",
            text=self.layout.text,
            counts=self.counts,
            where=self.where,
            doc_id=self.doc_id,
        )


def _document(found: "BioCDocument", where: str) -> Document:
    sentences = [sentence for passage in found.passages for sentence in passage.sentences]
    holders = [*sentences, *found.passages, found]
    listed = list(chain.from_iterable(holder.relations for holder in holders))
    reading = _Reading(str(found.id).strip(), where, _Layout(found.passages), {str(relation.id) for relation in listed})
    for annotation in chain.from_iterable(holder.annotations for holder in holders):
        reading.add(annotation)
    return Document(
        id=reading.doc_id,
        text=reading.layout.text,
        mentions=reading.kept,
        relations=[one for relation in listed for one in reading.relate(relation)],
        sentences=reading.layout.sentences,
        source=where,
        counts=reading.counts,
    )


def _infon(infons: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return the first of these infons that says something; their names are written in any case."""
    values = {str(key).lower(): str(value).strip() for key, value in infons.items() if value is not None}
    return next((values[key] for key in keys if values.get(key)), "")


def _concept_pair(infons: Mapping[str, Any], types: set[str]) -> tuple[str, str] | None:
    """Return the two concepts that a relation names, if it does."""
    typed = tuple(key for key in infons if key.rstrip("12") in types)
    keys = next((pair for pair in (*_PAIRS, typed) if len(pair) == 2 and all(key in infons for key in pair)), None)
    if keys is None:
        return None
    first, second = (_named_concept(infons[key], types) for key in keys)
    return first, second


def _named_concept(value: Any, types: set[str]) -> str:
    """Return a concept; PubTator writes its type beside it: as an object, or as in ``Chemical|MESH:D1``."""
    if isinstance(value, dict):
        return str(value.get("identifier", ""))
    kind, _, concept = str(value).strip().partition("|")
    return concept if concept and kind in types else str(value).strip()


def _argument(node: Any) -> str:
    """Sort Arg1 before Arg2; other roles keep their order."""
    return node.role.lower() if re.fullmatch(r"arg[12]", str(node.role), re.IGNORECASE) else ""
