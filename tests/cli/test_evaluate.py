"""``python -m spacy biore evaluate``: what it prints and saves, and how it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

GOLD = [(0, 1, "INHIBITS"), (0, 2, "INHIBITS"), (0, 3, "INHIBITS"), (1, 2, "BINDS")]
TEXT = "[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] . It spares [egfr|GENE] ."
# Two mentions of a gene with so many letters between them that they do not fit into 64 pieces of one letter each.
FAR = f"[aspirin|CHEMICAL] {'overwhelmingly ' * 8}blocks [ptgs|GENE] ."

# One relation of the corpus crosses a sentence boundary, so that there is something to lose.
pytestmark = pytest.mark.filterwarnings("ignore:.*BRW04")


def save(path: Path, *docs: Doc, **kwargs: Any) -> Path:
    DocBin(docs=docs, **{"store_user_data": True, **kwargs}).to_disk(path)
    return path


@pytest.fixture(scope="module")
def model(
    make_nlp: Callable[..., Language], make_example: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A pipeline that answers every pair: the threshold is 0."""
    nlp = make_nlp(threshold=0.0)
    nlp.add_pipe("sentencizer", first=True)
    ruler = nlp.add_pipe("entity_ruler", before="relation_extractor")
    nlp.initialize(lambda: [make_example(TEXT, GOLD)])
    ruler.add_patterns([{"label": "CHEMICAL", "pattern": "aspirin"}, {"label": "GENE", "pattern": "ptgs"}])  # type: ignore[attr-defined]
    path = tmp_path_factory.mktemp("evaluate") / "model"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def corpus(make_doc: Callable[..., Doc], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate") / "corpus"
    folder.mkdir()
    save(folder / "a.spacy", make_doc(TEXT, GOLD), make_doc(FAR, [(0, 1, "INHIBITS")]))
    save(folder / "b.spacy", make_doc("Nothing here ."), make_doc(""))
    return folder


def test_prints_scores_confusions_and_losses(biore: Any, model: Path, corpus: Path):
    result = biore("evaluate", model, corpus)
    assert result.code == 0, result.output
    assert ["documents", "4"] in result.rows
    assert ["gold", "relations", "5"] in result.rows
    assert ["candidate", "pairs", "4"] in result.rows
    assert ["-", "outside", "the", "window", "1"] in result.rows
    assert ["micro", "100.0", "60.0", "75.0", "5", "3"] in result.rows
    assert ["macro", "100.0", "75.0", "83.3", "5", "3"] in result.rows
    assert ["INHIBITS", "100.0", "50.0", "66.7", "4", "2"] in result.rows
    assert ["INHIBITS", "2", "0", "2"] in result.rows
    assert ["none", "0", "0", "-"] in result.rows
    assert ["found", "3", "60.0", "%"] in result.rows
    assert ["-", "cross-sentence", "1", "20.0", "%"] in result.rows
    assert ["-", "outside", "the", "window", "1", "20.0", "%"] in result.rows
    assert ["spurious", "0"] in result.rows


def test_output_json_prints_nothing_but_json(biore: Any, model: Path, corpus: Path):
    result = biore("evaluate", model, corpus, "--output", "json")
    report = json.loads(result.stdout)
    assert (report["rel_micro_p"], report["rel_micro_r"]) == (1.0, pytest.approx(0.6))
    assert report["view"] == "given gold entities"
    assert report["lost"]["cross-sentence"] == 1
    assert sum(report["lost"].values()) == report["gold"] - report["found"] == 2
    assert report["confusion"] == {"labels": ["INHIBITS", "BINDS", None], "counts": [[2, 0, 2], [0, 1, 0], [0, 0, 0]]}


def test_output_file_is_saved_and_tables_are_printed(biore: Any, model: Path, corpus: Path, tmp_path: Path):
    path = tmp_path / "metrics" / "test.json"
    result = biore("evaluate", model, corpus, "--output", path)
    assert result.code == 0
    assert "micro" in result.output
    saved = json.loads(path.read_text(encoding="utf8"))
    assert saved == json.loads(biore("evaluate", model, corpus, "-o", "json").stdout)


def test_end_to_end_runs_the_whole_pipeline(biore: Any, model: Path, corpus: Path):
    report = json.loads(biore("evaluate", model, corpus / "a.spacy", "--end-to-end", "-o", "json").stdout)
    assert report["view"] == "end to end"
    assert (report["found"], report["lost"]["entity missed"], report["lost"]["outside the window"]) == (1, 3, 1)


def test_size_of_batches_does_not_matter(biore: Any, model: Path, corpus: Path):
    one, other = (biore("evaluate", model, corpus, "-o", "json", "--batch-size", size).stdout for size in (1, 100))
    assert json.loads(one) == json.loads(other)


def test_labels_restrict_scoring(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    path = save(tmp_path / "test.spacy", make_doc(TEXT, [*GOLD, (0, 1, "CAUSES")]))
    assert biore("evaluate", model, path).failed("BR302", "CAUSES", "--labels")
    report = json.loads(biore("evaluate", model, path, "--labels", "INHIBITS", "-o", "json").stdout)
    assert list(report["support"]) == ["INHIBITS"]
    assert (report["gold"], report["predicted"]) == (3, 2)


def test_labels_unknown_to_the_model_are_an_error(biore: Any, model: Path, corpus: Path):
    assert biore("evaluate", model, corpus, "--labels", "INHIBITS,CAUSES").failed("BR303", "CAUSES")


def test_empty_label_is_an_error(biore: Any, model: Path, corpus: Path):
    assert biore("evaluate", model, corpus, "--labels", "INHIBITS,,").failed("--labels")


def test_entities_in_span_groups_only(biore: Any, make_nlp: Any, make_example: Any, tmp_path: Path):
    """The predicted docs hold the groups of the reference, so that the component's own candidates find them."""
    candidates = {"@misc": "spacy-biore.CandidateGenerator.v1", "spans_key": "entities"}
    nlp = make_nlp(threshold=0.0, candidates=candidates)
    example = make_example(TEXT, GOLD, spans_key="entities")
    nlp.initialize(lambda: [example])
    nlp.to_disk(tmp_path / "model")
    example.reference.ents = []
    path = save(tmp_path / "test.spacy", example.reference)
    report = json.loads(biore("evaluate", tmp_path / "model", path, "-o", "json").stdout)
    assert (report["found"], report["candidate_pairs"]) == (3, 3)


def test_corpus_without_entities_is_reported_once(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    path = save(tmp_path / "test.spacy", *(make_doc("Nothing here .") for _ in range(3)))
    result = biore("evaluate", model, path, "--batch-size", 1)
    assert result.code == 0
    assert result.output.count("BRW01") == result.output.count("BRW20") == 1
    assert ["micro", "-", "-", "-", "0", "0"] in result.rows


def test_corpus_saved_without_user_data_is_explained(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    result = biore("evaluate", model, save(tmp_path / "test.spacy", make_doc(TEXT, GOLD), store_user_data=False))
    assert result.code == 0
    assert "store_user_data=True" in result.output


def test_warnings_do_not_come_between_json(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    result = biore("evaluate", model, save(tmp_path / "test.spacy", make_doc("Nothing here .")), "-o", "json")
    assert json.loads(result.stdout)["rel_micro_f"] is None
    assert "BRW01" in result.stderr


def test_relations_of_forbidden_types_are_reported(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    result = biore("evaluate", model, save(tmp_path / "test.spacy", make_doc(TEXT, [(1, 0, "INHIBITS")])))
    assert result.code == 0
    assert "BRW21" in result.output
    assert ["-", "not", "a", "candidate", "1", "100.0", "%"] in result.rows


@pytest.mark.parametrize("name", ["nowhere/model", "not_installed_pipeline"])
def test_missing_model_is_an_error(biore: Any, name: str, corpus: Path):
    assert biore("evaluate", name, corpus).failed("BR300", name)


def test_folder_that_is_no_pipeline_is_an_error(biore: Any, corpus: Path):
    assert biore("evaluate", corpus, corpus).failed("BR300", "model-best")


def test_pipeline_without_relation_extractor_is_an_error(biore: Any, corpus: Path, tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path)
    assert biore("evaluate", tmp_path, corpus).failed("BR301", "sentencizer")


def test_model_that_was_never_trained_is_an_error(biore: Any, make_nlp: Any, corpus: Path, tmp_path: Path):
    make_nlp().to_disk(tmp_path)
    assert biore("evaluate", tmp_path, corpus).failed("BR204")


def test_missing_corpus_is_an_error(biore: Any, model: Path, tmp_path: Path):
    assert biore("evaluate", model, tmp_path / "none.spacy").failed("BR031", "biore convert")


def test_folder_without_documents_is_an_error(biore: Any, model: Path, tmp_path: Path):
    assert biore("evaluate", model, tmp_path).failed("BR031")


def test_empty_corpus_is_an_error(biore: Any, model: Path, tmp_path: Path):
    assert biore("evaluate", model, save(tmp_path / "empty.spacy")).failed("BR304")


def test_file_of_another_format_is_an_error(biore: Any, model: Path, tmp_path: Path):
    path = tmp_path / "test.spacy"
    path.write_text("index\tsentence\tlabel\n", encoding="utf8")
    assert biore("evaluate", model, path).failed("BR305", "test.spacy")


@pytest.mark.parametrize("output", [".", "file/report.json"])
def test_output_that_cannot_be_written_is_an_error_before_work(
    output: str, biore: Any, model: Path, corpus: Path, tmp_path: Path
):
    (tmp_path / "file").touch()
    result = biore("evaluate", model, corpus, "-o", tmp_path / output)
    assert result.failed("BR306", "--output")
    assert "micro" not in result.output


def test_missing_gpu_is_an_error(biore: Any, model: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    def no_gpu(gpu_id: int) -> None:
        raise ValueError("No GPU devices detected")

    monkeypatch.setattr("spacy_biore.cli.common.setup_gpu", no_gpu)
    assert biore("evaluate", model, corpus, "--gpu-id", 0).failed("BR307", "No GPU devices detected")


def test_corpus_without_sentences_is_an_error(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    path = save(tmp_path / "test.spacy", make_doc(TEXT, GOLD, sentences=False))
    assert biore("evaluate", model, path).failed("BR011")
