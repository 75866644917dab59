"""The variants that a benchmark compares must compute the same numbers; how fast they are is no test."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import Adam, Optimizer, fix_random_seed

from spacy_biore.batchers import make_pair_batcher
from spacy_biore.model.architecture import encode, get_shim
from spacy_biore.model.int8 import Int8Linear, has_int8
from spacy_biore.model.shim import has_bfloat16
from spacy_biore.readers import with_gold_entities
from spacy_biore.relations import relation_record, set_records
from spacy_biore.sampling import note_training_pairs, training_pairs

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import inference_speed, memory, training_speed
from benchmarks.common import ROOT, make_parser, ratio, time_in_turn, write_result
from benchmarks.pipelines import NAME, arithmetic, extractor, load_pipeline
from benchmarks.plain_loop import tensor_batches, train
from benchmarks.random_encoder import save_random_encoder
from benchmarks.text_inputs import call_tokenizer, text_inputs

# Chemicals and genes, with a repeated word so that one text holds the same tag twice when anonymised.
TEXTS = [
    "aspirin inhibits ptgs1 but hardly ptgs2 .",
    "gefitinib blocks egfr .",
    "caffeine and aspirin were given ; caffeine inhibits pde4 in these cells of the rat and of the mouse .",
    "no drug was given .",
]
CHEMICALS = {"aspirin", "gefitinib", "caffeine"}
GENES = {"ptgs1", "ptgs2", "egfr", "pde4"}
SCHEMA = [
    {"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]},
    {"label": "WITH", "head": ["CHEMICAL"], "tail": ["CHEMICAL"], "symmetric": True},
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_encoder(tmp_path_factory.mktemp("encoder"), TEXTS, dropout=0.0)


@pytest.fixture(params=["anonymised", "marked"])
def nlp(encoder: Path, request: pytest.FixtureRequest) -> Language:
    return make_nlp(encoder, request.param)


def make_nlp(encoder: Path, style: str = "anonymised", **settings: object) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {"encoder": str(encoder), "input_style": style, "mixed_precision": False, **settings}
    nlp.add_pipe(NAME, config={"model": model, "relation_types": SCHEMA})
    extractor(nlp).initialize(lambda: [Example(doc, doc) for doc in gold_docs(nlp)], nlp=nlp)
    network = get_shim(extractor(nlp).model).network
    with torch.no_grad():  # logits that differ visibly from pair to pair
        network.classifier.weight.normal_(std=0.2)
    return nlp


def gold_docs(nlp: Language) -> list[Doc]:
    return [gold_doc(nlp, text) for text in TEXTS]


def gold_doc(nlp: Language, text: str) -> Doc:
    words = text.split()
    doc = Doc(nlp.vocab, words=words, sent_starts=[True] + [False] * (len(words) - 1))
    types = {**dict.fromkeys(CHEMICALS, "CHEMICAL"), **dict.fromkeys(GENES, "GENE")}
    doc.ents = [Span(doc, i, i + 1, label=types[word]) for i, word in enumerate(words) if word in types]
    if len(doc.ents) > 1:
        set_records(doc, [relation_record(doc.ents[0], next(e for e in doc.ents if e.label_ == "GENE"), "INHIBITS")])
    return doc


def training_examples(nlp: Language) -> list[Example]:
    examples = []
    for reference in gold_docs(nlp):
        predicted = with_gold_entities(nlp, reference)
        found = extractor(nlp).get_candidates([predicted])[0]
        note_training_pairs(predicted, training_pairs(predicted, found, np.ones(len(found))))
        examples.append(Example(predicted, reference))
    return examples


def make_optimizer() -> Optimizer:
    return Adam(0.001, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=False)


def test_loop_over_texts_gives_the_logits_of_the_component(nlp: Language) -> None:
    model = extractor(nlp).model
    docs = [with_gold_entities(nlp, doc) for doc in gold_docs(nlp)]
    candidates = extractor(nlp).get_candidates(docs)
    texts = list(text_inputs(model, docs, candidates))
    looped = inference_speed.classify_texts(get_shim(model).network, call_tokenizer(model), texts, max_length=128)
    expected = model.predict((docs, candidates)).logits
    assert len(expected) == sum(len(found) for found in candidates) > 5
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(looped, expected, atol=1e-4)


@pytest.mark.parametrize("style", ["anonymised", "marked", "shared"])
def test_bare_encoder_runs_on_the_batches_of_the_component(encoder: Path, style: str) -> None:
    nlp = make_nlp(encoder, style)
    network = get_shim(extractor(nlp).model).network
    docs = [with_gold_entities(nlp, doc) for doc in gold_docs(nlp)]
    states: list[torch.Tensor] = []
    handle = network.encoder.register_forward_hook(lambda _, args, output: states.append(output[0][:, 0]))
    batches = inference_speed.record_inputs(network, lambda: list(nlp.pipe(docs)))
    handle.remove()
    again = inference_speed.encode_batches(network, batches, bfloat16=False)
    assert states
    for state, other in zip(states, again, strict=True):
        torch.testing.assert_close(state, other)
    n_pairs = sum(len(found) for found in extractor(nlp).get_candidates(docs))
    described = inference_speed.describe_batches(batches)
    assert described["distinct"] == n_pairs
    assert described["pieces_per_pair"] * n_pairs == pytest.approx(n_pieces(nlp, docs), abs=0.1 * n_pairs)


def n_pieces(nlp: Language, docs: list[Doc]) -> int:
    """Count the word pieces that the encoder needs for all pairs."""
    model = extractor(nlp).model
    pairs = [pair for _, pair in encode(model, (docs, extractor(nlp).get_candidates(docs)))]
    if model.attrs["input_style"] != "shared":
        return sum(len(pair.ids) for pair in pairs)
    texts = {pair.ids[:-3].tobytes(): len(pair.ids) - 2 for pair in pairs}
    return sum(texts.values()) + 3 * len(pairs)


def test_prediction_meets_few_shapes_as_torch_keeps_memory_for_each(encoder: Path) -> None:
    nlp = make_nlp(encoder)
    docs = [with_gold_entities(nlp, gold_doc(nlp, f"{TEXTS[2]} {number}")) for number in range(13)]  # 36 distinct pairs
    network = get_shim(extractor(nlp).model).network
    rows = [len(ids) for ids, *_ in inference_speed.record_inputs(network, lambda: list(nlp.pipe(docs)))]
    assert len(rows) > 1
    assert all(count & (count - 1) == 0 for count in rows)


def test_plain_loop_and_update_have_equal_losses_and_weights(encoder: Path) -> None:
    # A budget of one pair in a forward pass: a batch is learned from in parts, with one step at its end.
    nlp = make_nlp(encoder, batch_tokens=32, max_length=32, dropout=0.0)
    examples = training_examples(nlp)
    batches = [examples[:2], examples[2:]]
    tensors = tensor_batches(nlp, batches)
    shim = get_shim(extractor(nlp).model)
    start = extractor(nlp).model.to_bytes()
    torch.manual_seed(1)
    updated = training_speed.update(nlp, batches, make_optimizer())
    weights = {name: value.clone() for name, value in shim.network.state_dict().items()}
    extractor(nlp).model.from_bytes(start)
    torch.manual_seed(1)
    plain = train(shim.network, tensors, make_optimizer(), bfloat16=False, kind="foreach")
    assert len(tensors[0]) > 1
    assert updated == pytest.approx(plain, rel=1e-4)
    for name, value in shim.network.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=1e-3, atol=1e-4)


def test_inference_result_counts_pairs_and_agrees(nlp: Language) -> None:
    result = inference_speed.compare(nlp, gold_docs(nlp), rounds=2)
    assert result["pairs"]["docs"] == len(TEXTS)
    assert result["pairs"]["scored"] == result["pairs"]["all"] > 5
    assert set(result["pairs_per_second"]) == {"component", "encoder", "loop"}
    assert result["agreement"]["same_class"] == 1.0


@pytest.mark.skipif(not has_int8(), reason="this CPU does not compute with 8-bit integers")
@pytest.mark.filterwarnings(r"ignore:\[BRW01\]")
@pytest.mark.parametrize("trained", [True, False])
def test_int8_changes_the_network_that_predicts(encoder: Path, tmp_path: Path, trained: bool) -> None:
    source, corpus = encoder, tmp_path / "corpus.spacy"
    if trained:
        source = tmp_path / "model"
        make_nlp(encoder, mixed_precision=True).to_disk(source)
    docs = [gold_doc(spacy.blank("en"), text) for text in TEXTS[3:]]
    DocBin(docs=docs).to_disk(corpus)
    nlp = load_pipeline(str(source), ROOT / "configs" / "chemprot.cfg", corpus, int8=True)
    result = inference_speed.compare(nlp, gold_docs(nlp), rounds=1)
    assert result["arithmetic"] == "int8"
    fast = get_shim(extractor(nlp).model).inference_network
    assert any(isinstance(module, Int8Linear) for module in fast.modules())
    rest = torch.bfloat16 if has_bfloat16("cpu") else torch.float32
    assert {parameter.dtype for parameter in fast.encoder.parameters()} == {rest}
    assert {parameter.dtype for parameter in fast.classifier.parameters()} == {torch.float32}
    without = load_pipeline(str(source), ROOT / "configs" / "chemprot.cfg", corpus)
    assert arithmetic(extractor(without)) in ("bfloat16", "float32")


def test_training_result_starts_each_round_from_the_same_weights(encoder: Path) -> None:
    nlp = make_nlp(encoder)
    result = training_speed.compare(
        nlp, training_examples(nlp), make_pair_batcher(size=2), make_optimizer, n_batches=10, rounds=2
    )
    assert result["pairs"] == {"batches": 5, "all": 9}
    assert result["agreement"]["largest_loss_difference"] < 1e-3


def test_memory_is_taken_at_every_step(encoder: Path) -> None:
    sentences, patterns = memory.load_material()
    nlp = memory.make_pipeline(str(encoder), patterns)
    result = memory.measure(nlp, memory.make_abstracts(sentences, 6), every=2)
    assert len(result["resident_mb"]) == len(result["strings"]) == 3
    assert result["mentions"] > 0
    assert result["growth_mb"] == pytest.approx(result["resident_mb"][-1] - result["resident_mb"][0], abs=0.11)


def test_abstracts_differ_but_for_the_same_seed() -> None:
    sentences, _ = memory.load_material()
    texts = list(memory.make_abstracts(sentences, 50, seed=3))
    assert len(set(texts)) == 50
    assert texts == list(memory.make_abstracts(sentences, 50, seed=3))


def test_variants_take_turns_at_being_first() -> None:
    calls: list[str] = []

    def variant(name: str) -> Callable[[], Callable[[], object]]:
        return lambda: lambda: calls.append(name)

    seconds = time_in_turn({"a": variant("a"), "b": variant("b")}, rounds=3)
    assert "".join(calls) == "abbaab"
    assert [len(values) for values in seconds.values()] == [3, 3]


def test_ratio_is_of_rates_within_a_round() -> None:
    assert ratio({"fast": [1.0, 2.0], "slow": [3.0, 8.0]}, "fast", "slow")["rounds"] == [3.0, 4.0]


def test_result_file_names_no_folder_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, output = tmp_path / "some.spacy", tmp_path / "made" / "result.json"
    parser = make_parser(None, name="memory")
    parser.add_argument("corpus", type=Path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "memory.py"), str(corpus), "--output", str(output)])
    write_result(output, parser.parse_args(), {"growth_mb": 1})
    text = output.read_text(encoding="utf8")
    assert str(tmp_path) not in text
    record = json.loads(text)
    assert record["command"] == "python -m benchmarks.memory some.spacy --output result.json"
    assert record["settings"]["corpus"] == "some.spacy"
    assert record["growth_mb"] == 1
    assert {"date", "commit", "machine", "versions"} <= set(record)
