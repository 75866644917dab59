"""A trained pipeline saved and loaded: the same predictions, with nothing but its own files."""

import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc
from transformers import AutoModel

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.relations import get_records

TEXTS = [
    "[aspirin|CHEMICAL] inhibits [cox|GENE] and [ab|GENE].",
    "[lead|CHEMICAL] of [x|GENE]. [y|GENE] and [z|GENE] activates [gold|CHEMICAL].",
    "Nothing.",
]


@pytest.fixture(scope="module")
def docs(make_doc) -> list[Doc]:
    return [make_doc(text) for text in TEXTS]


@pytest.fixture(scope="module")
def nlp(make_nlp, make_example) -> Language:
    nlp = make_nlp(threshold=0.01)
    torch.manual_seed(0)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS"), (1, 2, "BINDS")])])
    return nlp


def predict(nlp: Language, docs: list[Doc], **kwargs) -> list:
    """Return the records of each Doc, with scores rounded beyond float noise."""
    found = [get_records(doc) for doc in nlp.pipe([doc.copy() for doc in docs], **kwargs)]
    assert sum(len(records) for records in found) >= 5
    return [[{**record, "score": round(record["score"], 5)} for record in records] for records in found]


def test_disk_without_the_encoder(make_nlp, make_example, tiny_encoder, docs, tmp_path):
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    nlp = make_nlp(model={"encoder": str(encoder)}, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    nlp.to_disk(tmp_path / "pipeline")
    shutil.rmtree(encoder)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    again = spacy.load(tmp_path / "pipeline")
    assert predict(again, docs) == predict(nlp, docs)
    assert again.get_pipe("relation_extractor").labels == ("INHIBITS", "BINDS")


def test_bytes(nlp, make_nlp, docs):
    again = make_nlp(model={"encoder": "gone"}, labels=[]).from_bytes(nlp.to_bytes())
    one, other = again.get_pipe("relation_extractor"), nlp.get_pipe("relation_extractor")
    np.testing.assert_array_equal(one.predict(docs).scores, other.predict(docs).scores)
    assert (one.cfg, one.label_data) == (other.cfg, other.label_data)
    assert predict(again, docs) == predict(nlp, docs)


def test_special_tokens_are_saved(nlp, make_nlp):
    again = make_nlp(model={"encoder": "gone"}).from_bytes(nlp.to_bytes())
    networks = [n.get_pipe("relation_extractor").model.shims[0] for n in (nlp, again)]
    for token in ("@CHEMICAL$", "@GENE$", "@CHEMICAL-GENE$"):
        ids = [shim.tokenizer.special_id(token) for shim in networks]
        rows = [s.network.encoder.get_input_embeddings().weight[i] for s, i in zip(networks, ids, strict=True)]
        assert ids[0] == ids[1] and torch.equal(*rows)


@pytest.mark.parametrize("summary", ["none", "mean", "attention", "lstm", "bilstm"])
def test_every_summary_is_saved(make_nlp, make_example, docs, summary: str):
    settings = {"summary": summary, "cls": "tanh", "entities": "max"}
    nlp = make_nlp(model=settings, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    again = make_nlp(model={**settings, "encoder": "gone"}, threshold=0.5).from_bytes(nlp.to_bytes())
    assert predict(again, docs) == predict(nlp, docs)


def test_shared_texts_are_saved_pickled_and_sent_to_processes(make_nlp, make_example, docs):
    nlp = make_nlp(model={"input_style": "shared"}, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    expected = predict(nlp, docs)
    again = make_nlp(model={"input_style": "shared", "encoder": "gone"}).from_bytes(nlp.to_bytes())
    assert predict(again, docs) == predict(nlp, docs, n_process=2) == expected
    assert predict(pickle.loads(pickle.dumps(nlp)), docs) == expected


@pytest.mark.parametrize(("trained", "asked"), list(permutations(["anonymised", "marked", "shared"], 2)))
def test_loaded_model_keeps_its_input_style(make_nlp, make_example, docs, tmp_path, trained: str, asked: str):
    nlp = make_nlp(model={"input_style": trained}, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    nlp.to_disk(tmp_path)
    other = spacy.load(tmp_path, config={"components.relation_extractor.model.input_style": asked})
    assert predict(other, docs) == predict(nlp, docs)


def test_tanh_starts_from_the_pooler_of_the_encoder(make_nlp, make_example, tiny_encoder):
    nlp = make_nlp(model={"cls": "tanh"})
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    dense = nlp.get_pipe("relation_extractor").model.shims[0].network.pooling.cls.dense
    assert torch.equal(dense.weight, AutoModel.from_pretrained(tiny_encoder).pooler.dense.weight)


def test_encoder_published_in_half_precision(make_nlp, make_example, tiny_encoder, docs, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path, dirs_exist_ok=True)
    AutoModel.from_pretrained(tmp_path).half().save_pretrained(tmp_path)
    assert srsly.read_json(tmp_path / "config.json")["torch_dtype"] == "float16"
    nlp = make_nlp(model={"encoder": str(tmp_path)}, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    again = make_nlp(model={"encoder": "gone"}).from_bytes(nlp.to_bytes())
    network = again.get_pipe("relation_extractor").model.shims[0].network
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert predict(again, docs) == predict(nlp, docs)


def test_uninitialized_pipeline_is_saved_too(make_nlp):
    nlp = make_nlp()
    again = make_nlp(labels=[]).from_bytes(nlp.to_bytes())
    assert again.get_pipe("relation_extractor").labels == ("INHIBITS", "BINDS")


def test_model_copy_predicts_the_same(nlp, make_nlp, docs, make_doc):
    extractor, other = nlp.get_pipe("relation_extractor"), make_nlp().get_pipe("relation_extractor")
    other.model = extractor.model.copy()
    tricky = [*docs, make_doc("@GENE$ [CLS] [a|CHEMICAL] [SEP] [b|GENE]")]
    np.testing.assert_array_equal(other.predict(tricky).scores, extractor.predict(tricky).scores)


def test_component_can_be_pickled_for_spawned_processes(nlp, docs):
    extractor = nlp.get_pipe("relation_extractor")
    again = pickle.loads(pickle.dumps(extractor))
    np.testing.assert_array_equal(again.predict(docs).scores, extractor.predict(docs).scores)
    generate = pickle.loads(pickle.dumps(make_candidate_generator("window", 2, max_pairs=3)))
    assert len(generate(docs[1], extractor.schema)) == 3


def test_several_processes_after_torch_was_used(nlp, docs, deadline):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.randn(600, 600) @ torch.randn(600, 600)
        expected = predict(nlp, docs * 4)
        with deadline(120):
            assert predict(nlp, docs * 4, n_process=2, batch_size=3) == expected
    finally:
        torch.set_num_threads(threads)


def predicts_on_threads(pickled: bytes) -> int:
    """Predict in a process of a pool; return how many threads torch has then."""
    nlp, doc = pickle.loads(pickled)
    nlp.get_pipe("relation_extractor").predict([doc])
    return torch.get_num_threads()


def test_a_forked_process_that_unpickles_a_pipeline_waits_for_no_threads(nlp, docs, deadline):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        predict(nlp, docs)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            result = pool.apply_async(predicts_on_threads, (pickle.dumps((nlp, docs[0])),))
            assert result.get(timeout=120) == 1
    finally:
        torch.set_num_threads(before)


def test_a_program_that_unpickles_a_pipeline_keeps_its_threads(nlp, docs, tmp_path):
    (tmp_path / "pickled").write_bytes(pickle.dumps((nlp, docs[0])))
    code = """
import pickle, sys, torch
from pathlib import Path
torch.set_num_threads(3)
nlp, doc = pickle.loads(Path(sys.argv[1]).read_bytes())
nlp.get_pipe("relation_extractor").predict([doc])
print(torch.get_num_threads())
"""
    command = [sys.executable, "-c", code, str(tmp_path / "pickled")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "3", done.stderr


@pytest.mark.parametrize(
    ("trained", "asked"),
    [
        ({"entities": "start"}, {"entities": "max"}),
        ({"cls": "raw", "summary": "none"}, {"cls": "none", "summary": "mean"}),
    ],
    ids=["entities", "text"],
)
def test_loaded_model_keeps_its_pooling(make_nlp, make_example, docs, tmp_path, trained, asked):
    nlp = make_nlp(model=trained, threshold=0.01)
    nlp.initialize(lambda: [make_example(TEXTS[0], [(0, 1, "INHIBITS")])])
    nlp.to_disk(tmp_path)
    settings = {f"components.relation_extractor.model.{name}": value for name, value in asked.items()}
    assert predict(spacy.load(tmp_path, config=settings), docs) == predict(nlp, docs)
