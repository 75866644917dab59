"""A small corpus for each of two annotation schemes, and pipelines that learn from both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

CHEMICALS = ["zorbin", "flaxol", "querine", "mordane"]
DISEASES = ["flurosis", "grimpox", "dolemia", "wastitis"]
GENES = ["qrx2", "tabp1", "nolf3", "smerf7"]
TEXTS = ["The {c} dose led to {d} with more {g} in mice.", "Loss of {g} made {d} worse, and {c} did not help."]
WIDTH = 32


@pytest.fixture(scope="session")
def schemes(make_doc: Callable[..., Doc]) -> dict[str, list[Doc]]:
    """Documents of the same kind, which name a chemical, a disease and a gene each; each half has its own scheme."""
    names = [(c, d, g) for i, c in enumerate(CHEMICALS) for d, g in zip(DISEASES, GENES[i:] + GENES[:i], strict=True)]
    docs: dict[str, list[Doc]] = {"cdr": [], "genes": []}
    for number, (chemical, disease, gene) in enumerate(names):
        text = TEXTS[number % len(TEXTS)]
        cdr = {"c": f"[{chemical}|CHEMICAL]", "d": f"[{disease}|DISEASE]", "g": gene}
        docs["cdr"].append(make_doc(text.format(**cdr)))
        docs["genes"].append(make_doc(text.format(c=chemical, d=disease, g=f"[{gene}|GENE]")))
    return docs


@pytest.fixture(scope="session")
def corpora(schemes: dict[str, list[Doc]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the documents as ``cdr.spacy`` and ``genes.spacy``."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, docs in schemes.items():
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{name}.spacy")
    return folder


@pytest.fixture(scope="session")
def entries(corpora: Path) -> list[dict[str, Any]]:
    """The setting ``corpora`` of the reader for them."""
    return [
        {"path": str(corpora / "cdr.spacy"), "types": ["CHEMICAL", "DISEASE"]},
        {"path": str(corpora / "genes.spacy"), "types": ["GENE"]},
    ]


@pytest.fixture(scope="session")
def make_ner() -> Callable[..., Language]:
    """A function that makes a pipeline of recognisers with the given types, on one ``tok2vec`` or each on its own."""
    embed = {"@architectures": "spacy.HashEmbedCNN.v2", "width": WIDTH, "depth": 1, "embed_size": 500}
    embed |= {"pretrained_vectors": None, "window_size": 1, "maxout_pieces": 2, "subword_features": True}
    head = {"hidden_width": 16, "use_upper": False}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}

    def make(*schemes: list[str], shared: bool = True) -> Language:
        nlp = spacy.blank("en")
        if shared:
            nlp.add_pipe("tok2vec", config={"model": embed})
        for types in schemes:
            config = {"types": types, "model": {**head, "tok2vec": listener if shared else embed}}
            nlp.add_pipe("partial_ner", name="_".join(types).lower(), config=config)
        return nlp

    return make
