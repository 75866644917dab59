"""Learning: it overfits, in one piece or in chunks, the same every time."""

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_biore.model.architecture import chunk_pairs
from spacy_biore.relations import get_records

VERBS = ["inhibits", "activates", "of", "and", "the", "protein", "binds", "spares", "sees", "x"]


def make_sgd(**settings) -> Adam:
    return Adam(**{"learn_rate": 0.005, "use_averages": False, **settings})


@pytest.fixture(scope="module")
def examples(make_example) -> list[Example]:
    """Ten sentences; the verb decides on the relation, and half of them have none."""
    return [
        make_example(f"[drug{i}|CHEMICAL] {verb} [gene{i}|GENE].", [(0, 1, "INHIBITS")] if i % 2 else [])
        for i, verb in enumerate(VERBS)
    ]


def weights(nlp: Language) -> dict[str, torch.Tensor]:
    network = nlp.get_pipe("relation_extractor").model.shims[0].network
    return {name: value.clone() for name, value in network.state_dict().items()}


def gradients(nlp: Language) -> dict[str, torch.Tensor]:
    network = nlp.get_pipe("relation_extractor").model.shims[0].network
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("style", ["anonymised", "marked", "shared"])
def test_overfits(make_ready, examples, exclusive: bool, style: str):
    nlp, sgd = make_ready(exclusive=exclusive, model={"input_style": style}), make_sgd()
    losses = [nlp.update(examples, sgd=sgd, losses={})["relation_extractor"] for _ in range(30)]
    assert losses[-1] < 0.1 < losses[0]
    assert nlp.evaluate(examples)["rel_micro_f"] == 1.0


@pytest.mark.filterwarnings("ignore:.*BRW26")
def test_two_labels_on_a_pair(make_nlp, make_example):
    labels = [{"label": label, "head": "CHEMICAL", "tail": "GENE"} for label in "ABC"]
    gold = {"inhibits": "AB", "activates": "B", "of": "", "the": "ABC"}
    examples = [
        make_example(f"[d|CHEMICAL] {verb} [g|GENE].", [(0, 1, label) for label in found])
        for verb, found in gold.items()
    ]
    for exclusive in (False, True):
        nlp, sgd = make_nlp(labels=labels, exclusive=exclusive), make_sgd()
        nlp.initialize(lambda: examples)
        for _ in range(40):
            nlp.update(examples, sgd=sgd)
        docs = list(nlp.pipe(eg.predicted.copy() for eg in examples))
        found = ["".join(record["label"] for record in get_records(doc)) for doc in docs]
        if exclusive:
            assert [len(labels) for labels in found] == [1, 1, 0, 1]
            assert nlp.get_pipe("relation_extractor").predict([docs[0]]).scores[0, :2] == pytest.approx(0.5, abs=0.1)
        else:
            assert found == list(gold.values())


@pytest.mark.parametrize("exclusive", [True, False])
def test_chunked_update_has_the_gradient_of_the_whole_batch(make_ready, make_example, examples, exclusive: bool):
    # One example with many pairs, so that chunks cut through it, and one without any.
    many = make_example(
        "[a|CHEMICAL] [b|CHEMICAL] of [c|GENE] [d|GENE] [e|GENE].", [(0, 2, "INHIBITS"), (3, 4, "BINDS")]
    )
    batch = [*examples[:3], make_example("Nothing."), many]
    found = []
    for batch_tokens in (64, 3 * 64, 10_000):
        nlp = make_ready(exclusive=exclusive, model={"batch_tokens": batch_tokens})
        losses = nlp.get_pipe("relation_extractor").update(batch)
        found.append((gradients(nlp), losses["relation_extractor"]))
    (expected, expected_loss) = found.pop()
    assert len(expected) > 20
    for grads, loss in found:
        assert loss == pytest.approx(expected_loss, rel=1e-5)
        for name, gradient in grads.items():
            torch.testing.assert_close(gradient, expected[name], atol=1e-5, rtol=1e-4)


def test_loss_is_the_mean_over_pairs_and_adds_up(make_ready, examples):
    nlp = make_ready()
    extractor = nlp.get_pipe("relation_extractor")
    losses = {"other": 1.0}
    single = [extractor.update([eg])["relation_extractor"] for eg in examples]
    extractor.update(examples, losses=losses)
    assert losses == {"other": 1.0, "relation_extractor": pytest.approx(np.mean(single), rel=1e-5)}
    extractor.update(examples[:1], losses=losses)
    assert losses["relation_extractor"] == pytest.approx(np.mean(single) + single[0], rel=1e-5)


def test_weights_change_only_when_an_optimizer_is_given(make_ready, examples):
    nlp = make_ready()
    before = {name: value.clone() for name, value in weights(nlp).items()}
    extractor = nlp.get_pipe("relation_extractor")
    extractor.update(examples)
    assert all(torch.equal(value, before[name]) for name, value in weights(nlp).items())
    extractor.finish_update(make_sgd())
    changed = [name for name, value in weights(nlp).items() if not torch.equal(value, before[name])]
    assert "classifier.weight" in changed and "pooling.summary.query" in changed
    assert any(name.startswith("encoder.embeddings") for name in changed)


def test_same_seed_same_weights(make_ready, examples):
    runs = []
    for seed in (1, 1, 2):
        nlp, sgd = make_ready(model={"dropout": 0.3}), make_sgd()
        fix_random_seed(seed)
        for _ in range(5):
            nlp.update(examples, sgd=sgd)
        runs.append(weights(nlp))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not torch.equal(runs[0]["classifier.weight"], runs[2]["classifier.weight"])


@pytest.mark.filterwarnings("ignore:.*BRW02")
def test_gradient_goes_through_every_chunk_after_a_pair_that_does_not_fit(make_ready, make_example, examples):
    far = make_example("[c|CHEMICAL]" + " the" * 100 + " [g|GENE].", [(0, 1, "INHIBITS")])
    losses = []
    for batch in ([far, *examples], examples):
        nlp = make_ready(model={"batch_tokens": 64})
        losses.append(nlp.get_pipe("relation_extractor").update(batch)["relation_extractor"])
    assert losses[0] == pytest.approx(losses[1] * 10 / 11, rel=1e-5)


def test_loss_that_is_not_a_number(make_ready, examples):
    nlp = make_ready()
    nlp.get_pipe("relation_extractor").model.shims[0].network.classifier.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"BR030.*relation_extractor"):
        nlp.update(examples, sgd=make_sgd())


def test_averages_are_used_for_a_while_and_saved(make_ready, examples):
    nlp, sgd = make_ready(), make_sgd(use_averages=True)
    seen = []
    for _ in range(3):
        nlp.update(examples, sgd=sgd)
        seen.append(weights(nlp))
    # The parameters after update t weigh as t to the third power, but for lower-order terms.
    name = "classifier.weight"
    expected = seen[0][name]
    for t, after in enumerate(seen[1:], start=2):
        expected = expected + 4 / (t + 3) * (after[name] - expected)
    with nlp.use_params(sgd.averages):
        averaged, saved = weights(nlp), nlp.to_bytes()
        predicted = nlp.get_pipe("relation_extractor").predict([eg.predicted for eg in examples]).logits
    torch.testing.assert_close(averaged[name], expected)
    assert all(torch.equal(weights(nlp)[key], seen[-1][key]) for key in averaged)
    other = make_ready().from_bytes(saved)
    assert all(torch.equal(weights(other)[key], averaged[key]) for key in averaged)
    again = other.get_pipe("relation_extractor").predict([eg.predicted for eg in examples]).logits
    assert (again == predicted).all()
    assert not (nlp.get_pipe("relation_extractor").predict([eg.predicted for eg in examples]).logits == predicted).all()


def test_without_averages_none_are_kept(make_ready, examples):
    nlp, sgd = make_ready(), make_sgd(use_averages=False)
    nlp.update(examples, sgd=sgd)
    assert sgd.averages is None


def test_gold_relations_without_predicted_entities_are_warned_of_once(make_nlp, examples):
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    bare = [Example(nlp.make_doc(eg.reference.text), eg.reference) for eg in examples]
    with pytest.warns(UserWarning, match=r"BRW05.*5 documents.*spacy-biore\.Corpus\.v1"):
        losses = nlp.update(bare)
    assert losses == {"relation_extractor": 0.0}
    nlp.update(bare)


def test_a_recogniser_that_finds_nothing_in_a_batch_is_no_reason_to_warn(make_nlp, examples):
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    bare = [Example(nlp.make_doc(eg.reference.text), eg.reference) for eg in examples]
    for eg in bare:
        eg.predicted.set_ents([])
    assert nlp.update(bare) == {"relation_extractor": 0.0}


def test_an_update_that_was_interrupted_leaves_a_model_that_predicts(make_ready, examples):
    nlp = make_ready(model={"dropout": 0.5, "dropout_samples": 2})
    extractor = nlp.get_pipe("relation_extractor")
    docs = [eg.predicted for eg in examples]
    expected = extractor.predict(docs).scores
    extractor.model.begin_update((docs, extractor.get_candidates(docs)))
    for _ in range(2):
        np.testing.assert_array_equal(extractor.predict(docs).scores, expected)


def test_batch_tokens_given_at_loading_are_those_of_further_training(make_ready, tmp_path):
    make_ready(model={"batch_tokens": 64 * 8}).to_disk(tmp_path)
    changed = spacy.load(tmp_path, config={"components.relation_extractor.model.batch_tokens": 64 * 2})
    assert [chunk_pairs(nlp.get_pipe("relation_extractor").model) for nlp in (spacy.load(tmp_path), changed)] == [8, 2]
