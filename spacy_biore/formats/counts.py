"""What was read, changed, dropped and written, counted so that it adds up."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import Errors

FLOWS = ("documents", "mentions", "relations")
# A reason to drop that several stages share.
MENTION_DROPPED = "its mention was dropped"


class Contradiction(NamedTuple):
    """A mention whose text according to the corpus, ``surface``, is not what its offsets give.

    ``found`` is empty if they do not lie in the text.
    """

    where: str
    doc_id: str
    start: int
    end: int
    surface: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}, document '{self.doc_id}', {self.start}:{self.end} ({self.surface!r}, not {self.found!r})"


@dataclass
class Flow:
    """One kind of thing on its way from a corpus to a file: ``read + expanded - dropped = written``.

    Attributes:
        read: As many as the corpus lists.
        expanded: How many more they became, where one row of the corpus stands for several.
        dropped: How many were left out, by reason.
        changed: How many were read otherwise than they stand in the corpus, by what was done.
        moved: How many of the written ones have other offsets than in the corpus.
        written: How many the output holds.
    """

    read: int = 0
    expanded: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    written: int = 0

    @property
    def left(self) -> int:
        """How many should be written, from what was read, expanded and dropped."""
        return self.read + self.expanded - self.dropped.total()

    def drop_unread(self, number: int, reason: str) -> None:
        """Count so many that the corpus lists and that could not be read."""
        if number:
            self.read += number
            self.dropped[reason] += number

    def add(self, other: "Flow") -> None:
        """Add the numbers of another flow to this one."""
        self.read += other.read
        self.expanded += other.expanded
        self.dropped.update(other.dropped)
        self.changed.update(other.changed)
        self.moved += other.moved
        self.written += other.written


@dataclass
class Counts:
    """The numbers of one document, or their sums over many.

    Attributes:
        documents, mentions, relations: The three flows.
        negatives: Pairs that the corpus gives as without a relation. No file holds them: the candidate generator finds
            them again.
        labels: Written relations by label.
        sentences: Sentences of the written documents.
        across_sentences: Written relations whose mentions begin in different sentences.
        boundaries_removed: Sentence boundaries that fell inside a mention.
        tokens_cut: How many tokens more there are because tokens were cut at the edges of mentions.
        contradictions: What there was to say of dropped mentions that contradict the text, if the format tells.
    """

    documents: Flow = field(default_factory=Flow)
    mentions: Flow = field(default_factory=Flow)
    relations: Flow = field(default_factory=Flow)
    negatives: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    across_sentences: int = 0
    boundaries_removed: int = 0
    tokens_cut: int = 0
    contradictions: list[Contradiction] = field(default_factory=list)

    @classmethod
    def of_document(cls, mentions: int = 0, relations: int = 0) -> "Counts":
        """Begin the counts of one document of which so many mentions and relations were read."""
        return cls(documents=Flow(read=1), mentions=Flow(read=mentions), relations=Flow(read=relations))

    def discard(self, reason: str) -> None:
        """Count a whole document as dropped, with everything left in it."""
        for flow in (getattr(self, name) for name in FLOWS):
            if flow.left:
                flow.dropped[reason] += flow.left

    def add(self, other: "Counts") -> None:
        """Add the numbers of another document, or of many."""
        for name in FLOWS:
            getattr(self, name).add(getattr(other, name))
        self.negatives += other.negatives
        self.labels.update(other.labels)
        self.sentences += other.sentences
        self.across_sentences += other.across_sentences
        self.boundaries_removed += other.boundaries_removed
        self.tokens_cut += other.tokens_cut
        self.contradictions += other.contradictions

    def copy(self) -> "Counts":
        """Return the same numbers, to be changed on their own."""
        copy = Counts()
        copy.add(self)
        return copy

    def check(self) -> None:
        """Make sure that nothing was lost or invented.

        Raises:
            AssertionError: BR149 if the numbers do not add up, which is a fault of this package.
        """
        for name in FLOWS:
            flow = getattr(self, name)
            if flow.left != flow.written:
                raise AssertionError(Errors.BR149.format(kind=name, flow=flow))
        if self.labels.total() != self.relations.written:
            raise AssertionError(Errors.BR149.format(kind="labels", flow=dict(self.labels)))

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data that JSON can hold."""
        # Not dataclasses.asdict, which makes a wrong copy of a Counter before Python 3.12.
        flows = {name: {**vars(getattr(self, name))} for name in FLOWS}
        for flow in flows.values():
            flow |= {"dropped": dict(flow["dropped"]), "changed": dict(flow["changed"])}
        contradictions = list(map(str, self.contradictions))
        return {**vars(self), **flows, "labels": dict(self.labels), "contradictions": contradictions}
