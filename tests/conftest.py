"""Fixtures that several test files share."""

import multiprocessing
import os
import re
import signal
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

# Set before transformers is imported: no test asks the hub, whatever the machine allows.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import get_words_and_spaces
from thinc.api import Config, fix_random_seed

from spacy_biore.component import RelationExtractor
from spacy_biore.relations import relation_record, set_records

pytest_plugins = ["commands"]

SCHEMA = [
    {"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]},
    {"label": "BINDS", "head": ["GENE"], "tail": ["GENE"], "symmetric": True},
]
MENTION = re.compile(r"\[([^\[\]|]+)\|([A-Z]+)\]")
TRAINING = Path(__file__).with_name("training.cfg")
WORDS = ["chemical", "gene", "disease", "inhibits", "activates", "protein", "##ase", "##in", "the", "of", "and"]


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora; tests that use it are skipped where the machine has none."""
    folder = os.environ.get("BIORE_CORPORA")
    if not folder:
        pytest.skip("BIORE_CORPORA is not set: no real corpora here")
    path = Path(folder)
    # A wrong path is a mistake to show, not a reason to skip.
    assert path.is_dir(), f"BIORE_CORPORA names {folder}, which is not a folder"
    return path


@pytest.fixture(scope="session")
def schema_config() -> list[dict[str, Any]]:
    """A directed and a symmetric label."""
    return SCHEMA


@pytest.fixture(scope="session")
def make_doc() -> Callable[..., Doc]:
    """A function that makes a Doc from text in which mentions are written ``[aspirin|CHEMICAL]``.

    Its other arguments: relations as (head, tail, label) by number of the mention; ``sentences=False`` leaves sentence
    boundaries unset, else one begins after each full stop; ``spans_key`` puts the mentions into a span group too.
    Punctuation characters are tokens of their own.
    """
    vocab = spacy.blank("en").vocab

    def make(
        marked: str, relations: Sequence[tuple[int, int, str]] = (), *, sentences: bool = True, spans_key: str = ""
    ) -> Doc:
        offsets: list[tuple[int, int, str]] = []
        text = ""
        for piece in re.split(r"(\[[^\[\]|]+\|[A-Z]+\])", marked):
            if match := MENTION.fullmatch(piece):
                offsets.append((len(text), len(text) + len(match[1]), match[2]))
            text += match[1] if match else piece
        words, spaces = get_words_and_spaces(re.findall(r"\w+|[^\w\s]", text), text)
        doc = Doc(vocab, words=words, spaces=spaces)
        if sentences:
            for token in doc:
                token.is_sent_start = token.i == 0 or doc[token.i - 1].text == "."
        mentions = [doc.char_span(start, end, label=label) for start, end, label in offsets]
        assert all(mentions), f"a mention is not on token boundaries: {marked}"
        doc.set_ents(mentions)
        if spans_key:
            doc.spans[spans_key] = mentions
        set_records(doc, [relation_record(mentions[h], mentions[t], label) for h, t, label in relations])
        return doc

    return make


@pytest.fixture(scope="session")
def make_example(make_doc: Callable[..., Doc]) -> Callable[..., Example]:
    """A function like that of ``make_doc`` that makes an Example; its predicted Doc has entities but no relations."""

    def make(marked: str, relations: Sequence[tuple[int, int, str]] = (), **kwargs: Any) -> Example:
        return Example(make_doc(marked, **kwargs), make_doc(marked, relations, **kwargs))

    return make


@pytest.fixture(scope="session")
def tiny_sizes() -> dict[str, Any]:
    """What the configs of small random encoders have in common."""
    return {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": 0.2,
    }


@pytest.fixture(scope="session")
def tiny_encoder(tiny_sizes: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a random BERT (2 layers of width 32, 128 positions) whose word pieces spell any English text."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_encoder")
    characters = [c for c in string.printable if not c.isspace() and not c.isupper()] + ["α", "β", "µ"]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters), *WORDS]
    vocab_file = folder / "vocab.txt"
    vocab_file.write_text("\n".join(vocab), encoding="utf8")
    BertTokenizerFast(str(vocab_file), do_lower_case=True).save_pretrained(folder)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    BertModel(BertConfig(vocab_size=len(vocab), max_position_embeddings=128, **tiny_sizes)).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def make_nlp(tiny_encoder: str) -> Callable[..., Language]:
    """A function that makes a pipeline of one relation extractor on the tiny encoder; ``model`` holds its settings."""

    def make(*, model: dict[str, Any] | None = None, labels: Any = SCHEMA, **config: Any) -> Language:
        nlp = spacy.blank("en")
        settings = {
            "encoder": tiny_encoder,
            "max_length": 64,
            "dropout": 0.0,
            "mixed_precision": False,
            **(model or {}),
        }
        nlp.add_pipe("relation_extractor", config={"model": settings, "relation_types": labels, **config})
        return nlp

    return make


@pytest.fixture
def make_ready(make_nlp: Callable[..., Language], examples: list[Example]) -> Callable[..., Language]:
    """A function that makes a pipeline as ``make_nlp`` does, and initializes it on the ``examples`` of a test file."""

    def make(**kwargs: Any) -> Language:
        fix_random_seed(0)
        nlp = make_nlp(**kwargs)
        nlp.initialize(lambda: examples)
        return nlp

    return make


@pytest.fixture(scope="session")
def relation_nlp(make_nlp: Callable[..., Language], make_example: Callable[..., Example]) -> Language:
    """A pipeline with a sentencizer and a relation extractor that answers every pair of the types of its schema."""
    nlp = make_nlp(threshold=0.0)
    nlp.add_pipe("sentencizer", first=True)
    example = make_example("[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] .", [(0, 1, "INHIBITS")])
    nlp.initialize(lambda: [example])
    return nlp


@pytest.fixture(scope="session")
def relation_path(relation_nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``relation_nlp``."""
    path = tmp_path_factory.mktemp("relations") / "model"
    relation_nlp.to_disk(path)
    return path


@pytest.fixture(scope="session")
def make_recogniser() -> Callable[..., Language]:
    """A function that makes a pipeline that finds entities: the name of each label in lower case, and other terms.

    Its arguments: the labels; ``terms``, a dict of further terms and their labels; ``sentences=False`` leaves sentence
    boundaries unset.
    """

    def make(labels: Iterable[str], *, terms: dict[str, str] | None = None, sentences: bool = True) -> Language:
        nlp = spacy.blank("en")
        if sentences:
            nlp.add_pipe("sentencizer")
        ruler: Any = nlp.add_pipe("entity_ruler", name="ner")
        ruler.add_patterns([{"label": label, "pattern": label.lower()} for label in labels])
        ruler.add_patterns([{"label": label, "pattern": term} for term, label in (terms or {}).items()])
        return nlp

    return make


@pytest.fixture(scope="session")
def span_of() -> Callable[..., Span]:
    """A function that finds a stretch of text in a Doc as a labelled Span."""

    def find(doc: Doc, text: str, label: str = "", id: str = "") -> Span:
        start = doc.text.index(text)
        span = doc.char_span(start, start + len(text), label=label, span_id=id)
        assert span is not None, f"{text!r} is not on token boundaries"
        return span

    return find


@pytest.fixture
def training_config(tiny_encoder: str) -> Config:
    """A config of spacy train for one relation extractor on the tiny encoder, which ends after two steps."""
    config = Config().from_disk(TRAINING)
    config["components"]["relation_extractor"]["model"]["encoder"] = tiny_encoder
    return config


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The number of a relation extractor's updates; the one that ``stop`` numbers, from 1, is interrupted."""
    made = {"n": 0, "stop": 0}
    update = RelationExtractor.update

    def count(self: RelationExtractor, *args: Any, **kwargs: Any) -> dict[str, float]:
        made["n"] += 1
        if made["n"] == made["stop"]:
            raise KeyboardInterrupt
        return update(self, *args, **kwargs)

    monkeypatch.setattr(RelationExtractor, "update", count)
    return made


@pytest.fixture(scope="session")
def deadline() -> Callable[[int], AbstractContextManager[None]]:
    """A context manager with a number of seconds, which turns a hang into a failure."""

    def fail(*_: object) -> None:
        # Else spaCy waits for them before the error gets through.
        for process in multiprocessing.active_children():
            process.kill()
        raise TimeoutError("still busy")

    @contextmanager
    def limit(seconds: int) -> Iterator[None]:
        signal.signal(signal.SIGALRM, fail)
        signal.alarm(seconds)
        try:
            yield
        finally:
            signal.alarm(0)

    return limit
