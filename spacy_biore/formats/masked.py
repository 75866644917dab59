"""Instance files of the BLUE and BLURB family: one sentence a line, its pair of mentions replaced by tags.

    index <TAB> sentence <TAB> label        with or without a header line
    sentence <TAB> label                    the same

A tag ``@TYPE$`` becomes a mention over its own characters. A tag of two types, ``@TYPE-TYPE$``, stands for two mentions
that overlap, and becomes two mentions over the same characters.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ..errors import BioreError, Errors
from .counts import Counts
from .document import Document, Mention, Relation
from .lines import Line, checked_name, read_lines, shorten
from .sources import Found, Source, find_files

FILE_NAME = re.compile(r"\.tsv$", re.IGNORECASE)
NULL_LABELS = ("false", "0", "ddi-false")
# What a tag's name stands for, where it does not spell out its types joined by a hyphen.
ALIASES = {"CHEM-GENE": "CHEMICAL-GENE", "PROT12": "PROTEIN-PROTEIN"}

_TAG = re.compile(r"@([A-Za-z][\w-]*)\$")
_HEADERS = ("index\tsentence\tlabel", "sentence\tlabel")
# A PubMed id, or a document of DDI 2013 or AIMed: what comes after it names the sentence or the pair.
_ARTICLE = re.compile(r"(\d+|.+?\.d\d+)\.")


def find_masked(root: Path) -> Found:
    """Find the instance files at a path, one split each."""
    return find_files(root, FILE_NAME)


def read_masked(
    source: Source,
    *,
    pair: tuple[str, str] | None = None,
    null_labels: Collection[str] = NULL_LABELS,
    aliases: Mapping[str, str] = ALIASES,
) -> Iterator[Document]:
    """Read one file, each line as a document of two mentions, with one relation or none.

    Args:
        source: The file.
        pair: Types of head and tail. Without it, all tags must have one type.
        null_labels: Labels that mean that there is no relation, in any case.
        aliases: Tag names and what they stand for: a type, or two joined by a hyphen.

    Returns:
        Documents whose id is the index, or name of split and line number where the file has none. The group is the
        article that the index names, if it names one. Where both mentions have one type, the first is the head.

    Raises:
        BioreError: BR100 to BR103 for lines, BR118 for an empty label, BR120 to BR122 for tags.
    """
    width: int | None = None
    nulls = {null.lower() for null in null_labels}
    for line in read_lines(source.path):
        if width is None and line.text.lower() in _HEADERS:
            width = len(line.columns(2, 3))
            continue
        *index, sentence, label = line.columns(width) if width else line.columns(2, 3)
        width = width or len(index) + 2
        doc_id = index[0] if index else f"{source.name}:{line.number}"
        head, tail = _in_order(_mentions(sentence, aliases, line, doc_id), pair, line, doc_id)
        label = checked_name(label, "label", where=line, doc_id=doc_id)
        relations = [] if label.lower() in nulls else [Relation(head.id, tail.id, label)]
        counts = Counts.of_document(mentions=2, relations=len(relations))
        counts.negatives = 1 - len(relations)
        yield Document(
            id=doc_id,
            text=sentence,
            mentions=[head, tail],
            relations=relations,
            group=_article(doc_id) or f"{source.name}:{doc_id}",
            sentences=[0],
            source=str(line),
            counts=counts,
        )


def _article(index: str) -> str | None:
    match = _ARTICLE.match(index)
    return match[1] if match else None


def _mentions(sentence: str, aliases: Mapping[str, str], line: Line, doc_id: str) -> tuple[Mention, Mention]:
    """Return the two mentions of a sentence in the order of the text."""
    mentions: list[Mention] = []
    for match in _TAG.finditer(sentence):
        for entity_type in aliases.get(match[1], match[1]).split("-"):
            mentions.append(Mention(f"T{len(mentions) + 1}", *match.span(), entity_type))
    if len(mentions) != 2:
        tags = ", ".join(match[0] for match in _TAG.finditer(sentence)) or "none"
        raise BioreError(
            Errors.BR120.format(where=line, doc_id=doc_id, number=len(mentions), tags=tags, text=shorten(sentence))
        )
    return mentions[0], mentions[1]


def _in_order(
    mentions: tuple[Mention, Mention], pair: tuple[str, str] | None, line: Line, doc_id: str
) -> tuple[Mention, Mention]:
    """Return head and tail."""
    first, second = mentions
    if pair is None and first.type != second.type:
        raise BioreError(Errors.BR121.format(where=line, doc_id=doc_id, first=first.type, second=second.type))
    if pair is None or (first.type, second.type) == pair:
        return first, second
    if (second.type, first.type) == pair:
        return second, first
    raise BioreError(
        Errors.BR122.format(where=line, doc_id=doc_id, found=f"{first.type}, {second.type}", pair=", ".join(pair))
    )
