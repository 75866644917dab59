"""The formats that can be read, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

from .bioc import find_bioc, read_bioc
from .brat import find_brat, read_brat
from .chemprot import find_chemprot, read_chemprot
from .ddi import find_ddi, read_ddi
from .document import Document
from .jsonl import find_jsonl, read_jsonl
from .masked import find_masked, read_masked
from .ppi import find_ppi, read_ppi
from .prodigy import find_prodigy, read_prodigy
from .pubtator import find_pubtator, read_pubtator
from .sources import Found
from .to_docs import Align


@dataclass(frozen=True)
class Format:
    """A corpus format.

    Attributes:
        find: From a path to the splits there.
        read: From a split to its documents; its keyword arguments are the options of the format.
        align: What to do by default with a mention that begins or ends inside a token.
        of_sentences: Whether its documents are single sentences, several from one article.
    """

    find: Callable[[Path], Found]
    read: Callable[..., Iterator[Document]]
    align: Align = "move"
    of_sentences: bool = False

    @property
    def options(self) -> set[str]:
        """Names of the options of the format."""
        return set(signature(self.read).parameters) - {"source"}


FORMATS = {
    "chemprot": Format(find_chemprot, read_chemprot),
    # Moved to whole tokens, mentions such as those of "p16(INK4a)" would coincide, and their pairs be lost.
    "ddi": Format(find_ddi, read_ddi, align="cut"),
    "ppi": Format(find_ppi, read_ppi, align="cut"),
    "pubtator": Format(find_pubtator, read_pubtator),
    "bioc": Format(find_bioc, read_bioc),
    "brat": Format(find_brat, read_brat),
    "prodigy": Format(find_prodigy, read_prodigy),
    # Tags are no words that a tokenizer knows: it would join "@GENE$" to "-mediated" or to the full stop.
    "masked": Format(find_masked, read_masked, align="cut", of_sentences=True),
    "jsonl": Format(find_jsonl, read_jsonl),
}
