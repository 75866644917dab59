"""Benchmarks of whole pipelines: what they measure is what the pipeline does; how fast it is is no test."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_biore.assembly.assemble import assemble
from spacy_biore.model.int8 import has_int8

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import accuracy, common, inference_speed, pipeline_speed, pipelines, recognition
from benchmarks.common import make_parser
from benchmarks.memory import make_abstracts
from benchmarks.pipelines import NAME, describe_pipeline, extractor
from benchmarks.records import read_records
from benchmarks.report import PUBLISHED
from benchmarks.report_pipelines import end_to_end_section, recognition_section

# The recogniser knows aspirin and egfr.
KNOWN = "[aspirin|CHEMICAL] blocks [egfr|GENE] ."
UNKNOWN = "[zorbin|CHEMICAL] blocks [egfr|GENE] ."


@pytest.fixture(scope="module")
def nlp(make_recogniser: Callable[..., Language], relation_path: Path) -> Language:
    """A pipeline that relates every chemical to every gene of its sentence."""
    recogniser = make_recogniser(["CHEMICAL", "GENE"], terms={"aspirin": "CHEMICAL", "egfr": "GENE"})
    return assemble(recogniser, spacy.load(relation_path), abbreviations=False).nlp


@pytest.fixture(scope="module")
def corpus(make_doc: Callable[..., Doc], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two documents, one with a chemical that the pipeline does not know."""
    path = tmp_path_factory.mktemp("corpus") / "mine" / "test.spacy"
    path.parent.mkdir()
    docs = [make_doc(text, [(0, 1, "INHIBITS")]) for text in (f"{KNOWN} Thus .", UNKNOWN)]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return ["Here aspirin blocks egfr.", "Nothing.", "", "The egfr of aspirin. And aspirin."]


def test_shares_are_of_all_components_and_the_tokenizer(nlp: Language, texts: list[str]):
    result = pipeline_speed.compare(nlp, texts, rounds=2)
    assert list(result["shares"]) == list(result["seconds"]) == ["tokenizer", *nlp.pipe_names]
    for number in range(2):
        assert sum(share["rounds"][number] for share in result["shares"].values()) == pytest.approx(1, abs=0.01)
    assert len(result["abstracts_per_second"]["rounds"]) == 2


def test_processes_get_a_batch_each(nlp: Language, texts: list[str], monkeypatch: pytest.MonkeyPatch):
    used: list[tuple[int, int]] = []
    pipe = nlp.pipe

    def watch(given: Any, n_process: int = 1, batch_size: int | None = None, **settings: Any) -> Any:
        if batch_size:
            used.append((n_process, batch_size))
        return pipe(given, n_process=n_process, batch_size=batch_size, **settings)

    monkeypatch.setattr(nlp, "pipe", watch)
    result = pipeline_speed.compare(nlp, [*texts, *texts, *texts], rounds=1, processes=2)
    assert set(used) == {(2, 2)}
    assert (result["processes"], result["batch_size"]) == (2, 2)


def test_texts_are_described_by_what_the_pipeline_finds_in_them(nlp: Language, texts: list[str]):
    counts = pipeline_speed.count(nlp, texts)
    assert {name: counts[name] for name in ("docs", "mentions", "candidate_pairs", "relations")} == {
        "docs": 4,
        "mentions": 5,
        "candidate_pairs": 2,
        "relations": 2,
    }
    assert counts["candidate_pairs_each"] == 0.5
    assert counts["characters"] == sum(map(len, texts))


def test_each_component_is_timed_on_what_the_earlier_ones_made(
    nlp: Language, texts: list[str], monkeypatch: pytest.MonkeyPatch
):
    seen: list[list[str]] = []
    predict = extractor(nlp).predict

    def watch(docs: list[Doc]) -> Any:
        seen.append([entity.text for doc in docs for entity in doc.ents])
        return predict(docs)

    monkeypatch.setattr(extractor(nlp), "predict", watch)
    monkeypatch.setattr(nlp, "batch_size", 3)
    seconds = pipeline_speed.time_components(nlp, texts)
    assert seen == [["aspirin", "egfr"], ["egfr", "aspirin", "aspirin"]]
    assert min(seconds.values()) > 0


def test_memory_is_measured_over_abstracts_of_the_corpus(
    nlp: Language, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    nlp.to_disk(tmp_path / "model")
    output = tmp_path / "result.json"
    settings = ["--repeats", "1", "--threads", "1", "--docs", "4", "--every", "2", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["pipeline_speed.py", str(tmp_path / "model"), str(corpus), *settings])
    pipeline_speed.main()
    record = json.loads(output.read_text(encoding="utf8"))
    assert record["memory"]["docs"] == 4 and len(record["memory"]["resident_mb"]) == 2
    assert record["memory"]["strings"][0] == record["memory"]["strings"][1]
    assert record["memory"]["mentions"] > 0
    assert record["pipeline"]["components"] == describe_pipeline(nlp)["components"]
    assert str(tmp_path) not in output.read_text(encoding="utf8")


@pytest.mark.skipif(not has_int8(), reason="this CPU does not compute with 8-bit integers")
def test_int8_is_switched_on_in_all_relation_extractors_and_recorded(
    nlp: Language, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    nlp.to_disk(tmp_path / "model")
    monkeypatch.setattr(common, "RESULTS", tmp_path / "results")
    for options, arithmetic in (([], "float32"), (["--int8"], "int8")):
        arguments = [str(tmp_path / "model"), str(corpus), "--repeats", "1", "--threads", "1", *options]
        monkeypatch.setattr(sys, "argv", ["pipeline_speed.py", *arguments])
        pipeline_speed.main()
        (output,) = (tmp_path / "results").glob("pipeline_speed_int8.json" if options else "pipeline_speed.json")
        record = json.loads(output.read_text(encoding="utf8"))
        assert record["arithmetic"] == {NAME: arithmetic} and record["settings"]["int8"] == bool(options)


@pytest.mark.parametrize("module", [pipeline_speed, inference_speed])
def test_int8_is_refused_where_it_would_change_nothing(
    module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(pipelines, "has_int8", lambda: False)
    monkeypatch.setattr(sys, "argv", ["speed.py", "model", "corpus.spacy", "--int8"])
    with pytest.raises(SystemExit):
        module.main()
    assert "8-bit integers" in capsys.readouterr().err


def test_sentences_are_those_of_the_corpus(make_doc: Callable[..., Doc]):
    docs = [make_doc("One . Two ."), make_doc("Three . Four .", sentences=False), make_doc("")]
    assert pipeline_speed.sentences_of(docs) == ["One .", "Two .", "Three . Four ."]
    abstracts = list(make_abstracts(pipeline_speed.sentences_of(docs), 2))
    assert all("Three . Four ." in text for text in abstracts)


def test_accuracy_from_text_stands_beside_that_of_gold_entities(nlp: Language, corpus: Path):
    result = accuracy.measure(nlp, corpus, end_to_end=True)
    assert (result["corpus"], result["scores"]["found"], result["end_to_end"]["found"]) == ("mine/test", 2, 1)
    assert result["end_to_end"]["lost"]["entity missed"] == 1
    assert "training" not in result
    json.dumps(result)


def test_accuracy_given_gold_entities_alone_tells_how_the_model_was_trained(nlp: Language, corpus: Path):
    result = accuracy.measure(nlp, corpus)
    assert "end_to_end" not in result
    assert result["training"]["models"][NAME]["max_length"] == 64
    json.dumps(result)


def test_entities_are_scored_by_type_whatever_the_pipeline_scores(nlp: Language, corpus: Path):
    result = recognition.measure(nlp, corpus)
    per_type = result["scores"]["ents_per_type"]
    assert (per_type["CHEMICAL"]["p"], per_type["CHEMICAL"]["r"], per_type["GENE"]["f"]) == (1.0, 0.5, 1.0)
    assert result["scores"]["ents_r"] == 0.75
    assert (result["corpus"], result["documents"]) == ("mine/test", 2)
    assert result["gold"] == {"CHEMICAL": 2, "GENE": 2}
    json.dumps(result)


def test_entities_are_found_without_the_work_of_relating_them(
    nlp: Language, corpus: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extractor(nlp), "predict", None)
    assert recognition.measure(nlp, corpus)["scores"]["ents_p"] == 1.0


def test_mentions_inside_others_and_repeated_ones_are_counted_once_each(make_doc: Callable[..., Doc]):
    doc = make_doc("[egfr|GENE] kinase", spans_key="entities")
    doc.spans["entities"] = [Span(doc, 0, end, label="GENE") for end in (1, 1, 2)]
    assert recognition.count_mentions([doc]) == {"GENE": 2}


def test_the_report_reads_what_the_commands_write(
    nlp: Language, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    nlp.to_disk(tmp_path / "model")
    for module, part, *more in ((recognition, "recognition"), (accuracy, "end_to_end", "--end-to-end")):
        output = ["--output", str(tmp_path / part / "mine.json"), "--threads", "1"]
        monkeypatch.setattr(sys, "argv", [f"{part}.py", str(tmp_path / "model"), str(corpus), *more, *output])
        module.main()
    entities = recognition_section(read_records(tmp_path / "recognition"), srsly.read_yaml(PUBLISHED))
    relations = end_to_end_section(read_records(tmp_path / "end_to_end"))
    assert "| pipeline | part | CHEMICAL (2): P / R / F1 |" in entities
    assert "| `model` | test | 100.0 / 50.0 / 66.7 |" in entities
    assert re.search(r"\| mine/test \| `model` \| [^|]* \| 100.0 / 50.0 / 66.7 \|", relations)


def test_a_result_of_one_of_several_models_needs_a_name(capsys: pytest.CaptureFixture[str]):
    parser = make_parser(None, name="recognition", folder="recognition")
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "--output" in capsys.readouterr().err
