"""What the attention of a relation looks at."""

import pytest

from spacy_biore.relations import relation_record, set_records

MARKED = "[aspirin|CHEMICAL] inhibits [cox|GENE] and [ab|GENE]."
RELATIONS = [(0, 1, "INHIBITS"), (1, 2, "BINDS")]


def test_explain(make_nlp, make_example, make_doc):
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: [make_example(MARKED, RELATIONS)])
    extractor = nlp.get_pipe("relation_extractor")
    doc = make_doc("First. " + MARKED)
    set_records(doc, [relation_record(doc.ents[0], doc.ents[1], "CURES")])
    doc = extractor(doc)
    explained = extractor.explain(doc)
    assert [view for view, _ in explained] == doc._.relations[1:]
    for view, weights in explained:
        assert [token.text for token, _ in weights] == [token.text for token in view.head.sent]
        assert sum(weight for _, weight in weights) == pytest.approx(1, abs=1e-5)
        assert len({round(weight, 6) for _, weight in weights}) > 3


def test_explain_after_tokens_were_merged(make_nlp, make_example, make_doc, span_of):
    """The entity merger of a pipeline leaves span groups as they were, so that some of their spans can't be read."""
    nlp = make_nlp(threshold=0.0, candidates={"spans_key": "entities"})
    nlp.initialize(lambda: [make_example(MARKED, RELATIONS)])
    extractor = nlp.get_pipe("relation_extractor")
    doc = make_doc("In mice [acetyl salicylic acid|CHEMICAL] blocks the [cox kinase|GENE]", spans_key="entities")
    doc.spans["entities"] = [*doc.spans["entities"], span_of(doc, "acetyl", "CHEMICAL")]
    doc = extractor(doc)
    assert len(doc._.relations) == 2
    doc = nlp.create_pipe("merge_entities")(doc)
    for view, weights in extractor.explain(doc):
        assert (view.head.text, view.tail.text) == ("acetyl salicylic acid", "cox kinase")
        assert [token.text for token, _ in weights] == [token.text for token in doc]
    assert [len(entity._.relations) for entity in doc.ents] == [2, 2]


def test_explain_without_attention(make_nlp, make_example, make_doc):
    nlp = make_nlp(model={"summary": "mean"}, threshold=0.0)
    nlp.initialize(lambda: [make_example(MARKED, RELATIONS)])
    doc = nlp(make_doc(MARKED))
    explained = nlp.get_pipe("relation_extractor").explain(doc)
    assert [(view.label, weights) for view, weights in explained] == [(r.label, []) for r in doc._.relations]


def test_only_related_pairs_pass_through_the_model_again(make_nlp, make_example, make_doc, monkeypatch):
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: [make_example(MARKED, RELATIONS)])
    extractor = nlp.get_pipe("relation_extractor")
    doc = make_doc(MARKED)
    set_records(doc, [relation_record(doc.ents[0], doc.ents[2], "INHIBITS")])
    seen = []
    shim = extractor.model.shims[0]
    read = type(shim).attention
    monkeypatch.setattr(type(shim), "attention", lambda self, pairs: seen.append(len(pairs)) or read(self, pairs))
    [(view, weights)] = extractor.explain(doc)
    assert (view.tail.text, seen) == ("ab", [1]) and weights
