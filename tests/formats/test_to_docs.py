import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_biore.errors import BioreError
from spacy_biore.formats import Document, Mention, Relation, to_doc
from spacy_biore.formats.to_docs import SPANS_KEY, cut_tokens
from spacy_biore.relations import get_doc_id, get_records, get_relations

NLP = spacy.blank("en")
TEXT = "Zorbin-treated cells lost QRX2. Blocking the QRX2 receptor helped."
MENTIONS = [
    Mention("T1", 0, 6, "CHEMICAL", "D1"),
    Mention("T2", 26, 30, "GENE"),
    Mention("T3", 45, 49, "GENE"),
    Mention("T4", 45, 58, "GENE"),
]


def convert(text=TEXT, mentions=MENTIONS, relations=(), sentences=None, **kwargs):
    document = Document("d1", text, list(mentions), list(relations), group="g1", sentences=sentences)
    return to_doc(document, NLP.tokenizer, **kwargs)


def test_all_mentions_become_spans_and_the_longest_ents():
    doc, counts = convert()
    assert [span.text for span in doc.spans[SPANS_KEY]] == ["Zorbin", "QRX2", "QRX2", "QRX2 receptor"]
    assert [ent.text for ent in doc.ents] == ["Zorbin", "QRX2", "QRX2 receptor"]
    first = doc.spans[SPANS_KEY][0]
    assert (first.label_, first.kb_id_, first.id_) == ("CHEMICAL", "D1", "T1")
    assert doc.spans[SPANS_KEY][1].kb_id_ == ""
    assert counts.mentions.written == 4


def test_relations_id_and_group_are_on_the_doc():
    doc, counts = convert(relations=[Relation("T2", "T1", "LOST_BY")])
    (relation,) = get_relations(doc)
    assert (relation.head.text, relation.tail.text, relation.label) == ("QRX2", "Zorbin", "LOST_BY")
    assert (get_doc_id(doc), doc.user_data["biore_group"]) == ("d1", "g1")
    assert counts.labels == {"LOST_BY": 1}


def test_everything_survives_a_doc_bin():
    doc, _ = convert(relations=[Relation("T1", "T4", "X")])
    (read,) = DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(spacy.blank("en").vocab)
    assert get_records(read) == get_records(doc) != []
    assert [(s.label_, s.kb_id_, s.id_) for s in read.spans[SPANS_KEY]] == [
        (s.label_, s.kb_id_, s.id_) for s in doc.spans[SPANS_KEY]
    ]
    assert [sent.text for sent in read.sents] == [sent.text for sent in doc.sents]
    assert get_doc_id(read) == "d1"


@pytest.mark.parametrize(
    ("start", "end", "text"), [(1, 4, "Zorbin"), (0, 12, "Zorbin-treated"), (5, 8, "Zorbin-treated")]
)
def test_mention_inside_tokens_is_moved_outwards_and_counted(start, end, text):
    doc, counts = convert(mentions=[Mention("T1", start, end, "A")])
    assert doc.spans[SPANS_KEY][0].text == text
    assert (counts.mentions.moved, counts.mentions.written) == (1, 1)


def test_token_can_be_cut_instead():
    doc, counts = convert(mentions=[Mention("T1", 2, 4, "A"), Mention("T2", 26, 29, "A")], align="cut")
    assert [span.text for span in doc.spans[SPANS_KEY]] == ["rb", "QRX"]
    assert doc.text == TEXT
    assert (counts.mentions.moved, counts.tokens_cut) == (0, 3)


def test_whitespace_at_the_edges_of_a_mention_is_left_out():
    doc, counts = convert(mentions=[Mention("T1", 20, 26, "A")])
    assert doc.spans[SPANS_KEY][0].text == "lost"
    assert counts.mentions.moved == 1


@pytest.mark.parametrize("align", ["move", "cut"])
@pytest.mark.parametrize(("start", "end"), [(3, 3), (14, 15), (66, 66)])
def test_mention_without_characters_is_dropped_with_its_relations(start, end, align):
    mentions = [*MENTIONS, Mention("T9", start, end, "A")]
    doc, counts = convert(
        mentions=mentions, relations=[Relation("T9", "T1", "X"), Relation("T1", "T2", "X")], align=align
    )
    assert len(doc.spans[SPANS_KEY]) == 4 and len(get_records(doc)) == 1
    assert counts.mentions.dropped == {"no characters": 1}
    assert counts.relations.dropped == {"its mention was dropped": 1}
    counts.check()


def test_mentions_that_coincide_after_moving_become_one():
    mentions = [Mention("T1", 0, 6, "A"), Mention("T2", 0, 3, "A"), Mention("T3", 0, 3, "B")]
    relations = [Relation("T2", "T3", "X"), Relation("T1", "T3", "X"), Relation("T1", "T2", "X")]
    doc, counts = convert(mentions=mentions, relations=relations)
    assert [(span.text, span.label_) for span in doc.spans[SPANS_KEY]] == [("Zorbin", "A"), ("Zorbin", "B")]
    assert counts.mentions.dropped == {"coincides after moving": 1}
    assert counts.relations.dropped == {"coincides with another": 1, "its mentions coincide after moving": 1}
    assert counts.relations.written == 1
    counts.check()


def test_mentions_that_coincide_in_the_corpus_stay_two():
    mentions = [Mention("T1", 0, 6, "A"), Mention("T2", 0, 6, "A")]
    doc, counts = convert(mentions=mentions, relations=[Relation("T1", "T2", "X")])
    assert len(doc.spans[SPANS_KEY]) == 2 and len(get_records(doc)) == 1
    counts.check()


def test_relation_of_a_mention_with_itself_is_dropped():
    doc, counts = convert(relations=[Relation("T1", "T1", "X")])
    assert get_records(doc) == []
    assert counts.relations.dropped == {"between a mention and itself": 1}


def test_repeated_relation_is_dropped_and_a_second_label_is_not():
    doc, counts = convert(relations=[Relation("T1", "T2", "X"), Relation("T1", "T2", "Y"), Relation("T1", "T2", "X")])
    assert [record["label"] for record in get_records(doc)] == ["X", "Y"]
    assert counts.relations.dropped == {"repeated": 1}


def test_relation_across_sentences_is_counted():
    doc, counts = convert(relations=[Relation("T1", "T2", "X"), Relation("T1", "T3", "X")])
    assert len(list(doc.sents)) == counts.sentences == 2
    assert counts.across_sentences == 1


def test_no_sentence_begins_inside_a_mention():
    doc, counts = convert(mentions=[Mention("T1", 26, 40, "A")])
    assert counts.boundaries_removed == 1
    assert len(list(doc.sents)) == counts.sentences == 1


def test_document_of_one_sentence():
    doc, counts = convert(relations=[Relation("T1", "T3", "X")], sentences=[0])
    assert len(list(doc.sents)) == 1
    assert (counts.across_sentences, counts.boundaries_removed) == (0, 0)


def test_sentences_of_the_document_are_those_of_the_doc():
    text = "Zorbin  v. QRX2 e.g. here. \r\n And there"
    doc, counts = convert(text, [Mention("T1", 11, 15, "GENE")], sentences=[0, 16, 30])
    assert [sent.text.strip() for sent in doc.sents] == ["Zorbin  v. QRX2", "e.g. here.", "And there"]
    assert (counts.sentences, counts.boundaries_removed) == (3, 0)


def test_sentence_that_begins_in_a_space_or_inside_a_token():
    doc, _ = convert("One two threefour", [], sentences=[3, 13])
    assert [sent.text for sent in doc.sents] == ["One", "two", "threefour"]


def test_sentence_that_begins_inside_a_mention_is_joined_to_the_one_before():
    doc, counts = convert("Abc Def ghi", [Mention("T1", 0, 7, "GENE")], sentences=[0, 4, 8])
    assert [sent.text for sent in doc.sents] == ["Abc Def", "ghi"]
    assert counts.boundaries_removed == 1


def test_unknown_mention_in_a_relation():
    with pytest.raises(BioreError, match="BR109.*'d1'.*'T9'"):
        convert(relations=[Relation("T1", "T9", "X")])


def test_tokenizer_that_changes_the_text():
    with pytest.raises(BioreError, match="BR143.*'d1'"):
        to_doc(Document("d1", "a  b"), lambda text: Doc(NLP.vocab, words=text.split()))


def test_the_document_is_not_changed():
    document = Document("d1", TEXT, list(MENTIONS), [Relation("T1", "T1", "X")])
    to_doc(document, NLP.tokenizer)
    assert document.counts.documents.written == 0 and not document.counts.relations.dropped


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="aB1 .-\n\u00a0\u03b1", max_size=30), st.sets(st.integers(0, 30)))
def test_cutting_keeps_the_text_and_makes_the_edges(text, edges):
    doc = NLP.tokenizer(text)
    cut = cut_tokens(doc, edges)
    assert cut.text == text
    assert {token.idx for token in doc} <= {token.idx for token in cut}
    for edge in edges:
        assert not any(token.idx < edge < token.idx + len(token) for token in cut)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(["move", "cut"]))
def test_counts_always_add_up(data, align):
    text = data.draw(st.text(alphabet="aB1 .-\n", max_size=20))
    offset = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(offset, offset, st.sampled_from("AB")), min_size=1, max_size=5))
    mentions = [Mention(str(n), min(a, b), max(a, b), kind) for n, (a, b, kind) in enumerate(spans)]
    ids = st.sampled_from([mention.id for mention in mentions])
    relations = data.draw(st.lists(st.builds(Relation, ids, ids, st.sampled_from("XY")), max_size=6))
    doc, counts = convert(text, mentions, relations, align=align)
    counts.check()
    assert counts.mentions.written == len(doc.spans[SPANS_KEY])
    assert counts.relations.written == len(get_relations(doc))
    # Tokens can be cut anywhere but around a space.
    touches_space = any(part != part.strip() for part in (text[m.start : m.end] for m in mentions))
    moves = align == "move" or touches_space
    assert moves or not any(reason.startswith("coincides after") for reason in counts.mentions.dropped)
