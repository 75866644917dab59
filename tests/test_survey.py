"""What is said of a corpus before a pipeline is evaluated on it."""

from collections.abc import Callable

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_biore.errors import BioreError
from spacy_biore.evaluation import survey

TEXT = "[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] . It spares [egfr|GENE] ."
GOLD = [(0, 1, "INHIBITS"), (0, 2, "INHIBITS"), (0, 3, "INHIBITS"), (1, 2, "BINDS")]


@pytest.fixture(scope="module")
def nlp(make_nlp: Callable[..., Language]) -> Language:
    return make_nlp()


def test_survey_counts_docs_and_distinct_gold_relations(nlp: Language, make_doc: Callable[..., Doc]):
    docs = [make_doc(TEXT, [*GOLD, (2, 1, "BINDS")]), make_doc("")]
    found = survey(nlp, docs)
    assert found.documents == 2 and found.gold.total() == 4


def test_gold_labels_that_the_model_does_not_know_are_an_error(nlp: Language, make_doc: Callable[..., Doc]):
    docs = [make_doc(TEXT, [(0, 1, "CAUSES"), (0, 2, "ALTERS")]), make_doc(TEXT, [(0, 1, "CAUSES")])]
    with pytest.raises(BioreError, match=r"BR302.* 3 gold relations.*ALTERS, CAUSES.*INHIBITS, BINDS.*--labels"):
        survey(nlp, docs)


def test_labels_that_the_model_does_not_know_are_an_error(nlp: Language, make_doc: Callable[..., Doc]):
    with pytest.raises(BioreError, match=r"BR303.*CAUSES.*INHIBITS, BINDS"):
        survey(nlp, [make_doc(TEXT, GOLD)], labels=["BINDS", "CAUSES"])


def test_corpus_without_gold_relations_warns(nlp: Language, make_doc: Callable[..., Doc]):
    with pytest.warns(UserWarning, match=r"BRW20.*2 documents"):
        assert survey(nlp, [make_doc(TEXT), make_doc("")]).gold.total() == 0
