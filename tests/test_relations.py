"""Relations on a Doc: records, views, and everything that a Doc goes through."""

import pickle
import subprocess
import sys
import warnings

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, Token

from spacy_biore import Relation, as_doc, from_docs, get_records, get_relations, set_records
from spacy_biore.errors import BioreError
from spacy_biore.relations import group_spans, relation_record

TEXT = "[Aspirin|CHEMICAL] blocks [COX|GENE]. [Gefitinib|CHEMICAL] blocks [EGFR|GENE] too."
RELATIONS = [(0, 1, "INHIBITS"), (2, 3, "INHIBITS"), (0, 3, "ACTIVATES")]


@pytest.fixture
def doc(make_doc) -> Doc:
    doc = make_doc(TEXT, RELATIONS)
    records = get_records(doc)
    records[1] = {**records[1], "score": 0.25}
    set_records(doc, records)
    return doc


def through_doc_bin(doc: Doc) -> Doc:
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    return next(iter(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)))


def through_json(doc: Doc) -> Doc:
    data = doc.to_json(underscore=["relation_records"])
    return Doc(spacy.blank("en").vocab).from_json(data)


ROUTES = {
    "DocBin": through_doc_bin,
    "bytes": lambda doc: Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes()),
    "json": through_json,
    "copy": lambda doc: doc.copy(),
    "pickle": lambda doc: pickle.loads(pickle.dumps(doc)),
    "as_doc of the whole": lambda doc: as_doc(doc[:]),
    "from_docs of one": lambda doc: from_docs([doc]),
}


@pytest.mark.parametrize("route", ROUTES)
def test_relations_survive(doc: Doc, route: str):
    other = ROUTES[route](doc)
    assert other is not doc
    assert get_records(other) == get_records(doc) != []
    assert [repr(relation) for relation in other._.relations] == [repr(relation) for relation in doc._.relations]


def test_view_has_spans_label_and_score(doc: Doc):
    first, second, _ = get_relations(doc)
    assert (first.head.text, first.head.label_, first.tail.text, first.tail.label_) == (
        "Aspirin",
        "CHEMICAL",
        "COX",
        "GENE",
    )
    assert (first.label, first.score, second.score) == ("INHIBITS", 1.0, 0.25)
    assert first.head.doc is doc
    assert isinstance(first, Relation) and repr(second) == "Relation('Gefitinib' -INHIBITS-> 'EGFR', score=0.250)"


def test_copy_is_independent(doc: Doc):
    other = doc.copy()
    set_records(other, [])
    assert len(get_records(doc)) == 3
    records = doc._.relation_records
    records.clear()
    assert len(doc._.relations) == 3


def test_span_relations_are_those_of_the_mention(doc: Doc):
    aspirin, egfr = doc.ents[0], doc.ents[3]
    assert [relation.label for relation in aspirin._.relations] == ["INHIBITS", "ACTIVATES"]
    assert [relation.head.text for relation in egfr._.relations] == ["Gefitinib", "Aspirin"]
    assert doc[1:2]._.relations == []
    # A span around a mention is not that mention.
    assert doc[0:2]._.relations == []


def test_doc_without_relations(make_doc):
    doc = make_doc("Nothing here.")
    assert doc._.relations == [] == doc._.relation_records == doc[0:1]._.relations
    assert get_records(spacy.blank("en").make_doc("")) == []


@pytest.mark.parametrize("missing", ["head", "tail", "label", "score"])
def test_incomplete_record_is_an_error(doc: Doc, missing: str):
    record = {key: value for key, value in get_records(doc)[0].items() if key != missing}
    with pytest.raises(BioreError, match="BR020"):
        set_records(doc, [record])
    assert len(get_records(doc)) == 3


@pytest.mark.parametrize("mention", [{"start": 0, "end": 7}, {"start": "x", "end": 7, "type": "T"}, None, 7])
def test_malformed_mention_is_an_error(doc: Doc, mention):
    with pytest.raises(BioreError, match="BR020"):
        doc._.relation_records = [{**get_records(doc)[0], "tail": mention}]


@pytest.mark.parametrize(("start", "end"), [(1000, 1007), (-3, 4), (7, 7), (7, 1), (70, 1007)])
def test_mention_outside_the_text_is_an_error(doc: Doc, start: int, end: int):
    record = get_records(doc)[0]
    with pytest.raises(BioreError, match=rf"BR021.*{start}:{end}.*INHIBITS"):
        set_records(doc, [{**record, "head": {"start": start, "end": end, "type": "CHEMICAL"}}])


def test_mention_inside_a_token_is_the_token(doc: Doc):
    record = get_records(doc)[0]
    set_records(doc, [{**record, "head": {"start": 1, "end": 4, "type": "CHEMICAL"}}])
    [relation] = get_relations(doc)
    assert relation.head.text == "Aspirin" and relation.head._.relations


@pytest.fixture
def merged_doc(make_doc, span_of) -> Doc:
    """A Doc whose entities were merged into tokens after its relations were found: one is nested, one behind others."""
    doc = make_doc(
        "The [tyrosine kinase|GENE] is blocked by [acetyl salicylic acid|CHEMICAL] and not by [ozone gas|CHEMICAL]."
    )
    doc.spans["entities"] = [*doc.ents, span_of(doc, "tyrosine", "CHEMICAL")]
    gene, acid, ozone, nested = doc.spans["entities"]
    pairs = [(acid, gene), (ozone, gene), (nested, gene)]
    set_records(doc, [relation_record(head, tail, "INHIBITS") for head, tail in pairs])
    with doc.retokenize() as retokenizer:
        for entity in doc.ents:
            retokenizer.merge(entity)
    return doc


def test_relations_are_read_after_tokens_were_merged(merged_doc: Doc):
    texts = [(r.head.text, r.tail.text) for r in merged_doc._.relations]
    assert texts == [(head, "tyrosine kinase") for head in ("acetyl salicylic acid", "ozone gas", "tyrosine kinase")]
    assert [len(entity._.relations) for entity in merged_doc.ents] == [3, 1, 1]
    again = merged_doc._.relation_records
    merged_doc._.relations = merged_doc._.relations
    assert merged_doc._.relation_records[:2] == again[:2]


def test_spans_of_a_group_are_put_on_merged_tokens(merged_doc: Doc):
    spans = {(span.text, span.label_) for span in group_spans(merged_doc, "entities")}
    gene = {("tyrosine kinase", label) for label in ("GENE", "CHEMICAL")}
    # That of ozone lies behind the last token, where spaCy can't read it.
    assert spans == {*gene, ("acetyl salicylic acid", "CHEMICAL")}


def test_as_doc_keeps_what_lies_inside(doc: Doc):
    _, second = doc.sents
    part = as_doc(second)
    (relation,) = part._.relations
    assert (relation.head.text, relation.tail.text, relation.score) == ("Gefitinib", "EGFR", 0.25)
    assert len(doc._.relations) == 3


def test_as_doc_passes_over_what_tokens_hold(doc: Doc, monkeypatch: pytest.MonkeyPatch):
    Token.set_extension("long_form", default=None)
    try:
        doc[0]._.long_form = "a word's"
        assert len(as_doc(doc[:])._.relations) == 3
    finally:
        Token.remove_extension("long_form")


@pytest.mark.parametrize("ensure_whitespace", [True, False])
def test_from_docs_shifts_offsets(make_doc, ensure_whitespace: bool):
    docs = [
        make_doc(TEXT, RELATIONS),
        make_doc(""),
        make_doc("[Ozone|CHEMICAL] spares [INS|GENE] ", [(0, 1, "INHIBITS")]),
        make_doc("[Lead|CHEMICAL] blocks [ALAD|GENE]", [(0, 1, "INHIBITS")]),
    ]
    vocab = docs[0].vocab
    docs = [Doc(vocab).from_bytes(doc.to_bytes()) for doc in docs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        merged = from_docs(docs, ensure_whitespace=ensure_whitespace)
    assert [(r.head.text, r.tail.text) for r in merged._.relations] == [
        (r.head.text, r.tail.text) for doc in docs for r in doc._.relations
    ]


def test_from_docs_still_warns_of_other_user_data(doc: Doc):
    doc.user_data["mine"] = 1
    with pytest.warns(UserWarning, match="mine") as caught:
        assert len(get_records(from_docs([doc]))) == 3
    assert not any("biore" in str(warning.message) for warning in caught)
    assert from_docs([]) is None


FOREIGN = """
import warnings
from spacy.tokens import Doc, Span
Doc.set_extension("relations", default="theirs")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import spacy_biore
    spacy_biore.register_extensions()
from spacy.vocab import Vocab
doc = Doc(Vocab(), words=["x"])
assert doc._.relations == "theirs"
assert doc._.relation_records == [] == doc[0:1]._.relations
messages = [str(w.message) for w in caught if "BRW03" in str(w.message)]
assert len(messages) == 2 and all("Doc._.relations" in m for m in messages), messages
"""


def test_extension_of_another_package_is_left_alone():
    done = subprocess.run([sys.executable, "-c", FOREIGN], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_records_can_be_changed_without_changing_the_doc(doc: Doc):
    before = [repr(relation) for relation in doc._.relations]
    for record in doc._.relation_records:
        record["label"] = "CHANGED"
        record["head"]["start"] += 1
    assert [repr(relation) for relation in doc._.relations] == before


def test_records_tell_the_words_of_mentions_and_do_not_store_them(doc: Doc):
    records = get_records(doc)
    assert [(r["head"]["text"], r["tail"]["text"]) for r in records][:2] == [("Aspirin", "COX"), ("Gefitinib", "EGFR")]
    doc._.relation_records = records
    assert all(set(stored["head"]) == {"start", "end", "type"} for stored in doc.user_data["biore_relations"])


def test_relations_can_be_set_from_views(doc: Doc):
    views = doc._.relations
    doc._.relations = views[:1]
    assert [repr(relation) for relation in doc._.relations] == [repr(views[0])]
    doc._.relations = [Relation(views[0].head, views[0].tail, "INHIBITS")]
    assert [one.score for one in doc._.relations] == [1.0]
    with pytest.raises(BioreError, match=r"BR020.*\('a', 'b'\)"):
        doc._.relations = [("a", "b")]
    doc._.relations = []
    assert doc._.relation_records == []


def test_mentions_are_the_entities_of_the_doc_with_their_ids(make_doc):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    doc.set_ents(
        [Span(doc, e.start, e.end, label=e.label_, kb_id=f"KB{i}", span_id=f"T{i}") for i, e in enumerate(doc.ents)]
    )
    (relation,) = doc._.relations
    assert (relation.head, relation.tail) == doc.ents
    assert (relation.head.kb_id_, relation.tail.id_) == ("KB0", "T1")
    (record,) = doc._.relation_records
    assert (record["head"]["kb_id"], record["tail"]["kb_id"]) == ("KB0", "KB1")
    doc._.relation_records = [record]
    doc.ents = ()
    assert "kb_id" not in doc._.relation_records[0]["head"], "it is the entity's"
    assert (doc._.relations[0].head.text, doc._.relations[0].head.label_) == ("aspirin", "CHEMICAL")


def test_mentions_of_a_span_group_keep_their_ids(make_doc):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    doc.spans["sc"] = [Span(doc, e.start, e.end, label=e.label_, kb_id="KB") for e in doc.ents]
    doc.ents = ()
    assert doc._.relations[0].tail.kb_id_ == "KB"


def test_a_span_of_another_type_has_no_relations(make_doc):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    assert len(Span(doc, 0, 1, label="CHEMICAL")._.relations) == len(doc[0:1]._.relations) == 1
    assert Span(doc, 0, 1, label="GENE")._.relations == []


def test_from_docs_takes_a_generator_and_leaves_out_what_it_is_told_to(doc: Doc):
    merged = from_docs(one for one in [doc, doc])
    assert len(get_records(merged)) == 6
    assert get_records(from_docs([doc, doc], exclude=["user_data"])) == []


@pytest.mark.parametrize("attribute", ["relations", "relation_records"])
def test_relations_of_another_text_can_not_be_set(make_doc, attribute: str):
    doc = make_doc("[aspirin|CHEMICAL] inhibits [cox|GENE].", [(0, 1, "INHIBITS")])
    for text in ("Quite another text of some length.", "Short."):
        with pytest.raises(BioreError, match=r"BR023.*0:7.*'aspirin'"):
            setattr(make_doc(text)._, attribute, getattr(doc._, attribute))
    same = make_doc("[aspirin|CHEMICAL] inhibits [cox|GENE] in mice.")
    setattr(same._, attribute, getattr(doc._, attribute))
    assert [str(one.head) for one in same._.relations] == ["aspirin"]


def test_relations_are_rows_of_a_data_frame(doc: Doc):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(doc._.relations)
    assert list(table) == ["head", "tail", "label", "score"]
    assert [head.text for head in table["head"]] == [relation.head.text for relation in doc._.relations]
