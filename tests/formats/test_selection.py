from spacy_biore.formats import Document, Mention, Relation
from spacy_biore.formats.counts import MENTION_DROPPED
from spacy_biore.formats.selection import LABEL_NOT_KEPT, TYPE_NOT_KEPT, Selection


def document():
    mentions = [Mention("1", 0, 1, "GENE-Y"), Mention("2", 2, 3, "DRUG")]
    return Document("d", "a b", mentions, [Relation("1", "2", "x"), Relation("2", "1", "y")])


def test_types_and_labels_are_renamed():
    renamed = Selection({"GENE-Y": "GENE"}, {"x": "X"})(document())
    assert [mention.type for mention in renamed.mentions] == ["GENE", "DRUG"]
    assert [relation.label for relation in renamed.relations] == ["X", "y"]


def test_labels_are_chosen_after_renaming_and_the_others_counted():
    kept = Selection(renamed={"x": "X"}, labels=["X"])(document())
    assert [relation.label for relation in kept.relations] == ["X"]
    assert kept.counts.relations.dropped == {LABEL_NOT_KEPT: 1}


def test_the_document_itself_is_not_changed():
    original = document()
    Selection({"DRUG": "D"}, labels=[])(original)
    assert original == document() and not original.counts.relations.dropped


def test_names_that_never_occur_are_known():
    selection = Selection({"DRUG": "D", "CELL": "C"}, {"x": "X", "z": "Z"}, ["X", "W"])
    selection(document())
    assert selection.unmet == ["CELL", "W", "z"]
    assert selection.labels_met == ["X", "y"]


def test_types_are_chosen_after_renaming_and_the_others_counted_with_their_relations():
    kept = Selection({"GENE-Y": "GENE"}, labels=["x"], kept_types=["GENE", "CELL"])
    document_kept = kept(document())
    assert [mention.type for mention in document_kept.mentions] == ["GENE"]
    assert document_kept.relations == []
    assert document_kept.counts.mentions.dropped == {TYPE_NOT_KEPT: 1}
    assert document_kept.counts.relations.dropped == {MENTION_DROPPED: 2}
    assert kept.unmet == ["CELL"]
