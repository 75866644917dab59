"""Docs that hold one pair each."""

import pytest

from spacy_biore.crossval.instances import single_pairs
from spacy_biore.relations import GROUP_KEY, get_doc_id, get_group, get_records

MARKED = "[aspirin|CHEMICAL] and [caffeine|CHEMICAL] block [cox|GENE]. [zorbin|CHEMICAL] spares [qrx|GENE]."


def mentions(doc):
    return [ent.text for ent in doc.ents]


def test_each_pair_is_a_doc_with_its_own_relations(make_doc, make_nlp):
    doc = make_doc(MARKED, [(1, 2, "INHIBITS")])
    found = list(single_pairs([doc], make_nlp()))
    assert [mentions(one) for one in found] == [["aspirin", "cox"], ["caffeine", "cox"], ["zorbin", "qrx"]]
    assert [len(get_records(one)) for one in found] == [0, 1, 0]
    assert len({get_doc_id(one) for one in found}) == 3


def test_the_article_of_the_whole_is_kept(make_doc, make_nlp):
    doc = make_doc(MARKED)
    doc.user_data[GROUP_KEY] = "article"
    assert {get_group(one) for one in single_pairs([doc, make_doc("Nothing.")], make_nlp())} == {"article"}


def test_a_gold_pair_that_is_no_candidate_is_an_instance(make_doc, make_nlp):
    doc = make_doc(MARKED, [(3, 2, "INHIBITS")])
    found = list(single_pairs([doc], make_nlp()))
    assert mentions(found[-1]) == ["cox", "zorbin"] and len(get_records(found[-1])) == 1
    assert len(found) == 4


def test_both_orders_of_a_pair_are_one_instance(make_doc, make_nlp):
    nlp = make_nlp(labels=[{"label": "ACTIVATES", "head": ["GENE"], "tail": ["GENE"]}])
    doc = make_doc("[a|GENE] activates [b|GENE].", [(1, 0, "ACTIVATES")])
    (found,) = single_pairs([doc], nlp)
    assert mentions(found) == ["a", "b"] and len(get_records(found)) == 1


def test_a_schema_that_is_not_declared_is_read_off_the_docs(make_doc, make_nlp):
    docs = [make_doc("[a|GENE] binds [b|PLANT].", [(0, 1, "BINDS")]), make_doc("[c|PLANT] and [d|GENE].")]
    assert [mentions(one) for one in single_pairs(docs, make_nlp(labels=[]))] == [["a", "b"], ["c", "d"]]


def test_span_groups_hold_the_pair_too(make_doc, make_nlp):
    nlp = make_nlp(candidates={"@misc": "spacy-biore.CandidateGenerator.v1", "spans_key": "entities"})
    (*_, last) = single_pairs([make_doc(MARKED, spans_key="entities")], nlp)
    assert [span.text for span in last.spans["entities"]] == ["zorbin", "qrx"]
    assert [len(found) for found in nlp.get_pipe("relation_extractor").get_candidates([last])] == [1]


def test_a_pipeline_without_extractor_is_an_error(make_doc):
    import spacy

    with pytest.raises(ValueError, match="BR301"):
        list(single_pairs([make_doc(MARKED)], spacy.blank("en")))
