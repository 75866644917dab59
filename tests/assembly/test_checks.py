"""What is asked before two pipelines become one; each problem has a code, and says what to do."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from spacy_biore.assembly.assemble import Assembly, assemble
from spacy_biore.assembly.checks import find_labels, sets_sentences
from spacy_biore.assembly.scispacy_parts import use_tokenizer
from spacy_biore.errors import BioreError


@Language.factory("test_lexicon", assigns=["doc.ents"])
class Lexicon:
    """A recogniser of somebody else's, which does not say what it finds."""

    def __init__(self, nlp: Language, name: str) -> None:
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        return doc


@pytest.fixture
def join(relation_nlp: Language) -> Callable[..., Assembly]:
    """A function that puts ``relation_nlp`` behind a recogniser; a warning is an error unless the test expects it."""

    def run(recogniser: Language, **kwargs: Any) -> Assembly:
        return assemble(recogniser, relation_nlp, abbreviations=False, **kwargs)

    return run


def test_pipelines_that_fit_cause_no_warning(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert join(make_recogniser(["CHEMICAL", "GENE"])).types == {"CHEMICAL": "CHEMICAL", "GENE": "GENE"}


def test_pipeline_without_recogniser_is_an_error(join: Callable[..., Assembly]):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_type_mapper")
    with pytest.raises(BioreError, match=r"BR600.*'en_pipeline'.*doc\.ents.*sentencizer, entity_type_mapper"):
        join(nlp)


def test_recogniser_that_is_switched_off_is_none(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language]
):
    nlp = make_recogniser(["CHEMICAL", "GENE"])
    nlp.disable_pipe("ner")
    with pytest.raises(BioreError, match="BR600"):
        join(nlp)


def test_mentions_in_another_span_group_are_none(join: Callable[..., Assembly]):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler")
    with pytest.raises(BioreError, match="BR600"):
        join(nlp)
    assert find_labels(nlp, spans_keys=["ruler"]) == set()


def test_pipeline_without_relation_extractor_is_an_error(make_recogniser: Callable[..., Language]):
    nlp = make_recogniser(["CHEMICAL", "GENE"])
    with pytest.raises(BioreError, match="BR301"):
        assemble(nlp, spacy.blank("en"))


def test_relations_that_no_entity_can_have_are_an_error(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language]
):
    expected = r"BR602.*between CHEMICAL, GENE.*finds PERSON.*Missing: CHEMICAL, GENE.*--map-types LABEL=TYPE\."
    with pytest.raises(BioreError, match=expected):
        join(make_recogniser(["PERSON"]))


def test_example_of_a_map_makes_sense(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with pytest.raises(BioreError, match=r"BR602.*--map-types GENE_OR_GENE_PRODUCT=GENE\."):
        join(make_recogniser(["CANCER", "GENE_OR_GENE_PRODUCT"]))


def test_one_half_of_every_pair_is_not_enough(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with pytest.raises(BioreError, match=r"BR602.*Missing: GENE\."):
        join(make_recogniser(["CHEMICAL", "DISEASE"]))


def test_recogniser_without_labels_is_an_error(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with pytest.raises(BioreError, match=r"BR602.*finds nothing"):
        join(make_recogniser([]))


def test_relations_that_are_lost_are_warned_of(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with pytest.warns(UserWarning, match=r"BRW61.*no CHEMICAL: INHIBITS\."):
        join(make_recogniser(["GENE"]))


def test_labels_that_no_map_covers_are_warned_of(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language]
):
    with pytest.warns(UserWarning, match=r"BRW60.*recogniser: GPE, PERSON\. .*kept.*one of CHEMICAL, GENE"):
        result = join(make_recogniser(["PERSON", "CHEMICAL", "GENE", "GPE"]))
    assert [entity.label_ for entity in result.nlp("person").ents] == ["PERSON"]


def test_labels_that_are_dropped_are_covered(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = join(make_recogniser(["CHEMICAL", "GENE", "GPE"]), types={"GPE": None})
    assert result.nlp("gpe").ents == ()


def test_map_of_a_label_that_there_is_not_is_an_error(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language]
):
    with pytest.raises(BioreError, match=r"BR603.*label CHEMICL; it has CHEMICAL, GENE"):
        join(make_recogniser(["CHEMICAL", "GENE"]), types={"CHEMICL": "CHEMICAL"})


def test_labels_that_are_not_known_can_be_mapped(join: Callable[..., Assembly]):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("test_lexicon")
    with pytest.warns(UserWarning, match=r"BRW64.*'test_lexicon'"):
        result = join(nlp, types={"DRUG": "CHEMICAL"})
    assert result.nlp.pipe_names == ["sentencizer", "test_lexicon", "entity_type_mapper", "relation_extractor"]


def test_labels_follow_mappers_and_recognisers_in_order():
    nlp = spacy.blank("en")
    patterns = [{"label": "A", "pattern": "a"}, {"label": "B", "pattern": "b"}]
    first: Any = nlp.add_pipe("entity_ruler")
    first.add_patterns(patterns)
    nlp.add_pipe("entity_type_mapper", config={"types": [["A", "C"], ["B", None]]})
    assert find_labels(nlp) == {"C"}
    second: Any = nlp.add_pipe("span_ruler", config={"annotate_ents": True})
    second.add_patterns(patterns)
    assert find_labels(nlp) == {"A", "B", "C"}


def test_sentencizer_is_added_where_sentences_are_missing(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language]
):
    with pytest.warns(UserWarning, match="BRW63"):
        result = join(make_recogniser(["CHEMICAL", "GENE"], sentences=False))
    assert result.nlp.pipe_names == ["ner", "sentencizer", "relation_extractor"]
    doc = result.nlp("The chemical works. The gene does not.")
    assert [relation.label for relation in doc._.relations] == []


def test_sentence_boundaries_of_any_component_are_seen(make_recogniser: Callable[..., Language]):
    nlp = make_recogniser([], sentences=False)
    assert not sets_sentences(nlp)
    nlp.add_pipe("sentencizer", name="mine")
    assert sets_sentences(nlp)
    nlp.disable_pipe("mine")
    assert not sets_sentences(nlp)


def test_recogniser_that_does_not_run_is_an_error(join: Callable[..., Assembly]):
    nlp = spacy.blank("en")
    ner: Any = nlp.add_pipe("ner")
    for label in ("CHEMICAL", "GENE"):
        ner.add_label(label)
    with pytest.raises(BioreError, match="BR609.*E109"):
        join(nlp)


def test_other_tokenizer_is_warned_of(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    nlp = make_recogniser(["CHEMICAL", "GENE"])
    nlp.tokenizer.add_special_case("xy", [{"ORTH": "x"}, {"ORTH": "y"}])
    with pytest.warns(UserWarning, match="BRW62.*tokenizers"):
        join(nlp)


def test_tokenizer_that_is_put_in_is_the_one_that_is_compared(
    make_recogniser: Callable[..., Language], relation_path: Any
):
    pytest.importorskip("scispacy")
    relations = use_tokenizer(spacy.load(relation_path))
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    with pytest.warns(UserWarning) as caught:
        assemble(recogniser, relations, abbreviations=False, scispacy_tokenizer=True)
    assert [str(one.message)[:7] for one in caught if "BRW" in str(one.message)] == ["[BRW66]"]


def test_recogniser_with_scispacys_tokenizer_keeps_it_without_a_warning(
    make_recogniser: Callable[..., Language], relation_path: Any
):
    pytest.importorskip("scispacy")
    relations, recogniser = use_tokenizer(spacy.load(relation_path)), make_recogniser(["CHEMICAL", "GENE"])
    assemble(use_tokenizer(recogniser), relations, abbreviations=False, scispacy_tokenizer=True)


def test_other_vectors_are_warned_of_where_there_are_any(make_recogniser: Callable[..., Language], relation_path: Any):
    relations = spacy.load(relation_path)
    relations.vocab.set_vector("aspirin", np.ones(2))
    with pytest.warns(UserWarning, match="BRW62.*word vectors"):
        assemble(make_recogniser(["CHEMICAL", "GENE"]), relations, abbreviations=False)


def test_extractor_that_reads_other_vectors_is_an_error(make_recogniser: Callable[..., Language], relation_path: Any):
    relations = spacy.load(relation_path)
    relations.vocab.set_vector("aspirin", np.ones(2))
    model: Any = relations.get_pipe("relation_extractor").model  # type: ignore[attr-defined]
    model._layers.append(Model("static_vectors", lambda model, X, is_train: (X, lambda dY: dY)))
    with pytest.raises(BioreError, match="BR608"):
        assemble(make_recogniser(["CHEMICAL", "GENE"]), relations, abbreviations=False)


def test_same_labels_twice_are_an_error(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    assembled = join(make_recogniser(["CHEMICAL", "GENE"])).nlp
    with pytest.raises(BioreError, match=r"BR607.*INHIBITS, BINDS"):
        join(assembled)


def test_unknown_knowledge_base_is_an_error(join: Callable[..., Assembly], make_recogniser: Callable[..., Language]):
    pytest.importorskip("scispacy.linking")
    with pytest.raises(BioreError, match=r"BR606.*'mine'.*umls"):
        join(make_recogniser(["CHEMICAL", "GENE"]), linker="mine")


def test_knowledge_base_that_can_not_be_downloaded_is_an_error(
    join: Callable[..., Assembly], make_recogniser: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
):
    linking = pytest.importorskip("scispacy.linking")

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(linking, "CandidateGenerator", refuse)
    with pytest.raises(BioreError, match=r"BR606.*'mesh'.*no network"):
        join(make_recogniser(["CHEMICAL", "GENE"]), linker="mesh")
