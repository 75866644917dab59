"""The configs of the recognisers: spacy train, spacy package and spacy benchmark accuracy with them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.evaluate import evaluate
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import load_config, registry

from spacy_biore.readers import read_docs
from spacy_biore.relations import get_doc_id

pytest.importorskip("scispacy")
pytest.importorskip("spacy_transformers")

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = {
    "training.max_steps": 6,
    "training.eval_frequency": 3,
    "training.patience": 0,
    **{f"components.{name}_ner.model.hidden_width": 16 for name in ("chemical", "disease", "gene")},
}
TEXT = "The flaxol dose led to grimpox with more nolf3 in mice; 1,25(OH)2D3 and [3H]thymidine-like effects."


@pytest.fixture(scope="module")
def corpus(
    schemes: dict[str, list[Doc]], make_doc: Callable[..., Doc], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the files that the configs name; one training document is in a test part, too."""
    folder = tmp_path_factory.mktemp("corpus")
    own = [make_doc(f"[{word}|CHEMICAL] blocks [{word}ase|GENE] in mice.") for word in ("zorbin", "querine", "tolan")]
    kinds = {"chemprot": own * 3, "bc5cdr": schemes["cdr"], "ncbi_disease": schemes["cdr"]}
    for name, docs in {**kinds, "gnormplus": schemes["genes"], "nlmgene": schemes["genes"]}.items():
        (folder / name).mkdir()
        for part in ("train", "dev", "test"):
            copies = [doc.copy() for doc in docs[:8]]
            for number, doc in enumerate(copies):
                doc.user_data["biore_doc_id"] = f"{name}_{part}_{number}"
            if name in ("gnormplus", "nlmgene") and part == "train":  # an article that ChemProt has as well
                copies[0].user_data["biore_doc_id"] = "chemprot_test_0"
            DocBin(docs=copies, store_user_data=True).to_disk(folder / name / f"{part}.spacy")
    return folder


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that trains a config for some steps and returns the folder of the pipeline."""

    def train_config(name: str, **overrides: Any) -> Path:
        output = tmp_path_factory.mktemp(name)
        paths = {"paths.corpora": str(corpus), "paths.held_out": str(corpus / "bc5cdr")}
        with pytest.warns(
            UserWarning, match=r"BRW23\] 1 of 8 documents .*(gnormplus|nlmgene)/train.* They are chemprot_test_0"
        ):
            train(CONFIGS / f"{name}.cfg", output, overrides={**paths, **SMALL, **overrides})
        return output / "model-last"

    return train_config


@pytest.fixture(scope="module")
def tok2vec_path(run: Callable[..., Path]) -> Path:
    size = {"components.tok2vec.model.encode.width": 32, "components.tok2vec.model.encode.depth": 1}
    return run("ner_tok2vec", **size, **{"components.tok2vec.model.embed.rows": [500, 500, 500, 500]})


def test_trained_pipeline_has_scispacys_tokenizer_and_needs_no_scispacy(tok2vec_path: Path):
    code = f"""
import sys
sys.modules["scispacy"] = None
import spacy
nlp = spacy.load({str(tok2vec_path)!r})
print(*nlp({TEXT!r})[12:])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1 , 25 ( OH ) 2D3 and [ 3H ] thymidine - like effects ."


def test_scores_of_training_are_those_of_annotated_types(tok2vec_path: Path):
    performance = spacy.load(tok2vec_path).meta["performance"]
    assert performance["ents_per_type"].keys() == {"CHEMICAL", "DISEASE", "GENE"}
    assert min(performance[f"{name}_ner_loss"] for name in ("chemical", "disease", "gene")) > 0


def test_stock_evaluation_counts_the_types_of_the_file(tok2vec_path: Path, corpus: Path, capsys: Any):
    scores = evaluate(str(tok2vec_path), corpus / "gnormplus" / "test.spacy", silent=False)
    assert scores["ents_per_type"].keys() == {"GENE"}
    assert scores["ents_f"] == scores["ents_per_type"]["GENE"]["f"]
    printed = capsys.readouterr().out
    assert "NER F" in printed and "GENE" in printed and "CHEMICAL" not in printed


@pytest.fixture(scope="module")
def transformer_path(run: Callable[..., Path], tiny_encoder: str) -> Path:
    return run("ner_transformer", **{"paths.encoder": tiny_encoder, "training.optimizer.learn_rate.initial_rate": 0.01})


def test_transformer_is_shared_and_saved(transformer_path: Path):
    nlp = spacy.load(transformer_path)
    assert nlp.pipe_names == ["transformer", "chemical_ner", "disease_ner", "gene_ner", "doc_cleaner"]
    assert len(nlp.get_pipe("transformer").listeners) == 3  # type: ignore[attr-defined]
    assert nlp(TEXT)._.trf_data is None
    losses = nlp.meta["performance"]
    assert all(losses[f"{name}_loss"] > 0 for name in ("transformer", "chemical_ner", "disease_ner", "gene_ner"))
    again = [[(e.text, e.label_) for e in doc.ents] for doc in spacy.load(transformer_path).pipe([TEXT, "", TEXT])]
    assert again[0] == again[2] == [(e.text, e.label_) for e in nlp(TEXT).ents] and again[1] == []


def test_a_trained_recogniser_is_tuned_to_one_corpus(transformer_path: Path, corpus: Path, tmp_path: Path):
    settings = {
        "paths.ner": str(transformer_path),
        "paths.corpus": str(corpus / "gnormplus"),
        "paths.held_out": str(corpus / "chemprot"),
        "training.max_steps": 2,
        "training.optimizer.learn_rate.warmup_steps": 1,
    }
    before, after = spacy.load(transformer_path), {}
    for rate in (0.0, 0.1):
        overrides = {**settings, "training.optimizer.learn_rate.initial_rate": rate}
        with pytest.warns(UserWarning, match=r"BRW23\] 1 of 8"):
            train(CONFIGS / "ner_tuned_transformer.cfg", tmp_path / str(rate), overrides=overrides)
        after[rate] = spacy.load(tmp_path / str(rate) / "model-last")
        assert after[rate].pipe_names == ["transformer", "gene_ner", "doc_cleaner"]
        assert after[rate].meta["performance"]["ents_per_type"].keys() == {"GENE"}
        assert [t.text for t in after[rate].tokenizer(TEXT)] == [t.text for t in before.tokenizer(TEXT)]
    for read in (_state_of_transformer, _weights_of_gene_ner):
        values = [read(nlp) for nlp in (before, after[0.0], after[0.1])]
        assert (values[0] == values[1]).all() and (values[0] != values[2]).any()


def _state_of_transformer(nlp: Language) -> Any:
    doc = nlp.make_doc(TEXT)
    return nlp.get_pipe("transformer").predict([doc]).model_output.last_hidden_state  # type: ignore[attr-defined]


def _weights_of_gene_ner(nlp: Language) -> Any:
    return nlp.get_pipe("gene_ner").model.get_ref("lower").get_param("W")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "corpora"), [("ner_tok2vec", "*"), ("ner_transformer", "*"), ("ner_tuned_transformer", "gnormplus")]
)
def test_development_parts_can_be_learned_from_but_no_test_part(name: str, corpora: str, corpus: Path):
    given = "paths.corpora" if corpora == "*" else "paths.corpus"
    paths = {given: str(corpus / corpora).removesuffix("*").rstrip("/"), "paths.held_out": str(corpus / "chemprot")}
    config = load_config(CONFIGS / f"{name}.cfg", overrides=paths, interpolate=True)
    assert config["training"]["patience"] == 0  # with few scores it would end the training after the first
    readers = registry.resolve(config["corpora"])
    for reader, parts in (("train", ["train"]), ("train_and_dev", ["train", "dev"])):
        with pytest.warns(UserWarning, match=r"BRW23\] 1 of 8"):
            read = {get_doc_id(example.reference) for example in readers[reader](spacy.blank("en"))}
        files = [file for part in parts for file in corpus.glob(f"{corpora}/{part}.spacy")]
        ids = {doc.user_data["biore_doc_id"] for file in files for doc in read_docs(file, spacy.blank("en"))}
        assert files and read == ids - {"chemprot_test_0"}


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
def test_mentions_of_one_corpus(encoder: str, corpus: Path, tiny_encoder: str, tmp_path: Path):
    sizes = {
        "tok2vec": {
            "components.tok2vec.model.encode.width": 32,
            "components.tok2vec.model.embed.rows": [500, 500, 500, 500],
        },
        "transformer": {"paths.encoder": tiny_encoder},
    }
    paths = {f"paths.{part}": str(corpus / "bc5cdr" / f"{part}.spacy") for part in ("train", "dev")}
    steps = {"training.max_steps": 2, "training.eval_frequency": 2}
    train(CONFIGS / f"ner_single_{encoder}.cfg", tmp_path, overrides={**sizes[encoder], **paths, **steps})
    nlp = spacy.load(tmp_path / "model-last")
    assert nlp.pipe_names[:2] == [encoder, "ner"]
    assert nlp.get_pipe("ner").labels == ("CHEMICAL", "DISEASE")  # type: ignore[attr-defined]
    assert nlp.meta["performance"]["ents_per_type"].keys() == {"CHEMICAL", "DISEASE"}
    assert nlp.meta["performance"][f"{encoder}_loss"] > 0
