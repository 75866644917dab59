import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation, Source
from spacy_biore.formats.concepts import concept_ids
from spacy_biore.formats.pubtator import read_pubtator

TEXT = "21|t|Zorbin harms.\n21|a|Zorbin causes drowsiness and gastric pain.\n"
MENTIONS = (
    "21\t0\t6\tZorbin\tChemical\tD1\n"
    "21\t14\t20\tZorbin\tChemical\tD1\n"
    "21\t28\t38\tdrowsiness\tDisease\tD2\n"
    "21\t43\t55\tgastric pain\tDisease\tD3|D4\tgastric|pain\n"
)


@pytest.fixture
def read(tmp_path):
    def read_text(text, **kwargs):
        path = tmp_path / "c.PubTator"
        path.write_text(text, encoding="utf-8")
        return list(read_pubtator(Source("c", {"file": path}), **kwargs))

    return read_text


def test_document_and_mentions(read):
    (document,) = read(TEXT + MENTIONS + "\n")
    assert (document.id, document.text) == ("21", "Zorbin harms. Zorbin causes drowsiness and gastric pain.")
    assert document.mentions[2] == Mention("T3", 28, 38, "Disease", "D2")
    assert document.counts.mentions.read == 4


def test_relation_between_concepts_becomes_one_of_every_two_mentions(read):
    (document,) = read(TEXT + MENTIONS + "21\tCID\tD1\tD2\n")
    assert document.relations == [Relation("T1", "T3", "CID"), Relation("T2", "T3", "CID")]
    assert (document.counts.relations.read, document.counts.relations.expanded) == (1, 1)


@pytest.mark.parametrize("concept", ["D3", "D4", "D3|D4"])
def test_composite_mention_has_each_of_its_concepts(read, concept):
    (document,) = read(TEXT + MENTIONS + f"21\tCID\tD1\t{concept}\n")
    assert [relation.tail for relation in document.relations] == ["T4", "T4"]


def test_concept_without_a_mention_is_a_counted_drop(read):
    (document,) = read(TEXT + MENTIONS + "21\tCID\tD1\tD9\n")
    assert document.relations == []
    flow = document.counts.relations
    assert (flow.read, flow.expanded, flow.dropped) == (1, 0, {"concept without a mention": 1})


def test_extra_columns_of_a_relation_are_allowed(read):
    (document,) = read(TEXT + MENTIONS + "21\tAssociation\tD1\tD2\tNovel\n")
    assert {relation.label for relation in document.relations} == {"Association"}


def test_numeric_concepts_do_not_make_a_relation_a_mention(read):
    mentions = MENTIONS.replace("D1", "1017").replace("D2", "2064")
    (document,) = read(TEXT + mentions + "21\tAssociation\t1017\t2064\tNo\n")
    assert len(document.relations) == 2


@pytest.mark.parametrize("concept", ["\t-1", "\t-", "\t", ""])
def test_mention_without_a_concept(read, concept):
    (document,) = read(TEXT + f"21\t0\t6\tZorbin\tChemical{concept}\n")
    assert document.mentions[0].concept is None
    assert concept_ids(document.mentions[0].concept) == set()


def test_documents_need_no_blank_line_between_them(read):
    documents = read(TEXT + MENTIONS + TEXT.replace("21", "22"))
    assert [(document.id, len(document.mentions)) for document in documents] == [("21", 4), ("22", 0)]


def test_abstract_may_be_empty(read):
    (document,) = read("21|t|Zorbin harms.\n21|a|\n21\t0\t6\tZorbin\tChemical\tD1\n")
    assert document.text == "Zorbin harms. "


def test_windows_line_ends_and_byte_order_mark(read):
    (document,) = read("\ufeff" + (TEXT + MENTIONS).replace("\n", "\r\n"))
    assert document.id == "21" and document.mentions[0].concept == "D1"


PASSAGES = (
    "21|t|Zorbin harms\n21|a|\n21\t0\t6\tZorbin\tChemical\tD1\n\n"
    "21|t|Introduction\n21|a|\n\n"
    "21|t|It causes drowsiness.\n21|a|\n21\t10\t20\tdrowsiness\tDisease\tD2\n21\tCID\tD1\tD2\n"
)


def test_passages_of_one_id_become_one_document(read):
    (document,) = read(PASSAGES)
    assert document.text == "Zorbin harms\nIntroduction\nIt causes drowsiness.\n"
    assert [(m.id, document.text[m.start : m.end]) for m in document.mentions] == [
        ("T1", "Zorbin"),
        ("T2", "drowsiness"),
    ]
    assert document.relations == [Relation("T1", "T2", "CID")]
    assert document.counts.documents.changed == {"joined from passages": 1}
    assert (document.counts.documents.read, document.counts.mentions.read) == (1, 2)


def test_offsets_of_a_passage_are_its_own(read):
    with pytest.raises(BioreError, match=r"BR105.*line 10: document '21'.*22 characters"):
        read(PASSAGES.replace("10\t20", "36\t46"))


def test_passages_of_other_documents_stay_apart(read):
    documents = read(PASSAGES + PASSAGES.replace("21", "22") + TEXT)
    assert [(document.id, len(document.mentions)) for document in documents] == [("21", 2), ("22", 2), ("21", 0)]


def test_title_alone_is_a_document_as_before(read):
    (document,) = read("21|t|Zorbin harms\n21|a|\n")
    assert (document.text, document.counts.documents.changed) == ("Zorbin harms ", {})


def test_documents_with_abstracts_are_not_passages(read):
    documents = read(TEXT + MENTIONS + "\n" + TEXT + MENTIONS)
    assert len(documents) == 2 and documents[0] == documents[1]


def test_mismatch_can_be_dropped(read):
    (document,) = read(TEXT + MENTIONS.replace("drowsiness", "sleepiness") + "21\tCID\tD1\tD2\n", on_mismatch="drop")
    assert [mention.id for mention in document.mentions] == ["T1", "T2", "T4"]
    assert document.counts.relations.dropped == {"its mention was dropped": 1}


def test_spaces_around_the_concepts_of_a_relation_do_not_matter(read):
    (document,) = read(TEXT + MENTIONS + "21\tCID\t D1\tD2 \n")
    assert document.relations and not document.counts.relations.dropped


def test_concepts_that_are_numbers_do_not_make_a_mention_of_a_relation(read):
    (document,) = read(TEXT + MENTIONS + "21\tAssociation\t7157\tD1\tNovel\tx\n")
    assert document.counts.relations.dropped == {"concept without a mention": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "BR101"),
        (MENTIONS, r"BR115.*line 1: a file begins with a title line"),
        ("21|a|Abstract.\n", r"BR115.*line 1"),
        ("21|t|Title.\n" + MENTIONS, r"BR115.*line 1: document '21' needs a line"),
        ("21|t|Title.\n", r"BR115.*line 1: document '21' needs a line"),
        (TEXT + "21|a|More.\n", r"BR115.*line 3: document '21' has a second abstract"),
        ("21|t|Title.\n22|a|Abstract.\n", r"BR114.*line 2: .*'22'.*'21'"),
        (TEXT + MENTIONS + "22\tCID\tD1\tD2\n", r"BR114.*line 7: .*'22'.*'21'"),
        (TEXT + "22\t0\t6\tZorbin\tChemical\tD1\n", r"BR114.*line 3"),
        (TEXT + "21\t0\t6\tZorbin\t\tD1\n", r"BR118.*line 3: document '21': the type of a mention is empty"),
        (TEXT + "21\t \tD1\tD2\n", r"BR118.*line 3: document '21': the label of a relation is empty"),
        (TEXT + "21\tCID\tD1\n", r"BR116.*line 3: document '21'"),
        (TEXT + "free text\n", r"BR116.*line 3: document '21'"),
        (TEXT + "21\t0\t6\tZorbin\n", r"BR103.*line 3: 4 columns"),
        (TEXT + "21\tx\t6\tZorbin\tChemical\tD1\n", r"BR104.*line 3: document '21': the offset 'x'"),
        (TEXT + "21\tx0\t6\tZorbin\tChemical\n", r"BR104.*line 3: document '21': the offset 'x0'"),
        (TEXT + "21\t-1\t6\tZorbin\tChemical\tD1\n", r"BR104.*'-1'"),
        (TEXT + "21\t0\t6.5\tZorbin\tChemical\tD1\n", r"BR104.*'6.5'"),
        (TEXT + "21\t0\t600\tZorbin\tChemical\tD1\n", r"BR105.*line 3: document '21'"),
        (TEXT + "21\t0\t6\tZorbax\tChemical\tD1\n", r"BR106.*line 3: document '21'.*'Zorbax'.*'Zorbin'"),
        (TEXT + "21\t0\t6\tZorbin\tChemical\tD1\ta\tb\n", r"BR103.*line 3: 8 columns"),
    ],
)
def test_bad_lines(read, text, message):
    with pytest.raises(BioreError, match=message):
        read(text)
