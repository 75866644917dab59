import pytest

from spacy_biore.formats import Counts, Document, Flow, Mention, Relation


def test_a_document_counts_what_it_holds():
    document = Document("d", "a b", [Mention("1", 0, 1, "A"), Mention("2", 2, 3, "A")], [Relation("1", "2", "R")])
    assert (document.counts.documents.read, document.counts.mentions.read, document.counts.relations.read) == (1, 2, 1)


def test_counts_are_no_part_of_what_a_document_says():
    assert Document("d", "a", counts=Counts.of_document(5, 5), source="here") == Document("d", "a")


def test_discarding_drops_what_is_left():
    counts = Counts.of_document(mentions=3, relations=2)
    counts.mentions.dropped["text differs"] = 1
    counts.relations.expanded = 4
    counts.discard("twin")
    assert counts.documents.dropped == {"twin": 1}
    assert counts.mentions.dropped == {"text differs": 1, "twin": 2}
    assert counts.relations.dropped == {"twin": 6}
    counts.check()


def test_sums_and_copies_are_independent():
    one = Counts.of_document(mentions=3)
    total = Counts()
    total.add(one)
    copy = total.copy()
    copy.add(one)
    copy.mentions.dropped["x"] += 1
    assert (one.mentions.read, total.mentions.read, copy.mentions.read) == (3, 3, 6)
    assert not total.mentions.dropped


@pytest.mark.parametrize("name", ["documents", "mentions", "relations"])
def test_numbers_that_do_not_add_up_are_a_fault(name):
    with pytest.raises(AssertionError, match=f"BR149.*{name}"):
        Counts(**{name: Flow(read=2, written=1)}).check()


def test_labels_must_add_up_to_the_relations():
    counts = Counts(relations=Flow(read=1, written=1))
    with pytest.raises(AssertionError, match="BR149.*labels"):
        counts.check()
    counts.labels["A"] += 1
    counts.check()


def test_plain_data():
    counts = Counts.of_document(mentions=3)
    counts.mentions.dropped["x"] += 1
    counts.labels["A"] += 2
    data = counts.as_dict()
    assert data["mentions"] == {"read": 3, "expanded": 0, "dropped": {"x": 1}, "changed": {}, "moved": 0, "written": 0}
    assert data["labels"] == {"A": 2} and type(data["labels"]) is dict
    assert data["sentences"] == 0
