"""Trained recognisers, of both kinds, with a relation model behind them: from text to relations."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Adam

pytest.importorskip("scispacy")
pytest.importorskip("spacy_transformers")

from spacy_biore.assembly.scispacy_parts import use_tokenizer

# Each recogniser is trained once, and not once a worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("assembled")]

TYPES = {"flaxol": "CHEMICAL", "zorbin": "CHEMICAL", "nolf3": "GENE", "IL-2": "GENE"}
DULL = "There is nothing to be found in this sentence. "
TEXT = "In mice, interleukin-2 (IL-2) rose. Here zorbin blocked IL-2."
TEXTS = [TEXT, "More flaxol led to less nolf3 in mice.", "Loss of nolf3 was worse, and flaxol did not help.", DULL]
STRANGE = {
    "nothing": "",
    "whitespace": " \n\t ",
    "one token": "flaxol",
    "emoji": "flaxol 😀 blocks 👩‍🔬 nolf3",
    "HTML": "<p>flaxol&nbsp;blocks <b>nolf3</b></p>",
    "LaTeX": r"flaxol $\alpha_{1}$ \textbf{blocks} nolf3 (\ref{fig:1})",
    "200,000 characters": DULL * (200_000 // len(DULL)) + TEXT,
}
KINDS = {
    "tok2vec": {
        "encoder": {"@architectures": "spacy.HashEmbedCNN.v2", "width": 32, "depth": 1, "embed_size": 500}
        | {"pretrained_vectors": None, "window_size": 1, "maxout_pieces": 2, "subword_features": True},
        "listener": {"@architectures": "spacy.Tok2VecListener.v1", "width": 32},
        "factory": "ner",
        "settings": {},
        "rate": 0.01,
    },
    "transformer": {
        "encoder": {"@architectures": "spacy-biore.TransformerModel.v1"}
        | {"get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 16, "stride": 12}}
        # Random words make more pieces than the tiny encoder has positions for.
        | {"tokenizer_config": {"use_fast": True, "model_max_length": 128}},
        "listener": {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
        | {"pooling": {"@layers": "reduce_mean.v1"}},
        "factory": "partial_ner",
        "settings": {"types": ["CHEMICAL", "GENE"], "spans_key": "entities"},
        "rate": 0.002,
    },
}


def train(kind: str, encoder: str) -> Language:
    """Return a recogniser that knows its texts by heart, with the tokenizer of the configs."""
    fix_random_seed(0)
    parts: dict[str, Any] = KINDS[kind]
    nlp = use_tokenizer(spacy.blank("en"), split="-/()[]:,+")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe(kind, config={"model": parts["encoder"] | ({"name": encoder} if kind == "transformer" else {})})
    model = {"hidden_width": 32, "use_upper": False, "tok2vec": parts["listener"]}
    nlp.add_pipe(parts["factory"], name="recogniser", config={"model": model, **parts["settings"]})
    examples = []
    for text in TEXTS:
        found = [(m.start(), m.end(), TYPES[m[0]]) for m in re.finditer("|".join(TYPES), text)]
        examples.append(Example.from_dict(nlp.make_doc(text), {"entities": found}))
    nlp.initialize(lambda: examples)
    optimizer = Adam(parts["rate"])
    for _ in range(400):
        if nlp.update(examples, sgd=optimizer)["recogniser"] < 0.01:
            return nlp
    raise AssertionError("the recogniser did not learn its texts")


@pytest.fixture(scope="module", params=list(KINDS))
def nlp(
    request: pytest.FixtureRequest,
    tiny_encoder: str,
    relation_path: Path,
    biore: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Language:
    """A trained recogniser and the relation pipeline, put together by the command in half precision."""
    folder = tmp_path_factory.mktemp(request.param)
    train(request.param, tiny_encoder).to_disk(folder / "recogniser")
    paths = ["--ner", folder / "recogniser", "--relations", relation_path, "--output", folder / "pipeline"]
    result = biore("assemble", *paths, "--half-precision")
    assert result.code == 0, result.output
    nlp = spacy.load(folder / "pipeline")
    assert nlp.pipe_names == ["sentencizer", request.param, "recogniser", "biore_abbreviations", "relation_extractor"]
    return nlp


def found(doc: Doc) -> list[tuple[str, str, str]]:
    return [(r.head.text, r.label, r.tail.text) for r in doc._.relations]


def test_relation_on_a_hyphenated_short_form_tells_its_long_form(nlp: Language):
    [relation] = nlp(TEXT)._.relations
    assert (relation.head.text, relation.label, relation.tail.text) == ("zorbin", "INHIBITS", "IL-2")
    assert relation.tail._.long_form == "interleukin-2"


def test_strange_texts_do_not_harm_their_batch(nlp: Language):
    docs = list(nlp.pipe([TEXT, *STRANGE.values(), TEXT]))
    assert [doc.text for doc in docs] == [TEXT, *STRANGE.values(), TEXT]
    assert found(docs[0]) == found(docs[-1]) == [("zorbin", "INHIBITS", "IL-2")]
    assert found(docs[1]) == found(docs[2]) == found(docs[3]) == []
    # Elsewhere in a text even what was learned by heart may look otherwise to an encoder; definitions do not.
    assert [one["long_text"] for one in docs[-2]._.abbreviations] == ["interleukin-2"] * 2


def test_several_processes_find_the_same(nlp: Language, deadline: Callable[[int], AbstractContextManager[None]]):
    texts = [*TEXTS, "", "flaxol 😀 blocks nolf3"] * 2
    alone = [found(doc) for doc in nlp.pipe(texts, batch_size=3)]
    with deadline(120):
        docs = list(nlp.pipe(texts, batch_size=3, n_process=2))
    assert [found(doc) for doc in docs] == alone
    assert docs[0]._.relations[0].tail._.long_form == "interleukin-2"


def test_entities_of_a_span_group_are_saved(nlp: Language):
    doc = nlp(TEXT)
    [again] = DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)
    is_grouped = bool(nlp.get_pipe("recogniser").cfg.get("spans_key"))  # type: ignore[attr-defined]
    assert [*again.spans] == ["entities"] * is_grouped
    assert not is_grouped or [span.text for span in again.spans["entities"]] == [span.text for span in doc.ents]
