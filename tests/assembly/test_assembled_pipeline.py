"""Two pipelines become one: what is in it, and what it makes of text."""

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import raise_error

from spacy_biore.assembly.assemble import assemble
from spacy_biore.assembly.type_maps import READY_MAPS

BIONLP = READY_MAPS["en_ner_bionlp13cg_md"]
TERMS = {"aspirin": "SIMPLE_CHEMICAL", "EGFR": "GENE_OR_GENE_PRODUCT", "E-cadherin": "GENE_OR_GENE_PRODUCT"}
TEXT = "We read of epidermal growth factor receptor (EGFR) in the liver. Here aspirin blocked EGFR and E-cadherin."
STRANGE = {
    "nothing": "",
    "whitespace": " \n\t ",
    "one token": "aspirin",
    "emoji": "aspirin 😀 blocks 👩‍🔬 EGFR",
    "HTML": "<p>aspirin&nbsp;blocks <b>EGFR</b></p>",
    "LaTeX": r"aspirin $\alpha_{1}$ \textbf{blocks} EGFR (\ref{fig:1})",
    "brackets": "(((( aspirin ) EGFR ( ) )) (",
    "other language": "阿司匹林 抑制 EGFR; Ацетил aspirin тормозит",
    "no sentence end": "aspirin EGFR " * 4,
    "null": "aspirin\x00EGFR",
}

# Its tokenizer is that of spaCy, and not that of the relation pipeline, in most tests.
pytestmark = pytest.mark.filterwarnings("ignore:.*BRW6[26]")


def found(doc: Doc) -> set[tuple[str, str, str]]:
    return {(r.head.text, r.label, r.tail.text) for r in doc._.relations}


@pytest.fixture(scope="module")
def nlp(make_recogniser: Callable[..., Language], relation_path: Path, tmp_path_factory: Any) -> Language:
    """A recogniser of scispaCy's shape, its abbreviation detector and a relation extractor, saved and loaded again."""
    pytest.importorskip("scispacy")
    recogniser = make_recogniser(BIONLP, terms=TERMS, sentences=False)
    with pytest.warns(UserWarning, match="BRW63"):
        result = assemble(recogniser, spacy.load(relation_path), scispacy_tokenizer=True)
    path = tmp_path_factory.mktemp("assembled") / "pipeline"
    result.nlp.to_disk(path)
    return spacy.load(path)


def test_components_in_order(nlp: Language):
    names = ["ner", "sentencizer", "entity_type_mapper", "biore_abbreviations", "relation_extractor"]
    assert nlp.pipe_names == names


def test_networks_of_the_recogniser_multiply_by_numpy(
    make_recogniser: Callable[..., Language], relation_path: Path, tmp_path: Path
):
    recogniser = make_recogniser(BIONLP, terms=TERMS, sentences=False)
    recogniser.add_pipe("tok2vec").model.initialize()  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="BRW63"):
        nlp = assemble(recogniser, spacy.load(relation_path), abbreviations=False).nlp
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        assert not any(node.ops.use_blis for node in each.get_pipe("tok2vec").model.walk())  # type: ignore[attr-defined]


def test_a_callback_of_the_recogniser_stays(make_recogniser: Callable[..., Language], relation_path: Path):
    recogniser = make_recogniser(BIONLP, terms=TERMS, sentences=False)
    recogniser.config["nlp"]["after_pipeline_creation"] = {"@callbacks": "mine"}
    with pytest.warns(UserWarning, match="BRW63"):
        nlp = assemble(recogniser, spacy.load(relation_path), abbreviations=False).nlp
    assert nlp.config["nlp"]["after_pipeline_creation"] == {"@callbacks": "mine"}


def test_finds_relations_in_text(nlp: Language):
    expected = {("aspirin", "INHIBITS", "EGFR"), ("aspirin", "INHIBITS", "E-cadherin"), ("EGFR", "BINDS", "E-cadherin")}
    assert found(nlp(TEXT)) == expected


def test_entities_without_a_place_in_the_schema_are_kept(nlp: Language):
    assert [(e.text, e.label_) for e in nlp("A mouse organ: cancer").ents] == [
        ("organ", "ORGAN"),
        ("cancer", "DISEASE"),
    ]


def test_tokenizer_is_scispacys(nlp: Language):
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    expected = custom_tokenizer.combined_rule_tokenizer(spacy.blank("en"))
    text = (
        "E-cadherin/EGFR-dependent (IL-2) effects, e.g. of 1,25(OH)2D3 and [3H]thymidine; see http://example.org/a-b."
    )
    words = [token.text for token in expected(text)]
    assert [token.text for token in nlp.make_doc(text)] == words
    assert words != [token.text for token in spacy.blank("en")(text)]


def test_loads_and_runs_where_nothing_was_imported(nlp: Language, tmp_path: Path):
    """scispaCy registers its components on import only; ours are found without one."""
    nlp.to_disk(tmp_path)
    code = f"import spacy; print(len(spacy.load({str(tmp_path)!r})({TEXT!r})._.relations))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["3"], done.stderr


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_strange_text_is_no_problem(nlp: Language, text: str):
    doc = nlp(text)
    assert doc.text == text
    both = {entity.text for entity in doc.ents} >= {"aspirin", "EGFR"}
    inhibitions = {(head, tail) for head, label, tail in found(doc) if label == "INHIBITS"}
    assert inhibitions == ({("aspirin", "EGFR")} if both else set())


def test_strange_texts_do_not_harm_their_batch(nlp: Language):
    texts = [TEXT, *STRANGE.values(), TEXT]
    together = list(nlp.pipe(texts))
    assert [found(doc) for doc in together] == [found(nlp(text)) for text in texts]
    assert len(found(together[0])) == len(found(together[-1])) == 3


def test_a_million_characters_do_not_harm_their_batch(nlp: Language):
    block = "There is nothing to be found in this sentence. " * 20 + TEXT + " "
    times = 1_000_000 // len(block)
    start = time.process_time()
    short, long, other = nlp.pipe([TEXT, block * times, TEXT])
    assert len(found(short)) == len(found(other)) == 3
    assert len(long._.relation_records) == 3 * times
    # Some seconds; a step that took time in proportion to the square of the length would take hours.
    assert time.process_time() - start < 120


def test_too_long_texts_can_be_left_out_and_counted(nlp: Language, monkeypatch: pytest.MonkeyPatch):
    """As docs/pipelines.md shows it: spaCy itself refuses them, with all that follows."""
    monkeypatch.setattr(nlp, "max_length", 200)
    texts = [TEXT, "aspirin " * 100, TEXT]
    with pytest.raises(ValueError, match="E088"):
        list(nlp.pipe(texts))
    fitting = [text for text in texts if len(text) <= nlp.max_length]
    assert [len(found(doc)) for doc in nlp.pipe(fitting)] == [3, 3]
    assert len(texts) - len(fitting) == 1


@pytest.mark.parametrize("name", ["entity_type_mapper", "biore_abbreviations", "relation_extractor"])
def test_an_error_handler_gets_the_one_doc_that_a_component_fails_on(
    nlp: Language, name: str, monkeypatch: pytest.MonkeyPatch
):
    failed: list[Any] = []
    method = "predict" if name == "relation_extractor" else "__call__"
    work = getattr(type(nlp.get_pipe(name)), method)

    def fail(self: Any, docs: Any) -> Any:
        if any("broken" in doc.text for doc in ([docs] if isinstance(docs, Doc) else docs)):
            raise RuntimeError("no such doc, please")
        return work(self, docs)

    monkeypatch.setattr(type(nlp.get_pipe(name)), method, fail)
    nlp.set_error_handler(lambda component, _, docs, error: failed.append((component, [doc.text for doc in docs])))
    try:
        done = list(nlp.pipe([TEXT, "aspirin, broken", TEXT]))
    finally:
        nlp.set_error_handler(raise_error)
    assert [len(found(doc)) for doc in done] == [3, 3]
    assert failed == [(name, ["aspirin, broken"])]


def test_another_spacy_than_the_pipeline_names_is_warned_of(nlp: Language, tmp_path: Path):
    nlp.to_disk(tmp_path)
    meta = json.loads((tmp_path / "meta.json").read_text(encoding="utf-8"))
    (tmp_path / "meta.json").write_text(json.dumps(meta | {"spacy_version": ">=2.9,<3.0"}), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"W095.*spaCy v2\.9"):
        other = spacy.load(tmp_path)
    assert found(other(TEXT)) == found(nlp(TEXT))


def test_nested_mentions_of_a_span_group(
    make_nlp: Callable[..., Language], make_example: Callable[..., Any], relation_nlp: Language
):
    generator = {"@misc": "spacy-biore.CandidateGenerator.v1", "spans_key": "entities"}
    relations = make_nlp(threshold=0.0, candidates=generator)
    relations.initialize(lambda: [make_example("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])])
    recogniser = spacy.blank("en")
    recogniser.add_pipe("sentencizer")
    ruler: Any = recogniser.add_pipe("span_ruler", config={"spans_key": "entities"})
    ruler.add_patterns([{"label": "X", "pattern": "aspirin ligase"}, {"label": "Y", "pattern": "aspirin"}])
    result = assemble(recogniser, relations, types={"X": "GENE", "Y": "CHEMICAL"}, abbreviations=False)
    assert found(result.nlp("An aspirin ligase.")) == {("aspirin", "INHIBITS", "aspirin ligase")}


def test_map_reaches_the_span_group_that_a_recogniser_writes(relation_nlp: Language):
    """Also where the relation model does not read the group."""
    recogniser = spacy.blank("en")
    recogniser.add_pipe("sentencizer")
    settings = {"types": ["X", "Y"], "spans_key": "entities"}
    recogniser.add_pipe("partial_ner", config=settings).initialize(  # type: ignore[attr-defined]
        lambda: [Example.from_dict(recogniser.make_doc("a b"), {"entities": [(0, 1, "X"), (2, 3, "Y")]})]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = assemble(recogniser, relation_nlp, types={"X": "GENE", "Y": "CHEMICAL"}, abbreviations=False)
    doc = result.nlp.make_doc("An aspirin.")
    doc.spans["entities"] = [Span(doc, 1, 2, label="Y")]
    assert [span.label_ for span in result.nlp.get_pipe("entity_type_mapper")(doc).spans["entities"]] == ["CHEMICAL"]


def test_second_relation_model_follows_the_first(
    make_recogniser: Callable[..., Language], make_nlp: Callable[..., Language], make_example: Any, relation_path: Path
):
    other = make_nlp(threshold=0.0, labels=[{"label": "CAUSES", "head": ["DRUG"], "tail": ["DISEASE"]}])
    other.initialize(lambda: [make_example("[aspirin|DRUG] and [pain|DISEASE] .", [(0, 1, "CAUSES")])])
    recogniser = make_recogniser(["CHEMICAL", "GENE", "DISEASE"])
    first = assemble(recogniser, spacy.load(relation_path), abbreviations=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        second = assemble(first.nlp, other, types={"CHEMICAL": "DRUG"}, abbreviations=False)
    # GENE is a type of the first model's relations and needs no map.
    [warning] = map(str, (one.message for one in caught))
    assert "BRW67" in warning and "changes CHEMICAL," in warning and "'relation_extractor'" in warning
    assert list(second.added) == ["entity_type_mapper", "relation_extractor_2"]
    doc = second.nlp("The chemical, the gene, the disease.")
    assert found(doc) == {("chemical", "INHIBITS", "gene"), ("chemical", "CAUSES", "disease")}


def test_only_relation_extractors_are_taken(make_recogniser: Callable[..., Language], relation_nlp: Language):
    result = assemble(make_recogniser(["CHEMICAL", "GENE"]), relation_nlp, abbreviations=False)
    assert result.nlp.pipe_names == ["sentencizer", "ner", "relation_extractor"]
    assert result.added == {"relation_extractor": "en_pipeline"}


def test_vectors_that_are_not_used_cause_no_warning_of_spacys(
    make_recogniser: Callable[..., Language], relation_nlp: Language
):
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    recogniser.vocab.set_vector("aspirin", np.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assemble(recogniser, relation_nlp, abbreviations=False)


def test_meta_describes_the_whole(make_recogniser: Callable[..., Language], relation_nlp: Language):
    pytest.importorskip("scispacy")
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    # As scispaCy's models have it, which would pull in an older spaCy.
    recogniser.meta |= {"name": "ner_mine", "version": "0.5.4", "spacy_version": ">=3.7.4,<3.8.0", "license": "CC0"}
    recogniser.meta["performance"] = {"ents_f": 0.9}
    recogniser.meta["sources"] = [{"name": "a corpus"}]
    meta = assemble(recogniser, relation_nlp).nlp.meta
    assert meta["description"] == "Entities of en_ner_mine 0.5.4, relations of en_pipeline 0.0.0"
    assert meta["spacy_version"] == spacy.blank("en").meta["spacy_version"]
    assert [source["name"] for source in meta["sources"]] == ["en_ner_mine 0.5.4", "en_pipeline 0.0.0", "a corpus"]
    assert [requirement.split(">")[0] for requirement in meta["requirements"]] == ["scispacy"]
    assert (meta["name"], meta["license"], meta.get("performance", {})) == ("pipeline", "", {})


def test_scispacy_is_not_required_where_it_is_not_used(
    make_recogniser: Callable[..., Language], relation_nlp: Language
):
    result = assemble(make_recogniser(["CHEMICAL", "GENE"]), relation_nlp, abbreviations=False)
    assert result.nlp.meta["requirements"] == []


def test_results_survive_docbin_and_several_processes(nlp: Language):
    texts = [TEXT, "", TEXT]
    docs = list(nlp.pipe(texts, n_process=2, batch_size=1))
    docs = list(DocBin(docs=docs, store_user_data=True).get_docs(nlp.vocab))
    assert [len(doc._.relations) for doc in docs] == [3, 0, 3]
    assert docs[0]._.relations[0].tail._.long_form == "epidermal growth factor receptor"
