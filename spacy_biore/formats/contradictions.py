"""What becomes of mentions that contradict the text: all are found before a conversion stops, or are left out."""

from collections.abc import Iterable, Iterator, Sequence

from ..errors import BioreError, Errors
from .counts import Contradiction
from .document import Document
from .mentions import OnMismatch

# Of the contradictions in a message; the report has all.
SHOWN = 10


class Contradicted(BioreError):
    """Mentions contradict the text: BR106 for one, BR156 for several. ``contradictions`` has all of them."""

    def __init__(self, contradictions: Sequence[Contradiction]) -> None:
        self.contradictions = contradictions
        first, *others = contradictions
        several = Errors.BR156.format(number=len(contradictions), shown=describe(contradictions))
        super().__init__(several if others else Errors.BR106.format(**first._asdict()))


def refusing(documents: Iterable[Document], on_mismatch: OnMismatch) -> Iterator[Document]:
    """Pass documents on, and after the last name all of their contradictions if these are an error.

    Raises:
        Contradicted: BR106 for one contradiction, BR156 for several.
    """
    found: list[Contradiction] = []
    for document in documents:
        found += document.counts.contradictions
        yield document
    if found and on_mismatch == "error":
        raise Contradicted(found)


def describe(contradictions: Sequence[Contradiction]) -> str:
    """Name contradictions, but not more of them than fit a message."""
    rest = [f"and {len(contradictions) - SHOWN} more"] if len(contradictions) > SHOWN else []
    return "; ".join([*map(str, contradictions[:SHOWN]), *rest])
