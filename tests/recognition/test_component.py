"""The recogniser: what it learns from, and what it predicts."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import raise_error
from thinc.api import Adam, Model, fix_random_seed

from spacy_biore.assembly.checks import find_labels
from spacy_biore.errors import BioreError
from spacy_biore.recognition.annotation import keep_annotated
from spacy_biore.recognition.component import PartialRecogniser

CDR, GENE = ["CHEMICAL", "DISEASE"], ["GENE"]


def annotate(docs: list[Doc], types: list[str], nlp: Language) -> list[Example]:
    """Make examples of docs that are annotated with these types."""
    references = [doc.copy() for doc in docs]
    for reference in references:
        keep_annotated(reference, types)
    return [Example(nlp.make_doc(reference.text), reference) for reference in references]


def gradients(model: Model) -> dict[str, np.ndarray]:
    """Return the gradients of a model that are not zero."""
    found = {
        f"{number} {name}": node.get_grad(name).copy()
        for number, node in enumerate(model.walk())
        for name in node.param_names
        if node.has_grad(name)
    }
    return {name: gradient for name, gradient in found.items() if gradient.any()}


@pytest.fixture
def start(make_ner: Callable[..., Language], schemes: dict[str, list[Doc]]) -> Callable[..., Any]:
    """A function that makes and initializes a pipeline; it returns it with the examples of either corpus."""

    def run(*types: list[str], **kwargs: Any) -> tuple[Language, list[Example], list[Example]]:
        fix_random_seed(0)
        nlp = make_ner(*types, **kwargs)
        cdr, genes = annotate(schemes["cdr"], CDR, nlp), annotate(schemes["genes"], GENE, nlp)
        nlp.initialize(lambda: cdr + genes)
        return nlp, cdr, genes

    return run


@pytest.mark.parametrize("order", [(CDR, GENE), (GENE, CDR)])
def test_document_without_annotation_gives_no_loss_and_no_gradient(start, order):
    nlp, cdr, _ = start(*order)
    losses = nlp.update(cdr[:4], sgd=False)
    assert losses["gene"] == 0 and losses["chemical_disease"] > 0
    assert not gradients(nlp.get_pipe("gene").model)
    assert gradients(nlp.get_pipe("chemical_disease").model)
    # Whichever comes last, what the other learned reaches the shared vectors.
    assert gradients(nlp.get_pipe("tok2vec").model)


def test_batch_that_no_recogniser_can_learn_from(start):
    nlp, cdr, _ = start(CDR, GENE)
    examples = annotate([eg.reference for eg in cdr[:2]], ["SPECIES"], nlp)
    examples.append(Example(nlp.make_doc(""), nlp.make_doc("")))
    for batch in (examples, examples[2:]):
        assert set(nlp.update(batch, sgd=False).values()) == {0}
        assert not any(gradients(pipe.model) for _, pipe in nlp.pipeline)


def test_documents_without_annotation_do_not_change_what_is_learned_from_the_others(start):
    found = []
    for with_others in (False, True):
        nlp, cdr, genes = start(CDR, GENE, shared=False)
        losses = nlp.update(genes[:3] + cdr[:3] * with_others, sgd=False)
        found.append((losses["gene"], gradients(nlp.get_pipe("gene").model)))
    (loss, alone), (same_loss, together) = found
    assert same_loss == pytest.approx(loss) and alone.keys() == together.keys()
    for name, gradient in alone.items():
        np.testing.assert_allclose(together[name], gradient, rtol=1e-3, atol=1e-5)


def test_document_with_some_of_the_types_is_not_learned_from(start):
    nlp, cdr, _ = start(CDR)
    chemicals = annotate([eg.reference for eg in cdr[:2]], ["CHEMICAL"], nlp)
    assert nlp.update(chemicals, sgd=False) == {"tok2vec": 0, "chemical_disease": 0}


def test_entities_of_other_types_are_ignored(start, make_doc):
    nlp, *_ = start(CDR, GENE)
    doc = make_doc("[zorbin|CHEMICAL] binds [qrx2|GENE] in [mice|SPECIES] with [grimpox|DISEASE]")
    before = {name: pipe.labels for name, pipe in nlp.pipeline if name != "tok2vec"}
    losses = nlp.update([Example(nlp.make_doc(doc.text), doc)], sgd=False)
    assert losses["gene"] > 0 and losses["chemical_disease"] > 0
    assert {name: pipe.labels for name, pipe in nlp.pipeline if name != "tok2vec"} == before
    assert before == {"chemical_disease": ("CHEMICAL", "DISEASE"), "gene": ("GENE",)}


@pytest.fixture(scope="module")
def trained(make_ner: Callable[..., Language], schemes: dict[str, list[Doc]]) -> Language:
    """A pipeline that has learned the names of both corpora by heart."""
    fix_random_seed(0)
    nlp = make_ner(CDR, GENE)
    examples = annotate(schemes["cdr"], CDR, nlp) + annotate(schemes["genes"], GENE, nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    for _ in range(15):
        for begin in range(0, len(examples), 8):
            # Each batch is of one scheme, so that one of the recognisers has nothing to learn from it.
            nlp.update(examples[begin : begin + 8], sgd=optimizer)
    return nlp


def found(doc: Doc) -> set[tuple[str, str]]:
    return {(entity.text, entity.label_) for entity in doc.ents}


ALL = {("flaxol", "CHEMICAL"), ("grimpox", "DISEASE"), ("nolf3", "GENE")}


def test_two_corpora_teach_all_types(trained):
    assert found(trained("The flaxol dose led to grimpox with more nolf3 in mice.")) == ALL
    assert found(trained("Loss of nolf3 made grimpox worse, and flaxol did not help.")) == ALL


def test_batches_and_processes_find_the_same(trained):
    texts = ["Loss of nolf3 made grimpox worse, and flaxol did not help.", "", "Nothing here."] * 3
    alone = [found(trained(text)) for text in texts]
    assert [found(doc) for doc in trained.pipe(texts, batch_size=4)] == alone
    assert [found(doc) for doc in trained.pipe(texts, batch_size=4, n_process=2)] == alone
    assert alone[:2] == [ALL, set()]


@pytest.mark.parametrize("method", ["predict", "set_annotations"])
def test_one_doc_that_fails_costs_no_other(trained, monkeypatch, method):
    work = getattr(PartialRecogniser, method)

    def fail(self: Any, docs: list[Doc], *args: Any) -> Any:
        if any("broken" in doc.text for doc in docs):
            raise RuntimeError("no such doc, please")
        return work(self, docs, *args)

    monkeypatch.setattr(PartialRecogniser, method, fail)
    failed: list[Any] = []
    trained.set_error_handler(lambda name, _, docs, error: failed.append((name, [doc.text for doc in docs])))
    text = "Loss of nolf3 made grimpox worse, and flaxol did not help."
    try:
        done = list(trained.pipe([text, "flaxol is broken", text, "", text], batch_size=20))
    finally:
        trained.set_error_handler(raise_error)
    assert [found(doc) for doc in done] == [ALL, ALL, set(), ALL]
    assert failed == [("chemical_disease", ["flaxol is broken"])]


def test_earlier_entities_stay_where_a_recogniser_fails(trained):
    docs = [trained.make_doc("flaxol is here"), trained.make_doc("grimpox is here")]
    for doc in docs:
        doc.set_ents([Span(doc, 0, 1, label="EARLIER")])
        trained.get_pipe("tok2vec")(doc)
    gene = trained.get_pipe("gene")
    [state] = gene.predict(docs[:1])
    with pytest.raises(TypeError):
        gene.set_annotations(docs, [state, "no state"])
    assert [entity.label_ for doc in docs for entity in doc.ents] == ["EARLIER", "EARLIER"]


def test_prediction_is_not_bound_by_entities_that_are_there(trained):
    text = "The flaxol dose led to grimpox with more nolf3 in mice."
    doc = trained.make_doc(text)
    # The whole text as an entity, and an odd one of a type that no recogniser has, would allow nothing else.
    doc.set_ents([Span(doc, 0, 2, label="ODD"), Span(doc, 8, 9, label="ODD")])
    for name in ("chemical_disease", "gene"):
        pipe: Any = trained.get_pipe(name)
        trained.get_pipe("tok2vec")(doc)  # type: ignore[operator]
        states = pipe.predict([doc])
        assert [entity.label_ for entity in doc.ents] == ["ODD", "ODD"], "predicting changes nothing"
        fresh = trained.make_doc(text)
        pipe.set_annotations([fresh], states)
        assert found(fresh) == {pair for pair in ALL if pair[1] in pipe.labels}
        assert set(pipe.labels) == set(pipe.types)


def test_entities_are_merged_by_length_and_order(trained):
    doc = trained.make_doc("The flaxol dose led to grimpox with more nolf3 in mice.")
    doc.set_ents([Span(doc, 0, 2, label="LONG"), Span(doc, 8, 9, label="SAME", kb_id="K")])
    for _, pipe in trained.pipeline:
        doc = pipe(doc)
    assert found(doc) == {("The flaxol", "LONG"), ("grimpox", "DISEASE"), ("nolf3", "SAME")}
    assert doc.ents[-1].kb_id_ == "K"
    assert {token.ent_iob_ for token in doc} == {"B", "I", "O"}


def test_span_group_has_the_mentions_that_lost(trained):
    doc = trained.make_doc("The flaxol dose led to grimpox with more nolf3 in mice.")
    doc.set_ents([Span(doc, 0, 2, label="LONG")])
    for _, pipe in trained.pipeline:
        if hasattr(pipe, "types"):
            pipe.cfg["spans_key"] = "entities"
        doc = pipe(doc)
    for _, pipe in trained.pipeline[1:]:
        pipe.cfg["spans_key"] = None
    assert found(doc) == {("The flaxol", "LONG"), *ALL} - {("flaxol", "CHEMICAL")}
    assert {(span.text, span.label_) for span in doc.spans["entities"]} == {("The flaxol", "LONG"), *ALL}


def test_whitespace_is_no_part_of_what_is_found(trained):
    """As in text with wrapped lines, of which the recogniser has learned nothing."""
    doc = trained.make_doc("High flaxol   dose \n\n and grimpox\n")
    assert [token.text for token in doc] == ["High", "flaxol", "  ", "dose", "\n\n ", "and", "grimpox", "\n"]
    pipe: Any = trained.get_pipe("chemical_disease")
    [state] = pipe.moves.init_batch([doc])
    actions = "O B-CHEMICAL I-CHEMICAL I-CHEMICAL L-CHEMICAL O B-DISEASE L-DISEASE"
    for action in actions.split():
        pipe.moves.apply_transition(state, action)
    pipe.cfg["spans_key"] = "entities"
    try:
        pipe.set_annotations([doc], [state])
    finally:
        pipe.cfg["spans_key"] = None
    expected = [("flaxol   dose", "CHEMICAL"), ("grimpox", "DISEASE")]
    assert [(span.text, span.label_) for span in doc.ents] == expected
    assert [(span.text, span.label_) for span in doc.spans["entities"]] == expected
    assert [token.ent_iob_ for token in doc] == list("OBIIOOBO")


def test_annotating_while_training(trained, schemes):
    nlp = trained
    # The entities of the first, of which the second knows nothing, are there while the second learns.
    examples = annotate(schemes["genes"][:2], GENE, nlp)
    annotating = nlp.update(examples, sgd=False, annotates=["tok2vec", "chemical_disease"])
    assert annotating["gene"] == pytest.approx(nlp.update(examples, sgd=False)["gene"], abs=0.001)


def test_saved_pipeline_is_the_same(trained, tmp_path):
    trained.to_disk(tmp_path)
    texts = ["Loss of nolf3 made grimpox worse, and flaxol did not help."]
    for nlp in (spacy.load(tmp_path), spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())):
        assert [found(doc) for doc in nlp.pipe(texts)] == [ALL]
        assert nlp.get_pipe("chemical_disease").types == ("CHEMICAL", "DISEASE")


def test_types_are_known_where_a_relation_model_is_put_behind_it(trained):
    assert find_labels(trained) == {"CHEMICAL", "DISEASE", "GENE"}


def test_other_types_than_its_own_are_no_labels(start):
    nlp, cdr, genes = start(GENE)
    labels = nlp.get_pipe("gene").label_data
    nlp.initialize(lambda: cdr + genes)
    assert nlp.get_pipe("gene").label_data == labels
    assert nlp.get_pipe("gene").labels == ("GENE",)


@pytest.mark.parametrize("types", [[], [""], ["GENE", "GENE"]])
def test_types_that_are_none(types):
    with pytest.raises(BioreError, match="BR040.*'partial_ner'"):
        spacy.blank("en").add_pipe("partial_ner", config={"types": types})


def test_type_that_is_never_annotated_is_warned_of(make_ner, schemes):
    nlp = make_ner(["CHEMICAL", "GENE"])
    examples = annotate(schemes["cdr"], CDR, nlp) + annotate(schemes["genes"], GENE, nlp)
    with pytest.warns(UserWarning, match=r"BRW18.*'chemical_gene'.*what CHEMICAL, GENE is.*with CHEMICAL, GENE"):
        nlp.initialize(lambda: examples)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_ner(CDR).initialize(lambda: examples)


def test_a_label_that_is_not_among_its_types_is_refused(make_ner: Callable[..., Language]):
    recogniser: Any = make_ner(["GENE"]).get_pipe("gene")
    assert (recogniser.add_label("GENE"), recogniser.labels, recogniser.add_label("GENE")) == (1, ("GENE",), 0)
    with pytest.raises(BioreError, match=r"BR044.*'gene'.*'SPECIES'.*GENE"):
        recogniser.add_label("SPECIES")
    assert recogniser.labels == ("GENE",)
