"""Evaluating a pipeline: given gold entities and end to end, in batches, with warnings and errors for misfits."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_biore.errors import BioreError
from spacy_biore.evaluation import evaluate, get_extractors, survey
from spacy_biore.predictions import Predictions
from spacy_biore.relations import relation_record, set_records
from spacy_biore.scorer import score_relations

TEXT = "[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] . It spares [egfr|GENE] ."
GOLD = [(0, 1, "INHIBITS"), (0, 2, "INHIBITS"), (0, 3, "INHIBITS"), (1, 2, "BINDS")]
PATTERNS = [{"label": "CHEMICAL", "pattern": "aspirin"}, {"label": "GENE", "pattern": "ptgs"}]

Answers = dict[tuple[str, str], str]


def answer(nlp: Language, answers: Answers, *, misfits: Iterable[tuple[str, str]] = ()) -> Language:
    """Let the relation extractor of a pipeline answer by the words of head and tail, in place of its model."""
    (extractor,) = get_extractors(nlp).values()

    def predict(docs: Iterable[Doc]) -> Predictions:
        docs = list(docs)
        candidates = extractor.get_candidates(docs)
        pairs = [
            tuple(doc.text[mention.start_char : mention.end_char] for mention in (found.head(row), found.tail(row)))
            for doc, found in zip(docs, candidates, strict=True)
            for row in range(len(found))
        ]
        rows = [row for row, pair in enumerate(pairs) if pair not in misfits]
        scores = [[float(answers.get(pairs[row]) == label) for label in extractor.labels] for row in rows]  # type: ignore[call-overload]
        n_labels = len(extractor.labels)
        values = np.float32(scores).reshape(-1, n_labels)
        return Predictions(candidates, np.asarray(rows, dtype=np.int64), values, values)

    extractor.predict = predict  # type: ignore[method-assign]
    return nlp


def read_back(nlp: Language, *docs: Doc) -> list[Doc]:
    """Return the docs as they come out of a corpus file."""
    return list(DocBin(docs=docs, store_user_data=True).get_docs(nlp.vocab))


@pytest.fixture
def nlp(make_nlp: Callable[..., Language]) -> Language:
    return make_nlp()


@pytest.fixture(scope="module")
def reader_nlp(make_nlp: Callable[..., Language]) -> Language:
    """A pipeline that finds sentences and some entities."""
    nlp = make_nlp()
    nlp.add_pipe("sentencizer", first=True)
    nlp.add_pipe("entity_ruler", after="sentencizer").add_patterns(PATTERNS)  # type: ignore[attr-defined]
    return nlp


def test_given_gold_entities_every_gold_relation_is_accounted_for(nlp: Language, make_doc: Callable[..., Doc]):
    answers = {("aspirin", "ptgs"): "INHIBITS"}
    result = evaluate(answer(nlp, answers, misfits=[("aspirin", "cyp")]), read_back(nlp, make_doc(TEXT, GOLD)))
    assert (result.documents, result.candidate_pairs, result.scored_pairs) == (1, 3, 2)
    assert (result.gold, result.found, result.spurious) == (4, 1, 0)
    assert result.lost == {"outside the window": 1, "cross-sentence": 1, "no relation predicted": 1}


def test_end_to_end_relation_needs_its_entities(reader_nlp: Language, make_doc: Callable[..., Doc]):
    answers = {("aspirin", "ptgs"): "INHIBITS"}
    result = evaluate(answer(reader_nlp, answers), read_back(reader_nlp, make_doc(TEXT, GOLD)), end_to_end=True)
    assert (result.gold, result.found, result.candidate_pairs) == (4, 1, 1)
    assert result.lost == {"entity missed": 3}


def test_end_to_end_tells_what_was_lost_and_what_is_too_much(nlp: Language, make_doc: Callable[..., Doc]):
    nlp.add_pipe("sentencizer", first=True)
    ruler: Any = nlp.add_pipe("entity_ruler", after="sentencizer")
    ruler.add_patterns([*PATTERNS, *({"label": "GENE", "pattern": word} for word in ("cyp", "egfr", "mapk", "that"))])
    first = make_doc(
        "[aspirin|CHEMICAL] blocks [ptgs|GENE] , [cyp|GENE] and [lost|GENE] . [aspirin|CHEMICAL] spares [egfr|GENE] .",
        [(0, 1, "INHIBITS"), (0, 2, "INHIBITS"), (0, 3, "INHIBITS"), (0, 5, "INHIBITS")],
    )
    second = make_doc("[ptgs|GENE] , [cyp|GENE] and [mapk|GENE] that bind .", [(0, 1, "BINDS")])
    answers = {
        ("aspirin", "ptgs"): "INHIBITS",
        ("aspirin", "egfr"): "INHIBITS",
        ("ptgs", "cyp"): "BINDS",
        ("cyp", "mapk"): "BINDS",
        ("mapk", "that"): "BINDS",
    }
    result = evaluate(answer(nlp, answers), read_back(nlp, first, second), end_to_end=True)
    assert (result.gold, result.found, result.spurious) == (5, 2, 4)
    assert result.lost == {"no relation predicted": 1, "entity missed": 1, "cross-sentence": 1}
    assert result.excess == {"pair not related": 3, "entity not gold": 1}


def test_given_gold_entities_no_other_component_runs(reader_nlp: Language, make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [egfr|GENE] , ptgs .", [(0, 1, "INHIBITS")])
    result = evaluate(answer(reader_nlp, {("aspirin", "egfr"): "INHIBITS"}), read_back(reader_nlp, doc))
    assert (result.found, result.candidate_pairs) == (1, 1)


def test_end_to_end_later_components_have_the_last_word(reader_nlp: Language, make_doc: Callable[..., Doc]):
    @Language.component("forget_relations")
    def forget_relations(doc: Doc) -> Doc:
        set_records(doc, [])
        return doc

    reader_nlp.add_pipe("forget_relations")
    answer(reader_nlp, {("aspirin", "ptgs"): "INHIBITS"})
    result = evaluate(reader_nlp, read_back(reader_nlp, make_doc(TEXT, GOLD[:1])), end_to_end=True)
    reader_nlp.remove_pipe("forget_relations")
    assert result.lost == {"no relation predicted": 1}


def test_other_tokens_end_to_end_are_unaligned(reader_nlp: Language):
    words = ["aspirin", "blocks", "pt", "gs", "."]
    doc = Doc(reader_nlp.vocab, words=words, spaces=[True, True, False, True, False])
    head, tail = doc.char_span(0, 7), doc.char_span(15, 17)
    assert head is not None and tail is not None and (head.text, tail.text) == ("aspirin", "pt")
    mentions = [{"start": s.start_char, "end": s.end_char, "type": t} for s, t in ((head, "CHEMICAL"), (tail, "GENE"))]
    set_records(doc, [{"head": mentions[0], "tail": mentions[1], "label": "INHIBITS", "score": 1.0}])  # type: ignore[typeddict-item]
    assert evaluate(answer(reader_nlp, {}), [doc], end_to_end=True).lost == {"unaligned": 1}


def test_scores_are_those_of_the_scorer(nlp: Language, make_example: Callable[..., Any]):
    example = make_example(TEXT, GOLD)
    answer(nlp, {("aspirin", "ptgs"): "INHIBITS", ("aspirin", "cyp"): "INHIBITS"})
    result = evaluate(nlp, read_back(nlp, example.reference))
    (extractor,) = get_extractors(nlp).values()
    extractor.set_annotations([example.predicted], extractor.predict([example.predicted]))
    assert result.tally.scores() == score_relations([example], relation_types=extractor.label_data)


WORDS = ["aspirin", "ptgs", "cyp", "egfr"]
word_pairs = [(head, tail) for head in WORDS for tail in WORDS[1:] if head != tail]
relations = st.sets(
    st.one_of(
        st.tuples(st.just(0), st.sampled_from([1, 2, 3]), st.just("INHIBITS")),
        st.tuples(st.sampled_from([0, 1, 2]), st.just(3), st.just("BINDS")),
    )
)


@settings(deadline=None, max_examples=50)
@given(
    gold=st.lists(relations, min_size=1, max_size=3),
    answers=st.dictionaries(st.sampled_from(word_pairs), st.sampled_from(["INHIBITS", "BINDS"])),
    misfits=st.sets(st.sampled_from(word_pairs)),
    end_to_end=st.booleans(),
)
def test_reasons_confusions_and_scores_add_up(
    gold: list[set[tuple[int, int, str]]],
    answers: Answers,
    misfits: set[tuple[str, str]],
    end_to_end: bool,
    reader_nlp: Language,
    make_doc: Callable[..., Doc],
):
    docs = read_back(reader_nlp, *(make_doc(TEXT, sorted(of_doc)) for of_doc in gold))
    result = evaluate(answer(reader_nlp, answers, misfits=misfits), docs, end_to_end=end_to_end, batch_size=2)
    report = result.to_dict()
    assert result.gold == sum(map(len, gold))
    assert sum(report["lost"].values()) == report["gold"] - report["found"]
    counts = np.asarray(report["confusion"]["counts"])
    support = [report["support"][label] for label in report["confusion"]["labels"][:-1]]
    assert counts[:-1].sum(axis=1).tolist() == [label["gold"] for label in support]
    assert counts[:, :-1].sum(axis=0).tolist() == [label["predicted"] for label in support]
    assert counts[:-1, :-1].trace() == report["found"]
    assert report["predicted"] - report["found"] == report["spurious"] == sum(report["excess"].values())


def test_labels_restrict_gold_and_predictions(nlp: Language, make_doc: Callable[..., Doc]):
    answers = {("aspirin", "cyp"): "INHIBITS", ("ptgs", "cyp"): "BINDS"}
    doc = make_doc(TEXT, [(0, 1, "INHIBITS"), (1, 2, "BINDS")])
    result = evaluate(answer(nlp, answers), read_back(nlp, doc), labels=["BINDS"])
    assert (result.gold, result.found, result.spurious, result.labels) == (1, 1, 0, ["BINDS"])


@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_size_of_batches_does_not_matter(batch_size: int, nlp: Language, make_doc: Callable[..., Doc]):
    docs = read_back(nlp, make_doc(TEXT, GOLD), make_doc(""), make_doc("Nothing here ."), make_doc(TEXT, GOLD[:1]))
    answer(nlp, {("aspirin", "ptgs"): "INHIBITS"}, misfits=[("aspirin", "cyp")])
    result = evaluate(nlp, docs, batch_size=batch_size)
    assert (result.gold, result.found, result.documents) == (5, 2, 4)
    assert result.lost == {"outside the window": 1, "cross-sentence": 1, "no relation predicted": 1}


def test_docs_are_read_a_batch_at_a_time(nlp: Language, make_doc: Callable[..., Doc]):
    (doc,) = read_back(nlp, make_doc(TEXT, GOLD))
    read = 0
    ahead = []

    def references() -> Iterator[Doc]:
        nonlocal read
        for _ in range(6):
            read += 1
            yield doc

    answer(nlp, {})
    (extractor,) = get_extractors(nlp).values()
    predict = extractor.predict

    def watched(docs: Iterable[Doc]) -> Predictions:
        ahead.append(read)
        return predict(docs)

    extractor.predict = watched  # type: ignore[method-assign]
    evaluate(nlp, references(), batch_size=2)
    assert ahead == [2, 4, 6]


def test_references_are_not_changed(nlp: Language, make_doc: Callable[..., Doc]):
    (doc,) = read_back(nlp, make_doc(TEXT, GOLD))
    before = doc.to_bytes()
    evaluate(answer(nlp, {("aspirin", "ptgs"): "INHIBITS"}), [doc])
    assert doc.to_bytes() == before


def test_no_documents_score_none(nlp: Language):
    result = evaluate(nlp, [])
    assert result.to_dict()["rel_micro_f"] is result.to_dict()["rel_macro_p"] is None
    assert result.documents == 0


def test_corpus_without_entities_warns_once(nlp: Language, make_doc: Callable[..., Doc]):
    docs = [make_doc("Nothing here .") for _ in range(3)]
    with pytest.warns(UserWarning, match=r"BRW01.*3 documents") as caught:
        evaluate(answer(nlp, {}), docs, batch_size=1)
    assert len(caught) == 1


def test_one_entity_in_the_corpus_is_enough_not_to_warn(nlp: Language, make_doc: Callable[..., Doc]):
    docs = read_back(nlp, make_doc("Nothing here ."), make_doc("[aspirin|CHEMICAL] ."), make_doc(""))
    assert evaluate(answer(nlp, {}), docs, batch_size=1).candidate_pairs == 0


def test_several_extractors_are_scored_together(make_nlp: Callable[..., Language], make_doc: Callable[..., Doc]):
    both = make_nlp(labels=[{"label": "INHIBITS", "head": "CHEMICAL", "tail": "GENE"}])
    answer(both, {("aspirin", "ptgs"): "INHIBITS"})
    other = make_nlp(labels=[{"label": "BINDS", "head": "GENE", "tail": "GENE", "symmetric": True}])
    answer(other, {("ptgs", "cyp"): "BINDS"})
    both.add_pipe("relation_extractor", name="binding", source=other)
    result = evaluate(both, read_back(both, make_doc(TEXT, GOLD)))
    assert result.labels == ["INHIBITS", "BINDS"]
    assert (result.found, result.lost) == (2, {"cross-sentence": 1, "no relation predicted": 1})


def test_pipeline_without_extractor_is_an_error(make_doc: Callable[..., Doc]):
    nlp = Language()
    nlp.add_pipe("sentencizer")
    with pytest.raises(BioreError, match=r"BR301.*sentencizer"):
        evaluate(nlp, [make_doc(TEXT, GOLD)])


def test_labels_make_other_gold_labels_harmless(nlp: Language, make_doc: Callable[..., Doc]):
    docs = read_back(nlp, make_doc(TEXT, [*GOLD, (0, 1, "CAUSES")]))
    assert survey(nlp, docs, labels=["BINDS"]).gold == {"BINDS": 1}
    assert evaluate(answer(nlp, {}), docs, labels=["BINDS"]).gold == 1


def test_gold_relations_of_types_that_the_schema_forbids_are_counted(nlp: Language, make_doc: Callable[..., Doc]):
    docs = read_back(nlp, make_doc(TEXT, [(1, 0, "INHIBITS"), (1, 2, "INHIBITS"), (0, 1, "INHIBITS")]))
    with pytest.warns(UserWarning, match=r"BRW21. 2 gold.*INHIBITS from GENE to CHEMICAL, INHIBITS from GENE to GENE"):
        survey(nlp, docs)
    assert evaluate(answer(nlp, {}), docs).lost == {"not a candidate": 2, "no relation predicted": 1}


def test_gold_relation_of_one_place_with_itself_is_counted_as_lost(make_nlp: Callable[..., Language], make_doc: Any):
    """No candidates are made of such a pair, unless the corpus gives the two mentions ids."""
    nlp = make_nlp(candidates={"spans_key": "entities"})
    doc = make_doc("Free [insulin|CHEMICAL] acts.")
    doc.spans["entities"] = [doc.ents[0], Span(doc, 1, 2, label="GENE")]
    set_records(doc, [relation_record(*doc.spans["entities"], "INHIBITS")])
    result = evaluate(answer(nlp, {("insulin", "insulin"): "INHIBITS"}), read_back(nlp, doc))
    assert (result.gold, result.found, result.candidate_pairs) == (1, 0, 0)
    assert result.lost == {"not a candidate": 1}


def test_unsurveyed_unknown_label_is_not_a_candidate(nlp: Language, make_doc: Callable[..., Doc]):
    assert evaluate(answer(nlp, {}), read_back(nlp, make_doc(TEXT, [(0, 1, "CAUSES")]))).lost == {"not a candidate": 1}
