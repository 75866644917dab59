"""The one document type that every corpus format is read into."""

from dataclasses import dataclass, field

from .counts import Counts


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names an entity.

    Attributes:
        id: Unique in its document.
        start: First character, counted in the document's text from 0.
        end: One past the last character.
        type: Entity type, such as ``CHEMICAL``.
        concept: Identifier in a terminology, such as a MeSH id, where the corpus gives one.
    """

    id: str
    start: int
    end: int
    type: str
    concept: str | None = None


@dataclass(frozen=True)
class Relation:
    """A directed relation between two mentions of one document, named by their ids."""

    head: str
    tail: str
    label: str


@dataclass
class Document:
    """A text with its mentions and relations.

    Attributes:
        id: Unique in its corpus.
        text: The text that all offsets count in.
        group: The article that the text comes from; the id where it is not given. No split puts one group on two sides.
        sentences: Where the sentences begin, in rising order, if the corpus says so; a rule finds them otherwise.
        source: Where the document was read, for messages.
        counts: What its reader read and dropped. By default, what the document holds was read and nothing dropped.
        refused: Why the corpus itself does not want it used, such as an annotator's answer; empty if it does.

    Two documents are equal if they say the same, wherever they were read.
    """

    id: str
    text: str
    mentions: list[Mention] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    group: str = ""
    sentences: list[int] | None = None
    source: str = field(default="", repr=False, compare=False)
    counts: Counts = field(default=None, repr=False, compare=False)  # type: ignore[assignment]
    refused: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        self.group = self.group or self.id
        if self.counts is None:
            self.counts = Counts.of_document(len(self.mentions), len(self.relations))
