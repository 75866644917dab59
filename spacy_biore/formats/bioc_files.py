"""The documents of BioC files, as the package bioc holds them."""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from ..errors import BioreError, Errors
from .jsonl import load_json
from .lines import read_lines

if TYPE_CHECKING:
    from bioc import BioCDocument

# Where a JSON object keeps several documents: a collection, and an export of PubTator3.
_DOCUMENTS = ("documents", "PubTator3")
# What some writers leave out where it is empty, by the key of the list that the objects are in.
_EMPTY: dict[str, dict[str, Any]] = {
    "documents": {"infons": {}, "relations": []},
    "passages": {"infons": {}, "sentences": [], "annotations": [], "relations": []},
    "sentences": {"infons": {}, "annotations": [], "relations": []},
    "annotations": {"id": "", "infons": {}, "locations": [], "text": ""},
    "relations": {"id": "", "infons": {}, "nodes": []},
    "locations": {},
    "nodes": {"role": ""},
}
# The same of XML, by element.
_ATTRIBUTES = {"annotation": "id", "node": "role"}
_TYPES = {"offset": int, "length": int, "text": str, "infons": dict}
_NAMES = {int: "a whole number", str: "a string", dict: "an object"}


def read_bioc_file(path: Path) -> Iterator[tuple[str, "BioCDocument"]]:
    """Yield where each document of an XML or JSON file was read, for messages, and the document.

    JSON may be a collection, an export of PubTator3, a list of such, or one of them a line.

    Raises:
        BioreError: BR100 to BR102 for the file, BR158 if it is not BioC, BR159 if bioc is not installed.
    """
    try:
        from bioc import biocjson, biocxml
    except ImportError as error:
        raise BioreError(Errors.BR159) from error

    def from_xml(element: Element) -> "BioCDocument":
        for name, key in _ATTRIBUTES.items():
            for part in element.iter(name):
                part.attrib.setdefault(key, "")
        # The package's own reader of single documents keeps all of the file in memory.
        (document,) = biocxml.loads(f"<collection>{ElementTree.tostring(element, 'unicode')}</collection>").documents
        return document

    def from_json(value: dict[str, Any]) -> "BioCDocument":
        return biocjson.fromJSON(_completed(value, "documents"), "BioCDocument")

    if _is_xml(path):
        for element in _xml_documents(path):
            yield _parsed(from_xml, element, element.findtext("id"), str(path))
    else:
        for where, value in chain.from_iterable(_json_documents(value, where) for where, value in _json_values(path)):
            yield _parsed(from_json, value, value.get("id"), where)


def _parsed(parse: Callable[[Any], "BioCDocument"], value: Any, doc_id: Any, where: str) -> tuple[str, "BioCDocument"]:
    if not str(doc_id or "").strip():
        raise BioreError(Errors.BR158.format(where=where, problem="a document has no id"))
    where = f"{where}, document '{doc_id}'"
    try:
        return where, parse(value)
    except KeyError as error:
        raise BioreError(Errors.BR158.format(where=where, problem=f"{error} is missing")) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise BioreError(Errors.BR158.format(where=where, problem=error)) from error


def _is_xml(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(100).removeprefix(BOM_UTF8).lstrip().startswith(b"<")
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error


def _xml_documents(path: Path) -> Iterator[Element]:
    """Yield the document elements of a file, and forget each."""
    parents: list[Element] = []
    try:
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if element.tag == "document":
                yield element
                if parents:
                    parents[-1].remove(element)
    except ParseError as error:
        raise BioreError(Errors.BR158.format(where=path, problem=error)) from error


def _json_values(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the JSON values of a file: one a line, or one in all."""
    lines = read_lines(path)
    first = next(lines)
    try:
        yield str(first), load_json(first.text)
    except ValueError:
        yield str(path), _loaded("\n".join(line.text for line in chain([first], lines)), str(path))
        return
    for line in lines:
        yield str(line), _loaded(line.text, str(line))


def _loaded(text: str, where: str) -> Any:
    try:
        return load_json(text)
    except ValueError as error:
        raise BioreError(Errors.BR158.format(where=where, problem=error)) from error


def _json_documents(value: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict) and "passages" in value:
        yield where, value
        return
    key = next((key for key in _DOCUMENTS if isinstance(value, dict) and key in value), None)
    values = value[key] if key else value
    if not isinstance(values, list):
        problem = "an object has neither 'documents' nor 'passages'"
        raise BioreError(Errors.BR158.format(where=where, problem=problem))
    for one in values:
        yield from _json_documents(one, where)


def _completed(value: Any, kind: str) -> Any:
    """Fill in what an object of a list of this name lacks, also in the lists that it holds."""
    if not isinstance(value, dict):
        raise TypeError(f"'{kind}' has {value!r} in place of an object")
    # Not isinstance: JSON's true would be a whole number.
    wrong = next((key for key, expected in _TYPES.items() if type(value.get(key)) not in (expected, type(None))), None)
    if wrong:
        raise TypeError(f"'{wrong}' is {value[wrong]!r}; it must be {_NAMES[_TYPES[wrong]]}")
    filled = {**_EMPTY[kind], **{key: held for key, held in value.items() if held is not None}}
    return filled | {key: [_completed(one, key) for one in filled[key]] for key in _EMPTY if key in filled}
