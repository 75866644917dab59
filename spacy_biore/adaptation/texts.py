"""Unlabelled text from files of several kinds, one document at a time."""

import gzip
import json
import lzma
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import BioreError, Errors
from ..formats.lines import decode_line
from ..formats.pubtator import TEXT_LINE
from ..formats.sources import files_in
from ..relations import DOC_ID_KEY, GROUP_KEY

COMPRESSED: dict[str, Callable[..., IO[bytes]]] = {".gz": gzip.open, ".xz": lzma.open}  # type: ignore[dict-item]
ID_FIELDS = ("id", "pmid", "doc_id")


class Text(NamedTuple):
    """A document of unlabelled text.

    Attributes:
        id: Its id, "" if it has none.
        text: The text.
        where: File and line, or number in the file.
        other_ids: Further ids that it has.
    """

    id: str
    text: str
    where: str
    other_ids: tuple[str, ...] = ()


def read_texts(paths: Sequence[Path]) -> Iterator[Text]:
    """Yield the documents of files and folders: .txt, .jsonl, .pubtator, PubMed .xml and .spacy, also .gz and .xz.

    Raises:
        BioreError: As ``text_files``; BR100 for a file that can't be read, BR101 for one without a document; BR400 for
            one of another kind; BR401 for a line, BR402 for a file, that is not what its name says.
    """
    for file in text_files(paths):
        reader = reader_of(file)
        if reader is None:
            raise BioreError(Errors.BR400.format(path=file, kinds=", ".join(READERS)))
        empty = True
        try:
            for text in reader(file):
                empty = False
                yield text
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise BioreError(Errors.BR100.format(path=file, problem=error)) from error
        if empty:
            raise BioreError(Errors.BR101.format(path=file))


def text_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files, and those of folders that ``read_texts`` reads, in the order of their names, each once.

    Raises:
        BioreError: BR100 for a file that is not there; BR400 for a folder without any.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise BioreError(Errors.BR100.format(path=path, problem="there is no such file or folder"))
        files = [file for file in files_in(path) if reader_of(file)] if path.is_dir() else [path]
        if not files:
            raise BioreError(Errors.BR400.format(path=path, kinds=", ".join(READERS)))
        for file in files:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def reader_of(path: Path) -> Callable[[Path], Iterator[Text]] | None:
    """Return what reads files of such a name; None for another kind."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    if suffixes[-2:] == [".pubtator", ".txt"]:
        suffixes.pop()
    return READERS.get(suffixes[-1]) if suffixes else None


def _open(path: Path) -> IO[bytes]:
    return COMPRESSED.get(path.suffix.lower(), open)(path, "rb")


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line, and where it is."""
    with _open(path) as file:
        for number, raw in enumerate(file, start=1):
            yield decode_line(raw, path, number), f"{path}, line {number}"


def read_plain(path: Path) -> Iterator[Text]:
    """Yield documents that are parted by blank lines; they have no ids."""
    lines: list[str] = []
    start = ""
    for line, where in _lines(path):
        if line.strip():
            start = start if lines else where
            lines.append(line)
        elif lines:
            yield Text("", "\n".join(lines), start)
            lines = []
    if lines:
        yield Text("", "\n".join(lines), start)


def _read_jsonl(path: Path) -> Iterator[Text]:
    """Yield objects with a ``text``, or a ``title`` and an ``abstract``."""
    for line, where in _lines(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BioreError(Errors.BR401.format(where=where, problem=f"not JSON: {error}")) from error
        record = record if isinstance(record, dict) else {}
        keys = ("text",) if "text" in record else ("title", "abstract")
        parts = [record.get(key) or "" for key in keys]
        if not record.keys() & {*keys} or not all(isinstance(part, str) for part in parts):
            problem = "no text: a line is an object with 'text', or with 'title' and 'abstract', as strings"
            raise BioreError(Errors.BR401.format(where=where, problem=problem))
        text = "\n".join(part for part in parts if part)
        try:
            text.encode("utf8")
        except UnicodeEncodeError as error:
            problem = f"half of a character at character {error.start} of its text: {text[error.start]!r}"
            raise BioreError(Errors.BR401.format(where=where, problem=problem)) from error
        values = (record.get(key) for key in ID_FIELDS)
        first, *others = [str(value).strip() for value in values if value not in (None, "")] or [""]
        yield Text(first, text, where, tuple(others))


def _read_pubtator(path: Path) -> Iterator[Text]:
    """Yield title and abstract of each document; its annotations are not needed here."""
    title: Text | None = None
    for line, where in _lines(path):
        match = TEXT_LINE.fullmatch(line)
        if match is None:
            continue
        if match["part"] == "t":
            if title:
                yield title
            title = Text(match["doc_id"], match["text"], where)
        elif title and title.id == match["doc_id"]:
            yield title._replace(text=f"{title.text}\n{match['text']}")
            title = None
        else:
            problem = f"the abstract of document '{match['doc_id']}' does not follow its title"
            raise BioreError(Errors.BR401.format(where=where, problem=problem))
    if title:
        yield title


def _read_pubmed_xml(path: Path) -> Iterator[Text]:
    """Yield title and abstract of each article of a PubMed XML file, as in the baseline."""
    try:
        with _open(path) as file:
            events = ET.iterparse(file, events=("start", "end"))
            _, root = next(events)
            for event, element in events:
                if event == "end" and element.tag == "PubmedArticle":
                    pmid = element.findtext("MedlineCitation/PMID", default="")
                    article = element.find("MedlineCitation/Article")
                    nodes = article.iterfind("ArticleTitle") if article is not None else iter(())
                    abstract = article.iterfind("Abstract/AbstractText") if article is not None else iter(())
                    parts = ["".join(node.itertext()).strip() for node in (*nodes, *abstract)]
                    yield Text(pmid, "\n".join(part for part in parts if part), f"{path}, PMID {pmid}")
                    root.clear()
    except BioreError:
        raise
    except (ET.ParseError, StopIteration, LookupError, ValueError) as error:
        raise BioreError(Errors.BR402.format(path=path, problem=error)) from error


def _read_docbin(path: Path) -> Iterator[Text]:
    with _open(path) as file:
        data = file.read()
    try:
        docs = DocBin().from_bytes(data).get_docs(Vocab())
    except (ValueError, KeyError, TypeError) as error:
        raise BioreError(Errors.BR402.format(path=path, problem=error)) from error
    for number, doc in enumerate(docs, start=1):
        # A sentence goes by its article, since articles are what must not be read twice.
        doc_id = doc.user_data.get(GROUP_KEY) or doc.user_data.get(DOC_ID_KEY) or ""
        yield Text(str(doc_id), sentence_lines(doc), f"{path}, document {number}")


def sentence_lines(doc: Doc) -> str:
    """Return the text of a Doc with a line end for the blanks between its sentences, if it has any."""
    if not doc.has_annotation("SENT_START"):
        return doc.text
    return "".join(sent.text + ("\n" if sent[-1].whitespace_ else "") for sent in doc.sents)


READERS: dict[str, Callable[[Path], Iterator[Text]]] = {
    ".txt": read_plain,
    ".jsonl": _read_jsonl,
    ".pubtator": _read_pubtator,
    ".xml": _read_pubmed_xml,
    ".spacy": _read_docbin,
}
