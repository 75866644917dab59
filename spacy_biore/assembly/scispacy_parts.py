"""What scispaCy adds to a pipeline: its tokenizer, abbreviation detector and entity linker.

scispaCy's own components are not registered before it is imported, so that a saved pipeline would not load without that
import. The factories here are published as entry points, and import scispaCy when they are used.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from ..errors import BioreError, Errors
from ..relations import register_extensions
from .definitions import Definition, DefinitionFinder

REQUIREMENT = "scispacy>=0.6.2,<0.7"
ABBREVIATIONS = "biore_abbreviations"
LINKER = "biore_linker"


class Abbreviations:
    """scispaCy's abbreviation detector (Schwartz & Hearst 2003), for every tokenizer, with results that can be saved.

    Sets ``Span._.long_form``, a text, wherever the tokens of a short form stand that the Doc defines, and
    ``Doc._.abbreviations``. A place where a short form begins or ends inside a token is left out; a long form that
    does is reported with the whole of that token.

    Raises:
        BioreError: BR605 if scispaCy is not installed.
    """

    def __init__(self, name: str = ABBREVIATIONS) -> None:
        self.name = name
        with _needs_scispacy(name):
            self.find = DefinitionFinder()
        register_extensions()
        if not Doc.has_extension("abbreviations"):
            Doc.set_extension("abbreviations", default=[])

    def __call__(self, doc: Doc) -> Doc:
        """Find the abbreviations of a Doc, also of one that has been through a pipeline before."""
        doc._.abbreviations = []
        definitions = self.find(doc.text)
        if definitions:
            self._mark(doc, definitions)
        return doc

    def _mark(self, doc: Doc, definitions: list[Definition]) -> None:
        """Set the long form in all places of each short form."""
        longs: list[Any] = []
        matcher = PhraseMatcher(doc.vocab)
        for number, (short_at, long_at) in enumerate(definitions):
            short = doc.char_span(*short_at)
            words = [doc.text[slice(*short_at)]] if short is None else [token.text for token in short]
            matcher.add(str(number), [Doc(doc.vocab, words=words)])
            longs.append(doc.char_span(*long_at, alignment_mode="expand"))
        for match, start, end in matcher(doc):
            short, long = doc[start:end], longs[int(doc.vocab.strings[match])]
            # A definition may go over the end of a line.
            short._.long_form = " ".join(long.text.split())
            entry = {"short_text": short.text, "short_start": start, "short_end": end}
            entry |= {"long_text": long.text, "long_start": long.start, "long_end": long.end}
            doc._.abbreviations.append(entry)


@Language.factory(ABBREVIATIONS, assigns=["doc._.abbreviations", "span._.long_form"])
def make_abbreviations(nlp: Language, name: str) -> Abbreviations:
    """Make an abbreviation detector; see ``Abbreviations``."""
    return Abbreviations(name)


@Language.factory(LINKER, requires=["doc.ents"], assigns=["span._.kb_ents"], default_config={"linker_name": "umls"})
def make_linker(nlp: Language, name: str, linker_name: str) -> Callable[[Doc], Doc]:
    """Make scispaCy's entity linker, which downloads its knowledge base, of the order of a gigabyte, when first made.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        linker_name: ``umls``, ``mesh``, ``rxnorm``, ``go`` or ``hpo``.

    Raises:
        BioreError: BR605 if scispaCy is not installed; BR606 if the knowledge base is not available.
    """
    with _needs_scispacy(name):
        from scispacy.candidate_generation import DEFAULT_KNOWLEDGE_BASES
        from scispacy.linking import EntityLinker
    if linker_name not in DEFAULT_KNOWLEDGE_BASES:
        problem = f"there is no such knowledge base; known: {', '.join(DEFAULT_KNOWLEDGE_BASES)}"
        raise BioreError(Errors.BR606.format(name=linker_name, problem=problem))
    try:
        return EntityLinker(nlp, name, linker_name=linker_name)
    except (OSError, RuntimeError, ValueError) as error:
        raise BioreError(Errors.BR606.format(name=linker_name, problem=error)) from error


def make_tokenizer(nlp: Language, *, split: str = "") -> Callable[[str], Doc]:
    """Make scispaCy's tokenizer for a pipeline. Its rules are saved with the pipeline, which then needs no scispaCy.

    Args:
        nlp: The pipeline.
        split: Characters that are always tokens of their own. scispaCy keeps hyphens, slashes and brackets inside
            words, as in ``aspirin-induced``.

    Raises:
        BioreError: BR605 if scispaCy is not installed.
    """
    with _needs_scispacy("tokenizer"):
        from scispacy.custom_tokenizer import combined_rule_tokenizer
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Possible set union", category=FutureWarning)
        tokenizer: Any = combined_rule_tokenizer(nlp)
    quieten(tokenizer)
    if split:
        characters = f"[{re.escape(split)}]"
        tokenizer.prefix_search = _extended(tokenizer.prefix_search, f"^{characters}").search
        tokenizer.infix_finditer = _extended(tokenizer.infix_finditer, characters).finditer
        tokenizer.suffix_search = _extended(tokenizer.suffix_search, f"{characters}$").search
    return tokenizer


def quieten(tokenizer: Any) -> None:
    """Let a pipeline with scispaCy's tokenizer not warn of its expression for suffixes whenever it is loaded."""
    expression = getattr(getattr(tokenizer, "suffix_search", None), "__self__", None)
    if isinstance(expression, re.Pattern) and single_bars(expression.pattern) != expression.pattern:
        tokenizer.suffix_search = re.compile(single_bars(expression.pattern)).search


def single_bars(pattern: str) -> str:
    """Take the doubled bar out of a set of characters in scispaCy's expression for suffixes; it means the same."""
    return pattern.replace("||⟦", "|⟦")


def use_tokenizer(nlp: Language, *, split: str = "") -> Language:
    """Replace the tokenizer of a pipeline by scispaCy's; see ``make_tokenizer``."""
    nlp.tokenizer = make_tokenizer(nlp, split=split)
    # The rules themselves are saved beside the config.
    nlp.config["nlp"]["tokenizer"] = {"@tokenizers": "spacy.Tokenizer.v1"}
    return nlp


def make_tokenizer_callback(split: str = "") -> Callable[[Language], Language]:
    """Return the callback that trains a pipeline with scispaCy's tokenizer (``spacy-biore.ScispacyTokenizer.v1``).

    It belongs into ``[initialize.before_init]``: called once, before the first text is read. The trained pipeline has
    the rules, and needs no scispaCy.

    Args:
        split: Characters that are always tokens of their own.
    """
    return partial(use_tokenizer, split=split)


def _extended(method: Any, pattern: str) -> re.Pattern[str]:
    """Add an alternative to the expression that a method of a compiled one belongs to."""
    return re.compile(f"{method.__self__.pattern}|{pattern}")


@contextmanager
def _needs_scispacy(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise BioreError(Errors.BR605.format(name=name, problem=error)) from error
