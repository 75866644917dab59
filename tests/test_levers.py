"""Settings of learning through the component: several draws of dropout, two passes, and pipelines without them."""

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, Config, fix_random_seed

from spacy_biore.errors import BioreError
from spacy_biore.predictions import Predictions

ALL = {"label_smoothing": 0.05, "consistency": 0.5}
ALL_OF_THE_MODEL = {"dropout_samples": 3, "head_rate": 2.0, "layer_decay": 0.9}


@pytest.fixture(scope="module")
def examples(make_example) -> list[Example]:
    verbs = ["inhibits", "of", "activates", "and", "binds", "sees"]
    found = [
        make_example(f"[drug{i}|CHEMICAL] {verb} [gene{i}|GENE].", [] if i % 2 else [(0, 1, "INHIBITS")])
        for i, verb in enumerate(verbs)
    ]
    return [*found, make_example("[a|CHEMICAL] [b|CHEMICAL] of [c|GENE] [d|GENE].", [(0, 2, "INHIBITS")])]


@pytest.fixture
def watch_loss(monkeypatch):
    """A function that returns a list to which everything is added that a pipeline takes the loss of."""

    def watch(nlp: Language) -> list[Predictions]:
        extractor = nlp.get_pipe("relation_extractor")
        get_loss, seen = extractor.get_loss, []
        monkeypatch.setattr(
            extractor, "get_loss", lambda egs, scores, **kw: seen.append(scores) or get_loss(egs, scores, **kw)
        )
        return seen

    return watch


def learn(nlp: Language, examples: list[Example]) -> tuple[float, dict[str, torch.Tensor]]:
    """Return the loss and the gradients of one batch."""
    extractor = nlp.get_pipe("relation_extractor")
    loss = extractor.update(examples)["relation_extractor"]
    parameters = extractor.model.shims[0].network.named_parameters()
    return loss, {name: p.grad.clone() for name, p in parameters if p.grad is not None}


@pytest.mark.parametrize("batch_tokens", [64, 5 * 64, 10_000])
@pytest.mark.parametrize("exclusive", [True, False])
def test_without_dropout_neither_draws_nor_passes_change_anything(make_ready, examples, exclusive, batch_tokens):
    expected_loss, expected = learn(make_ready(exclusive=exclusive), examples)
    model = {"dropout_samples": 3, "batch_tokens": batch_tokens}
    loss, found = learn(make_ready(exclusive=exclusive, consistency=2.0, model=model), examples)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert found.keys() == expected.keys() and len(found) > 20
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], atol=1e-5, rtol=1e-4)


def test_draws_of_a_pair_stand_side_by_side_and_differ(make_ready, examples):
    extractor = make_ready(model={"dropout_samples": 3, "dropout": 0.5}).get_pipe("relation_extractor")
    docs = [eg.predicted for eg in examples]
    candidates = extractor.get_candidates(docs)
    (rows, logits), _ = extractor.model.begin_update((docs, candidates))
    n_pairs = sum(len(found) for found in candidates)
    assert rows.tolist() == [row for row in range(n_pairs) for _ in range(3)]
    draws = logits.reshape(n_pairs, 3, -1)
    assert (np.ptp(draws, axis=1).max(axis=1) > 0).all()
    # They are draws of the same pair: without dropout in the encoder, their mean comes near what is predicted.
    extractor.model.shims[0].network.eval()
    many = make_ready(model={"dropout_samples": 2000, "dropout": 0.5}).get_pipe("relation_extractor")
    (_, logits), _ = many.model.begin_update((docs, candidates))
    mean = logits.reshape(n_pairs, 2000, -1).mean(axis=1)
    predicted = extractor.model.predict((docs, candidates)).logits
    assert np.abs(mean - predicted).max() < 0.2 * np.abs(predicted).max()


def test_loss_of_draws_is_the_mean_of_their_losses(make_ready, examples, watch_loss):
    nlp = make_ready(model={"dropout_samples": 3, "dropout": 0.5})
    get_loss, seen = nlp.get_pipe("relation_extractor").get_loss, watch_loss(nlp)
    loss, _ = learn(nlp, examples)
    [scores] = seen
    single = []
    for draw in range(3):
        rows, logits = scores.rows[draw::3], scores.logits[draw::3]
        single.append(get_loss(examples, scores._replace(rows=rows, logits=logits))[0])
    assert len(set(single)) == 3
    assert loss == pytest.approx(np.mean(single), rel=1e-5)


def test_consistency_adds_the_disagreement_of_two_passes(make_ready, examples):
    losses = {}
    for weight in (1e-6, 1.0, 3.0):
        nlp = make_ready(consistency=weight, model={"dropout": 0.5})
        fix_random_seed(1)
        losses[weight] = learn(nlp, examples)[0]
    assert losses[1.0] > losses[1e-6] + 1e-3
    assert losses[3.0] - losses[1e-6] == pytest.approx(3 * (losses[1.0] - losses[1e-6]), rel=1e-2)


def test_two_passes_do_not_make_a_chunk_larger(make_ready, examples, watch_loss):
    nlp = make_ready(consistency=1.0, model={"batch_tokens": 4 * 64})
    seen = watch_loss(nlp)
    learn(nlp, examples)
    sizes = [len(scores.rows) for scores in seen]
    assert max(sizes) == 4 and sum(sizes) == 2 * 11


@pytest.mark.filterwarnings("ignore:.*BRW02")
def test_pairs_that_do_not_fit_count_as_before(make_ready, make_example, examples):
    far = make_example("[c|CHEMICAL]" + " the" * 100 + " [g|GENE].", [(0, 1, "INHIBITS")])
    expected, _ = learn(make_ready(), [far, *examples])
    loss, _ = learn(make_ready(consistency=1.0, model={"dropout_samples": 2}), [far, *examples])
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
def test_all_together_overfit(make_ready, examples, exclusive: bool):
    nlp = make_ready(exclusive=exclusive, model={**ALL_OF_THE_MODEL, "dropout": 0.1}, **ALL)
    sgd = Adam(0.005, use_averages=False)
    losses = [nlp.update(examples, sgd=sgd, losses={})["relation_extractor"] for _ in range(30)]
    assert losses[-1] < 0.6 * losses[0]
    assert nlp.evaluate(examples)["rel_micro_f"] == 1.0


def test_a_pipeline_predicts_the_same_with_and_without_them(make_ready, examples, tmp_path):
    nlp = make_ready(threshold=0.01)
    nlp.to_disk(tmp_path / "new")
    config = Config().from_disk(tmp_path / "new" / "config.cfg", interpolate=False)
    settings = config["components"]["relation_extractor"]
    for name in ALL:
        del settings[name]
    for name in ALL_OF_THE_MODEL:
        del settings["model"][name]
    config.to_disk(tmp_path / "new" / "config.cfg")
    old = spacy.load(tmp_path / "new")
    settings.update(ALL)
    settings["model"].update(ALL_OF_THE_MODEL)
    config.to_disk(tmp_path / "new" / "config.cfg")
    learning = spacy.load(tmp_path / "new")
    docs = [eg.predicted for eg in examples]
    expected = nlp.get_pipe("relation_extractor").predict(docs).logits
    for other in (old, learning):
        np.testing.assert_allclose(other.get_pipe("relation_extractor").predict(docs).logits, expected, atol=1e-6)
    assert old.get_pipe("relation_extractor").loss.passes == 1
    assert learning.get_pipe("relation_extractor").loss.passes == 2


def test_no_draw_at_all_is_an_error(make_nlp):
    with pytest.raises(BioreError, match=r"BR206.*dropout_samples is 0.*at least 1"):
        make_nlp(model={"dropout_samples": 0})
