"""The corpus reader."""

import random
from collections import Counter
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.loop import create_train_batches

from spacy_biore.batchers import make_pair_batcher
from spacy_biore.errors import BioreError
from spacy_biore.readers import make_corpus_reader, read_docs
from spacy_biore.relations import get_records
from spacy_biore.sampling import (
    noted_training_pairs,
    take_training_pairs,
)

# 2 x 3 pairs of chemical and gene, 3 of two genes; 2 relations.
DENSE = "[a|CHEMICAL] and [b|CHEMICAL] of [c|GENE] [d|GENE] [e|GENE]. Second one."
RELATIONS = [(0, 2, "INHIBITS"), (4, 3, "BINDS")]
N_PAIRS, N_POSITIVES = 9, 2


@pytest.fixture
def docs(make_doc) -> list[Doc]:
    docs = [make_doc(DENSE, RELATIONS, spans_key="sc") for _ in range(20)] + [make_doc("Nothing."), make_doc("")]
    for i, doc in enumerate(docs):
        doc.user_data["biore_doc_id"] = f"D{i}"
    return docs


@pytest.fixture
def corpus(docs: list[Doc], tmp_path: Path) -> Path:
    for name, part in (("a", docs[:12]), ("b", docs[12:])):
        DocBin(docs=part, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
    return tmp_path


@pytest.fixture(scope="module")
def nlp(make_nlp) -> Language:
    return make_nlp()


def test_gold_entities(corpus, docs, nlp):
    examples = list(make_corpus_reader(corpus)(nlp))
    assert len(examples) == len(docs)
    for eg, doc in zip(examples, docs, strict=True):
        assert [t.text_with_ws for t in eg.predicted] == [t.text_with_ws for t in doc]
        assert [t.is_sent_start for t in eg.predicted] == [t.is_sent_start for t in doc]
        assert [(s.start, s.end, s.label_) for s in eg.predicted.ents] == [(s.start, s.end, s.label_) for s in doc.ents]
        assert str(list(eg.predicted.spans.get("sc", []))) == str(list(doc.spans.get("sc", [])))
        assert get_records(eg.predicted) == [] and get_records(eg.reference) == get_records(doc)
        assert eg.predicted.user_data["biore_doc_id"] == doc.user_data["biore_doc_id"]


def test_mentions_of_merged_tokens_are_those_of_the_reference(make_doc, make_nlp, tmp_path):
    doc = make_doc(
        "The very big [aspirin|CHEMICAL] inhibits [cox|GENE] in all the mice.", [(0, 1, "INHIBITS")], spans_key="sc"
    )
    doc.set_ents([])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:3])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "merged.spacy")
    nlp = make_nlp(candidates={"@misc": "spacy-biore.CandidateGenerator.v1", "spans_key": "sc"})
    [example] = make_corpus_reader(tmp_path / "merged.spacy")(nlp)
    assert [span.text for span in example.predicted.spans["sc"]] == ["aspirin", "cox"]


def test_gold_entities_before_which_a_recogniser_stands_are_warned_of_once(corpus, make_nlp):
    nlp = make_nlp()
    nlp.add_pipe("entity_ruler", before="relation_extractor")
    reader = make_corpus_reader(corpus)
    with pytest.warns(UserWarning, match=r"BRW27.*'entity_ruler'") as caught:
        assert len(list(reader(nlp))) == len(list(reader(nlp)))
    assert len(caught) == 1
    assert list(make_corpus_reader(corpus, entities="predicted")(nlp)), "and of predicted entities nothing is said"


def test_predicted_entities_leave_all_to_the_pipeline(corpus, docs, nlp):
    examples = list(make_corpus_reader(corpus, entities="predicted")(nlp))
    assert [eg.predicted.text for eg in examples] == [doc.text for doc in docs]
    for eg in examples:
        assert not eg.predicted.ents and not eg.predicted.spans
        assert noted_training_pairs(eg.predicted) is None
    assert len(examples[0].reference.ents) == 5


def test_limit_and_single_file(corpus, nlp):
    assert len(list(make_corpus_reader(corpus, limit=15)(nlp))) == 15
    assert len(list(make_corpus_reader(corpus / "a.spacy")(nlp))) == 12
    assert len(list(read_docs(str(corpus), nlp, limit=1))) == 1


def test_a_file_is_read_whatever_its_name(corpus, nlp):
    (corpus / "a.spacy").rename(corpus / "a.bin")
    assert len(list(read_docs(corpus / "a.bin", nlp))) == 12


def test_no_path_gives_no_examples(nlp):
    assert list(make_corpus_reader(None)(nlp)) == []


def test_missing_corpus(tmp_path, nlp):
    read = make_corpus_reader(tmp_path / "gone.spacy")
    with pytest.raises(BioreError, match=r"BR031.*gone\.spacy"):
        list(read(nlp))


def test_folder_without_corpus_files(corpus, tmp_path, nlp):
    folder = tmp_path / "other"
    (folder / ".hidden").mkdir(parents=True)
    for name in ("mine.jsonl", ".hidden/a.spacy", "._a.spacy"):
        (folder / name).write_bytes((corpus / "a.spacy").read_bytes())
    with pytest.raises(BioreError, match=r"BR031.*other"):
        list(make_corpus_reader(folder)(nlp))


def test_linked_folders_are_read_and_no_folder_is_a_file(corpus, tmp_path, nlp):
    (tmp_path / "linked").mkdir()
    (corpus / "a.spacy").rename(tmp_path / "linked" / "a.spacy")
    (tmp_path / "all" / "old.spacy").mkdir(parents=True)
    (corpus / "b.spacy").rename(tmp_path / "all" / "old.spacy" / "b.spacy")
    (tmp_path / "all" / "more").symlink_to(tmp_path / "linked")
    assert len(list(make_corpus_reader(tmp_path / "all")(nlp))) == 22


def test_a_hidden_folder_is_read_if_it_is_named(corpus, tmp_path, nlp):
    (tmp_path / ".mine").mkdir()
    (corpus / "a.spacy").rename(tmp_path / ".mine" / "a.spacy")
    assert len(list(make_corpus_reader(tmp_path / ".mine")(nlp))) == 12


@pytest.mark.parametrize(
    "config",
    [{"entities": "all"}, {"negatives": -0.1}, {"negatives": 1.1}, {"negatives": 0.5, "entities": "predicted"}],
)
def test_setting_out_of_range(config):
    with pytest.raises(BioreError, match=f"BR032.*{next(iter(config))}"):
        make_corpus_reader("x", **config)


@pytest.mark.parametrize(("negatives", "noted_negatives"), [(0.0, 0), (0.3, 140), (1.0, 140)])
def test_negative_sampling_keeps_all_positives(corpus, nlp, negatives: float, noted_negatives: int):
    extractor = nlp.get_pipe("relation_extractor")
    examples = list(make_corpus_reader(corpus, negatives=negatives)(nlp))
    shares: Counter[float] = Counter()
    for eg in examples:
        noted = noted_training_pairs(eg.predicted)
        shares.update(pair.share for pair in noted)
        certain = {pair.key for pair in noted if pair.share == 1.0}
        texts = {(eg.predicted.text[h[0] : h[1]], eg.predicted.text[t[0] : t[1]]) for h, t in certain}
        assert not get_records(eg.reference) or {("a", "c"), ("d", "e")} <= texts
    assert shares[negatives] - 40 * (negatives == 1.0) == noted_negatives
    # Predicting does not obey the note.
    assert sum(len(found) for found in extractor.get_candidates(eg.predicted for eg in examples)) == 20 * N_PAIRS


def learned(nlp: Language, corpus: Path, *, seed: int, epochs: int) -> list[set]:
    """Return the pairs that spaCy's training loop learns from in each epoch, with their documents."""
    random.seed(seed)
    found: list[set] = [set() for _ in range(epochs)]
    reader = make_corpus_reader(corpus, negatives=0.5)
    for epoch, batch in create_train_batches(nlp, reader, make_pair_batcher(8), max_epochs=epochs):
        for eg in batch:
            document = eg.reference.user_data["biore_doc_id"]
            found[epoch].update((document, pair.key) for pair in noted_training_pairs(eg.predicted))
    return found


def test_each_epoch_takes_other_negatives_and_the_seed_decides(corpus, nlp):
    epochs = learned(nlp, corpus, seed=1, epochs=8)
    assert all(75 < len(pairs) < 145 for pairs in epochs)
    assert epochs[0] != epochs[1]
    assert len(set.union(*epochs)) > 175
    assert learned(nlp, corpus, seed=1, epochs=2) == epochs[:2] != learned(nlp, corpus, seed=2, epochs=2)


def test_updates_without_our_batcher_sample_negatives_too(corpus, nlp):
    (example,) = make_corpus_reader(corpus, negatives=0.5, limit=1)(nlp)
    (candidates,) = nlp.get_pipe("relation_extractor").get_candidates([example.predicted])
    random.seed(0)
    sizes = {len(take_training_pairs(example.predicted, candidates)) for _ in range(20)}
    assert len(sizes) > 1 and min(sizes) >= N_POSITIVES and max(sizes) <= N_PAIRS


@pytest.mark.parametrize(
    ("relation", "problem"), [((0, 2, "CURES"), "'CURES' is not in it"), ((2, 3, "INHIBITS"), "GENE to GENE")]
)
def test_relations_that_no_extractor_can_find_are_an_error(make_doc, nlp, tmp_path, relation, problem: str):
    """A sourced pipeline is not initialized, so that only its reader sees that a corpus does not fit."""
    DocBin(docs=[make_doc(DENSE, [relation])], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    with pytest.raises(BioreError, match=f"BR004.*{problem}"):
        list(make_corpus_reader(tmp_path / "dev.spacy")(nlp))


def test_frozen_extractors_do_not_count_into_batches(make_nlp, corpus, tiny_encoder):
    nlp = make_nlp(labels=[{"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]}])
    schema = [{"label": "BINDS", "head": ["GENE"], "tail": ["GENE"], "symmetric": True}]
    config = {"relation_types": schema, "model": {"encoder": tiny_encoder}}
    nlp.add_pipe("relation_extractor", name="second", config=config)

    def noted() -> int:
        (example,) = make_corpus_reader(corpus, limit=1)(nlp)
        return len(noted_training_pairs(example.predicted))

    assert noted() == N_PAIRS
    nlp.config["training"]["frozen_components"] = ["second"]
    assert noted() == 6


def test_scores_do_not_depend_on_negative_sampling(corpus, make_nlp):
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: make_corpus_reader(corpus)(nlp))
    scores = [nlp.evaluate(make_corpus_reader(corpus, negatives=share)(nlp)) for share in (0.0, 1.0)]
    assert scores[0]["rel_per_type"] == scores[1]["rel_per_type"]
    assert scores[0]["rel_micro_f"] > 0


def test_update_learns_from_the_noted_pairs_only(corpus, make_nlp, monkeypatch):
    nlp = make_nlp()
    nlp.initialize(lambda: make_corpus_reader(corpus)(nlp))
    extractor = nlp.get_pipe("relation_extractor")
    sizes, get_loss = [], extractor.get_loss
    monkeypatch.setattr(
        extractor, "get_loss", lambda egs, scores, **kw: sizes.append(len(scores.rows)) or get_loss(egs, scores, **kw)
    )
    for share in (0.0, 1.0):
        extractor.update(list(make_corpus_reader(corpus, negatives=share, limit=1)(nlp)))
    assert sizes == [N_POSITIVES, N_PAIRS]


def test_pair_lengths_are_those_of_the_sentences_shown(corpus, nlp):
    (example,) = make_corpus_reader(corpus, limit=1)(nlp)
    assert {pair.n_tokens for pair in noted_training_pairs(example.predicted)} == {8}


def test_two_extractors_learn_from_one_corpus(make_nlp, make_doc, schema_config, tmp_path):
    inhibits, binds = schema_config
    doc = make_doc("[a|CHEMICAL] blocks [b|GENE] and [c|GENE] .", [(0, 1, "INHIBITS"), (1, 2, "BINDS")])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "train.spacy")
    read = make_corpus_reader(tmp_path / "train.spacy", negatives=0.0)
    nlp = make_nlp(labels=[inhibits])
    model = nlp.get_pipe_config("relation_extractor")["model"]
    nlp.add_pipe("relation_extractor", name="binding", config={"model": model, "relation_types": [binds]})
    nlp.initialize(lambda: read(nlp))
    (example,) = read(nlp)
    learned = {}
    for name, extractor in nlp.pipeline:
        found = take_training_pairs(example.predicted, extractor.get_candidates([example.predicted])[0])
        pairs = [(found.head(row), found.tail(row)) for row in range(len(found))]
        learned[name] = [tuple(doc.text[m.start_char : m.end_char] for m in pair) for pair in pairs]
    assert learned == {"relation_extractor": [("a", "b")], "binding": [("b", "c")]}
    assert all(loss > 0 for loss in nlp.update([example]).values())
