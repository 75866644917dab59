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
from spacy.matcher import Matcher
from spacy.tokens import Doc

from ..errors import BioreError, Errors

REQUIREMENT = "scispacy>=0.6.2,<0.7"
ABBREVIATIONS = "biore_abbreviations"
LINKER = "biore_linker"
# The longest text in brackets that scispaCy takes for a short or long form, in tokens.
BRACKET_TOKENS = 8
BRACKETS = [{"ORTH": "("}, {"OP": f"{{1,{BRACKET_TOKENS}}}"}, {"ORTH": ")"}]


class Abbreviations:
    """scispaCy's abbreviation detector (Schwartz & Hearst 2003), so that its results can be saved and long texts end.

    Sets ``Span._.long_form``, a text, wherever a short form stands that the Doc defines, and ``Doc._.abbreviations``.

    Raises:
        BioreError: BR605 if scispaCy is not installed.
    """

    def __init__(self, nlp: Language, name: str = ABBREVIATIONS) -> None:
        with _needs_scispacy(name):
            from scispacy.abbreviation import AbbreviationDetector
        self.name = name
        self.detector = AbbreviationDetector(nlp, name, make_serializable=True)
        # The detector's own pattern pairs each opening bracket with every closing one that follows, however far away,
        # and drops all long ones afterwards: minutes for a text of some 100,000 characters.
        self.detector.matcher = Matcher(nlp.vocab)
        self.detector.matcher.add("parenthesis", [BRACKETS])
        # No token is empty, so this matches nothing: a matcher that is empty itself would warn of every kind of text.
        self.detector.global_matcher.add("nothing", [[{"ORTH": ""}]])

    def __call__(self, doc: Doc) -> Doc:
        """Find the abbreviations of a Doc, also of one that has been through a pipeline before."""
        doc._.abbreviations = []
        return self.detector(doc)


@Language.factory(ABBREVIATIONS, assigns=["doc._.abbreviations", "span._.long_form"])
def make_abbreviations(nlp: Language, name: str) -> Abbreviations:
    """Make an abbreviation detector; see ``Abbreviations``."""
    return Abbreviations(nlp, name)


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
    tokenizer: Any = combined_rule_tokenizer(nlp)
    if split:
        characters = f"[{re.escape(split)}]"
        tokenizer.prefix_search = _extended(tokenizer.prefix_search, f"^{characters}").search
        tokenizer.infix_finditer = _extended(tokenizer.infix_finditer, characters).finditer
        tokenizer.suffix_search = _extended(tokenizer.suffix_search, f"{characters}$").search
    return tokenizer


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
    with warnings.catch_warnings():
        # Of a doubled bar in spaCy's own expression for infixes.
        warnings.filterwarnings("ignore", message="Possible set union", category=FutureWarning)
        return re.compile(f"{method.__self__.pattern}|{pattern}")


@contextmanager
def _needs_scispacy(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise BioreError(Errors.BR605.format(name=name, problem=error)) from error
