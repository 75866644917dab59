"""Training on the entities that a recogniser predicts."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import Config, fix_random_seed

from spacy_biore.errors import BioreError
from spacy_biore.relations import get_records

CONFIG = Path(__file__).parents[1] / "configs" / "chemprot_predicted.cfg"
LABEL = "CPR:4"
RULES = [
    {"label": label, "pattern": [{"TEXT": {"REGEX": f"^{word}"}}]}
    for word, label in (("drug", "CHEMICAL"), ("gene", "GENE"))
]


@pytest.fixture(scope="module")
def corpus(make_doc: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of one pair each, half of which are related."""
    path = tmp_path_factory.mktemp("corpus") / "all.spacy"
    docs = DocBin(store_user_data=True)
    for i in range(12):
        verb = "inhibits" if i % 2 else "of the"
        docs.add(make_doc(f"[drug{i}|CHEMICAL] {verb} [gene{i}|GENE].", [(0, 1, LABEL)] if i % 2 else []))
    docs.to_disk(path)
    return path


@pytest.fixture
def config(training_config: Config, corpus: Path) -> Config:
    """A config with a recogniser that finds all entities, and that runs while training."""
    training_config["nlp"]["pipeline"] = ["sentencizer", "entity_ruler", "relation_extractor"]
    training_config["components"]["sentencizer"] = {"factory": "sentencizer"}
    training_config["components"]["entity_ruler"] = {"factory": "entity_ruler"}
    training_config["components"]["relation_extractor"]["relation_types"] = [
        {"label": LABEL, "head": ["CHEMICAL"], "tail": ["GENE"]}
    ]
    training_config["initialize"] = {"components": {"entity_ruler": {"patterns": RULES}}}
    training_config["training"]["annotating_components"] = ["sentencizer", "entity_ruler"]
    for name in ("train", "dev"):
        training_config["corpora"][name].update(path=str(corpus), entities="predicted")
    return training_config


@pytest.fixture(scope="module")
def recogniser(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small trained pipeline of tok2vec and ner, with a tokenizer that splits at hyphens."""
    size = {"width": 32, "depth": 1, "embed_size": 300, "window_size": 1, "maxout_pieces": 2}
    embed = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "subword_features": True, **size}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}
    nlp = spacy.blank("en")
    nlp.tokenizer.infix_finditer = spacy.util.compile_infix_regex(["-"]).finditer  # type: ignore[attr-defined]
    nlp.add_pipe("tok2vec", config={"model": embed})
    nlp.add_pipe("ner", config={"model": {"hidden_width": 16, "tok2vec": listener}})
    examples = [
        Example(nlp.make_doc(doc.text), doc) for doc in DocBin().from_disk(corpus).get_docs(spacy.blank("en").vocab)
    ]
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    assert [ent.label_ for ent in nlp("drug3 inhibits gene3.").ents] == ["CHEMICAL", "GENE"]
    path = tmp_path_factory.mktemp("recogniser") / "model"
    nlp.to_disk(path)
    return path


def run(config: Config, folder: Path) -> Language:
    config.to_disk(folder / "config.cfg")
    train(folder / "config.cfg", folder / "out")
    return spacy.load(folder / "out" / "model-last")


def test_relations_of_predicted_entities_are_learned(config: Config, tmp_path: Path):
    learn_rate = {"@schedules": "warmup_linear.v1", "warmup_steps": 5, "total_steps": 100, "initial_rate": 0.005}
    config["training"]["optimizer"]["learn_rate"] = learn_rate
    config["training"].update(seed=3, max_steps=40, eval_frequency=20)
    nlp = run(config, tmp_path)
    assert nlp.meta["performance"]["rel_micro_f"] == 1.0
    assert [record["label"] for record in get_records(nlp("drug3 inhibits gene9."))] == [LABEL]


def test_the_config_learns_behind_a_sourced_recogniser(
    corpus: Path, recogniser: Path, tiny_encoder: str, tmp_path: Path
):
    paths = {"train": corpus, "dev": corpus, "encoder": tiny_encoder, "ner": recogniser}
    overrides = {f"paths.{name}": str(path) for name, path in paths.items()}
    train(CONFIG, tmp_path, overrides={**overrides, "training.max_steps": 6, "training.eval_frequency": 3})
    nlp, source = spacy.load(tmp_path / "model-last"), spacy.load(recogniser)
    assert nlp.meta["performance"]["relation_extractor_loss"] > 0
    assert [token.text for token in nlp("drug3-induced")] == ["drug3", "-", "induced"]
    text = "drug3 inhibits gene3."
    assert [(e.text, e.label_) for e in nlp(text).ents] == [(e.text, e.label_) for e in source(text).ents]


def test_nothing_that_annotates(config: Config, tmp_path: Path):
    config["training"]["annotating_components"] = ["sentencizer"]
    with pytest.raises(BioreError, match=r"BR036.*'relation_extractor'.*\['sentencizer'\].*List the recogniser"):
        run(config, tmp_path)


def test_a_recogniser_that_comes_too_late(config: Config, tmp_path: Path):
    config["nlp"]["pipeline"] = ["sentencizer", "relation_extractor", "entity_ruler"]
    with pytest.raises(BioreError, match="BR036"):
        run(config, tmp_path)


def test_development_part_alone_with_predicted_entities(config: Config, tmp_path: Path):
    config["training"]["annotating_components"] = []
    config["corpora"]["train"]["entities"] = "gold"
    assert run(config, tmp_path).meta["performance"]["rel_micro_r"] is not None


def test_a_recogniser_without_what_it_reads(corpus: Path, recogniser: Path, tiny_encoder: str, tmp_path: Path):
    paths = {"train": corpus, "dev": corpus, "encoder": tiny_encoder, "ner": recogniser}
    overrides: dict[str, Any] = {f"paths.{name}": str(path) for name, path in paths.items()}
    with pytest.raises(BioreError, match="BR037.*'ner'.*'tok2vec'"):
        train(CONFIG, tmp_path, overrides={**overrides, "training.annotating_components": ["ner", "sentencizer"]})


def test_components_that_declare_nothing_are_trusted(corpus: Path, config: Config, tmp_path: Path):
    @Language.component("own_recogniser")
    def recognise(doc: Doc) -> Doc:
        doc.ents = [Span(doc, 0, 1, label="CHEMICAL")]
        return doc

    config["components"]["own_recogniser"] = {"factory": "own_recogniser"}
    config["nlp"]["pipeline"] = ["sentencizer", "own_recogniser", "relation_extractor"]
    config["training"]["annotating_components"] = ["sentencizer", "own_recogniser"]
    del config["components"]["entity_ruler"], config["initialize"]
    nlp = run(config, tmp_path)
    assert [ent.text for ent in nlp("drug3 inhibits gene9.").ents] == ["drug3"]
