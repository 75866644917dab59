"""What one odd document does to the others of its batch: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_biore import candidates, relations
from spacy_biore.candidates import make_candidate_generator
from spacy_biore.component import RelationExtractor
from spacy_biore.errors import BioreError
from spacy_biore.relations import DOC_ID_KEY, LENGTH_KEY, RELATIONS_KEY, get_records
from spacy_biore.schema import Schema

MARKED = "[aspirin|CHEMICAL] inhibits [cox|GENE]."


@pytest.fixture
def nlp(make_nlp: Callable[..., Language], make_example: Callable[..., Any]) -> Language:
    """A pipeline that takes every pair of its types for a relation."""
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: [make_example(MARKED, [(0, 1, "INHIBITS")])])
    return nlp


@pytest.fixture
def bad(make_doc: Callable[..., Doc]) -> Doc:
    """A doc without the sentence boundaries that candidates need."""
    doc = make_doc(MARKED, sentences=False)
    doc.user_data[DOC_ID_KEY] = "PMID7"
    return doc


def pairs(doc: Doc) -> list[tuple[str, str]]:
    return [(one.head.text, one.tail.text) for one in relations.get_relations(doc)]


# --- errors ---


def test_error_handler_gets_the_doc_that_fails_and_no_other(nlp: Language, make_doc: Callable[..., Doc], bad: Doc):
    failed: list[Any] = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.append((name, [*docs], str(error))))
    good = [make_doc(MARKED) for _ in range(3)]
    done = list(nlp.pipe([good[0], bad, *good[1:]]))
    assert done == good and all(pairs(doc) == [("aspirin", "cox")] for doc in done)
    assert [(name, docs) for name, docs, _ in failed] == [("relation_extractor", [bad])]
    assert "BR011" in failed[0][2]


def test_without_an_error_handler_the_message_names_the_doc(nlp: Language, make_doc: Callable[..., Doc], bad: Doc):
    stream = nlp.pipe([make_doc(MARKED), bad])
    assert pairs(next(stream)) == [("aspirin", "cox")]
    with pytest.raises(BioreError, match="BR011.*PMID7"):
        next(stream)


def test_a_batch_without_errors_is_predicted_at_once(
    nlp: Language, make_doc: Callable[..., Doc], monkeypatch: pytest.MonkeyPatch
):
    extractor = nlp.get_pipe("relation_extractor")
    sizes: list[int] = []
    predict = extractor.predict
    monkeypatch.setattr(extractor, "predict", lambda docs: sizes.append(len(docs)) or predict(docs))
    list(nlp.pipe([make_doc(MARKED) for _ in range(5)], batch_size=4))
    assert sizes == [4, 1]


# --- odd docs ---


@pytest.mark.parametrize(
    ("records", "length"),
    [
        ([{"head": {"start": 0, "end": 9, "type": "GENE"}, "label": "OTHER"}], None),
        (["nonsense"], None),
        (None, 7),
    ],
    ids=["incomplete", "nonsense", "of another text"],
)
def test_relations_that_are_not_its_own_are_taken_off_a_doc(
    nlp: Language, make_doc: Callable[..., Doc], records: Any, length: int | None
):
    odd = make_doc(MARKED, [(0, 1, "OTHER")])
    odd.user_data |= {DOC_ID_KEY: "PMID8", LENGTH_KEY: length}
    if records:
        odd.user_data[RELATIONS_KEY] = records
    with pytest.warns(UserWarning, match="BRW22.*PMID8"):
        done = list(nlp.pipe([make_doc(MARKED), odd]))
    assert [[record["label"] for record in get_records(doc)] for doc in done] == [["INHIBITS"], ["INHIBITS"]]


def test_an_entity_that_goes_on_in_the_next_sentence(nlp: Language, make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] and [cox . It|GENE] binds [ab|GENE] .")
    assert [sentence.end for sentence in doc.sents] == [4, 8]
    assert ("aspirin", "cox . It") in pairs(nlp(doc)) and ("aspirin", "ab") not in pairs(doc)


def test_odd_spans_of_a_group(make_nlp: Callable[..., Language], make_example: Any, make_doc: Callable[..., Doc]):
    generator = {"@misc": "spacy-biore.CandidateGenerator.v1", "spans_key": "entities"}
    nlp = make_nlp(threshold=0.0, candidates=generator)
    nlp.initialize(lambda: [make_example(MARKED, [(0, 1, "INHIBITS")], spans_key="entities")])
    doc = make_doc("[aspirin|CHEMICAL]   inhibits [cox|GENE]. Yes.", spans_key="entities")
    spaces = next(token.i for token in doc if token.is_space)
    odd = [(0, 0, "GENE"), (spaces, spaces + 1, "GENE"), (0, len(doc), "GENE"), (2, 3, ""), (0, 1, "CHEMICAL")]
    doc.spans["entities"].extend([Span(doc, start, end, label=label) for start, end, label in odd])
    found = pairs(nlp(doc))
    assert ("aspirin", "cox") in found and ("aspirin", doc.text) in found
    assert len(found) == len(set(found))


def test_a_crowd_of_mentions_is_paired_with_its_neighbours(
    make_doc: Callable[..., Doc], schema_config: Any, monkeypatch: pytest.MonkeyPatch
):
    schema = Schema.from_config(schema_config)
    crowd = make_doc(" ".join(f"[c{n}|CHEMICAL] [g{n}|GENE]" for n in range(4)))
    generate = make_candidate_generator()
    every = generate(crowd, schema)
    # Eight mentions that are paired with themselves (left out later) and two neighbours on each side.
    monkeypatch.setattr(candidates, "MAX_FORMED", 8 + 2 * (7 + 6))
    found = generate(crowd, schema)
    distances = abs(found.pairs[:, 0] - found.pairs[:, 1])
    assert distances.max() == 2 and len(found) == (abs(every.pairs[:, 0] - every.pairs[:, 1]) <= 2).sum()
    assert found.left_out["crowd"] == 8 * 8 - (8 + 2 * (7 + 6)) and every.left_out["crowd"] == 0


def test_a_long_list_of_names_is_no_harm_and_is_reported(
    nlp: Language, make_doc: Callable[..., Doc], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(candidates, "MAX_FORMED", 2_000)
    names = make_doc("[aspirin|CHEMICAL] [cox|GENE] " * 300)
    names.user_data[DOC_ID_KEY] = "PMID9"
    with pytest.warns(UserWarning, match="BRW19.*PMID9.*600 mentions"):
        done = list(nlp.pipe([make_doc(MARKED), names, make_doc(MARKED)]))
    assert [len(pairs(doc)) for doc in (done[0], done[2])] == [1, 1]
    assert len(pairs(names)) >= 599


def test_neighbours_are_looked_at_only_where_there_is_a_crowd(
    make_doc: Callable[..., Doc], schema_config: Any, monkeypatch: pytest.MonkeyPatch
):
    schema = Schema.from_config(schema_config)
    few = "[c|CHEMICAL] x [a|GENE] x [b|GENE] . "
    many = "[d|CHEMICAL] " * 30 + "[e|GENE] ."
    # Enough for two neighbours on each side.
    monkeypatch.setattr(candidates, "MAX_FORMED", 160)
    doc = make_doc(few + many)
    found = make_candidate_generator()(doc, schema)
    heads = [doc[found.head(row).start].text for row in range(len(found))]
    assert heads.count("c") == 2 and 0 < heads.count("d") < 30


def test_the_extractor_keeps_its_batches_in_order(nlp: Language, make_doc: Callable[..., Doc], bad: Doc):
    extractor = nlp.get_pipe("relation_extractor")
    assert isinstance(extractor, RelationExtractor)
    nlp.set_error_handler(lambda *args: None)
    docs = [make_doc(f"[aspirin|CHEMICAL] inhibits [cox{'x' * n}|GENE].") for n in range(4)]
    done = list(extractor.pipe([docs[0], bad, *docs[1:]], batch_size=2))
    assert done == docs
