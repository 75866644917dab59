"""``spacy train`` from a config to a saved pipeline, in this process."""

from pathlib import Path

import pytest
import spacy
import torch
from spacy.cli.train import train
from spacy.tokens import DocBin
from thinc.api import Config


@pytest.fixture
def config(training_config: Config) -> Config:
    """A config with enough steps to learn, and without relation types: they are found in the corpus."""
    training_config["nlp"]["pipeline"] = ["sentencizer", "relation_extractor"]
    training_config["components"]["sentencizer"] = {"factory": "sentencizer"}
    del training_config["components"]["relation_extractor"]["relation_types"]
    training_config["components"]["relation_extractor"]["model"].update(dropout=0.1, mixed_precision=True)
    training_config["corpora"]["train"]["negatives"] = 0.9
    training_config["training"].update(seed=3, max_steps=40, eval_frequency=20, dropout=0.1)
    learn_rate = {"@schedules": "warmup_linear.v1", "warmup_steps": 5, "total_steps": 100, "initial_rate": 0.005}
    training_config["training"]["optimizer"]["learn_rate"] = learn_rate
    return training_config


@pytest.fixture(scope="module")
def corpus(make_doc, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "all.spacy"
    docs = DocBin(store_user_data=True)
    for i in range(12):
        verb = "inhibits" if i % 2 else "of the"
        docs.add(make_doc(f"[drug{i}|CHEMICAL] {verb} [gene{i}|GENE].", [(0, 1, "INHIBITS")] if i % 2 else []))
    docs.to_disk(path)
    return path


def run(config: Config, corpus: Path, output: Path, **overrides) -> Path:
    config_path = output.with_suffix(".cfg")
    config.to_disk(config_path)
    paths = {"corpora.train.path": str(corpus), "corpora.dev.path": str(corpus)}
    train(config_path, output, overrides={**paths, **overrides})
    return output / "model-last"


def test_train_loop(config, corpus, tmp_path, make_doc):
    paths = [run(config, corpus, tmp_path / name) for name in ("one", "two")]
    pipelines = [spacy.load(path) for path in paths]
    assert pipelines[0].meta["performance"]["rel_micro_f"] == 1.0
    (relation,) = pipelines[0](make_doc("[drug1|CHEMICAL] inhibits [gene1|GENE]."))._.relations
    assert relation.label == "INHIBITS"
    # The same seed gives the same weights.
    one, other = (nlp.get_pipe("relation_extractor").model.shims[0].network.state_dict() for nlp in pipelines)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.filterwarnings("ignore:.*BRW01")
def test_corpus_without_candidates_ends(config, tmp_path, make_doc):
    path = tmp_path / "empty.spacy"
    DocBin(docs=[make_doc("[a|PLANT] alone.")], store_user_data=True).to_disk(path)
    types = [{"label": "INHIBITS", "head": "CHEMICAL", "tail": "GENE"}]
    with pytest.raises(ValueError, match="BR033"):
        run(config, path, tmp_path / "out", **{"components.relation_extractor.relation_types": types})
