"""Where an encoder comes from, what is said when it does not, and what it needs to have."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    CanineTokenizer,
    FNetConfig,
    PreTrainedTokenizerFast,
    SqueezeBertConfig,
    XLNetConfig,
)

from spacy_biore.errors import BioreError
from spacy_biore.model.architecture import build_relation_model
from spacy_biore.model.encoders import find_encoder, load_encoder, max_positions
from spacy_biore.relations import get_records

SIZES = {"hidden_size": 32, "intermediate_size": 32, "max_position_embeddings": 64}


def make_package(folder: Path, encoder: str, inside: str) -> str:
    package = folder / f"biore_test_encoder_{inside or 'flat'}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copytree(encoder, package / inside, dirs_exist_ok=True)
    return package.name


def test_folder(tiny_encoder):
    loaded = load_encoder(tiny_encoder, {})
    assert find_encoder(tiny_encoder) == tiny_encoder
    assert loaded.transformer.pooler is None
    assert loaded.pooler is not None and loaded.pooler["dense.weight"].shape == (32, 32)


@pytest.mark.parametrize("inside", ["", "model"])
def test_installed_package(tiny_encoder, tmp_path, monkeypatch, inside: str):
    name = make_package(tmp_path, tiny_encoder, inside)
    monkeypatch.syspath_prepend(tmp_path)
    assert find_encoder(name) == str(tmp_path / name / inside)
    one, other = load_encoder(name, {}).transformer, load_encoder(tiny_encoder, {}).transformer
    assert torch.equal(one.get_input_embeddings().weight, other.get_input_embeddings().weight)


@pytest.mark.parametrize("name", ["nobody/has-this-encoder", "json", "no such/thing at/all"])
def test_unknown_encoder_says_what_was_tried(name: str):
    with pytest.raises(BioreError) as caught:
        load_encoder(name, {})
    message = str(caught.value)
    assert "BR200" in message and f"'{name}'" in message
    assert all(source in message for source in ("folder", "not there", "package", "hub"))


def test_settings_are_not_blamed_for_an_encoder_that_is_not_there(tmp_path):
    for name in ("nothere", str(tmp_path)):
        with pytest.raises(BioreError, match="BR200"):
            load_encoder(name, {}, {"attention_probs_dropout_prob": 0.0})


def test_lists_of_everything_that_transformers_knows_are_cut_off(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BioreError, match=r"model_type.* \.\.\.\)") as caught:
        load_encoder(str(tmp_path), {})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("content", [{}, {"config.json": "{}"}, {"config.json": "no json"}])
def test_folder_without_an_encoder(tmp_path, content: dict[str, str]):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(BioreError, match=r"BR200.*no model in it"):
        load_encoder(str(tmp_path), {})


def test_encoder_without_a_fast_tokenizer(tiny_encoder, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path, dirs_exist_ok=True)
    for file in tmp_path.glob("*token*"):
        file.unlink()
    CanineTokenizer().save_pretrained(tmp_path)
    with pytest.raises(BioreError, match="BR201"):
        load_encoder(str(tmp_path), {})


def test_encoder_whose_input_has_no_frame(tiny_encoder, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]").save_pretrained(tmp_path)
    with pytest.raises(BioreError, match=r"BR211.*no token for: cls, sep\."):
        load_encoder(str(tmp_path), {})


def test_positions(tiny_encoder, roberta):
    assert max_positions(AutoModel.from_pretrained(tiny_encoder)) == 128
    assert max_positions(AutoModel.from_pretrained(roberta)) == 96


@pytest.mark.parametrize(("kind", "limit"), [("bert", 128), ("roberta", 96)])
def test_max_length_over_the_positions(make_nlp, make_example, tiny_encoder, roberta, kind: str, limit: int):
    # The pair is too far apart for anything shorter than the limit.
    marked = "[c|CHEMICAL]" + " a" * (limit - 4 if kind == "bert" else limit // 2 - 4) + " [g|GENE]"
    example = make_example(marked, [(0, 1, "INHIBITS")])
    encoder = tiny_encoder if kind == "bert" else roberta
    nlp = make_nlp(model={"encoder": encoder, "max_length": limit + 1})
    for _ in range(2):
        # The second try finds nothing half made.
        with pytest.raises(BioreError, match=f"BR202.*{limit + 1}.*{limit}"):
            nlp.initialize(lambda: [example])
    nlp = make_nlp(model={"encoder": encoder, "max_length": limit})
    nlp.initialize(lambda: [example])
    assert len(nlp.get_pipe("relation_extractor").predict([example.predicted]).rows) == 1


def test_max_length_too_short(make_nlp):
    with pytest.raises(BioreError, match=r"BR206.*max_length is 15.*16"):
        make_nlp(model={"max_length": 15})


def test_special_token_that_the_encoder_knows_keeps_its_embedding(tiny_encoder, tmp_path):
    tokenizer, transformer = AutoTokenizer.from_pretrained(tiny_encoder), AutoModel.from_pretrained(tiny_encoder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["@GENE$"]})
    transformer.resize_token_embeddings(len(tokenizer))
    learned = torch.randn(32)
    with torch.no_grad():
        transformer.get_input_embeddings().weight[-1] = learned
    tokenizer.save_pretrained(tmp_path)
    transformer.save_pretrained(tmp_path)
    loaded = load_encoder(str(tmp_path), {"@GENE$": "gene", "@CHEMICAL$": "chemical"})
    table = loaded.transformer.get_input_embeddings().weight
    torch.testing.assert_close(table[loaded.tokenizer.special_id("@GENE$")], learned)
    assert loaded.tokenizer.special_id("@CHEMICAL$") == len(tokenizer)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_special_token_starts_as_the_mean_of_its_description(tiny_encoder, roberta, kind: str):
    folder = tiny_encoder if kind == "bert" else roberta
    tokenizer = AutoTokenizer.from_pretrained(folder)
    loaded = load_encoder(folder, {"@CHEMICAL$": "CHEMICAL", "@CHEMICAL-GENE$": "CHEMICAL GENE", "@X$": ""})
    table = loaded.transformer.get_input_embeddings().weight
    assert len(table) == len(tokenizer) + 3
    for token, text in (("@CHEMICAL$", "chemical"), ("@CHEMICAL-GENE$", "chemical gene")):
        pieces = tokenizer(text, add_special_tokens=False)["input_ids"]
        torch.testing.assert_close(table[loaded.tokenizer.special_id(token)], table[pieces].mean(dim=0))
    before = AutoModel.from_pretrained(folder).get_input_embeddings().weight
    assert torch.equal(table[: len(before)], before)


@pytest.mark.parametrize("style", ["anonymised", "marked", "shared"])
def test_byte_level_pieces_through_the_component(make_nlp, make_example, roberta, tmp_path, style: str):
    examples = [
        make_example(f"α {word} [β5|CHEMICAL]  was [µ{i}|GENE] é", [(0, 1, "INHIBITS")] if word == "no" else [])
        for i, word in enumerate(["no", "so"] * 3)
    ]
    nlp = make_nlp(model={"encoder": roberta, "input_style": style, "max_length": 96})
    sgd = nlp.initialize(lambda: examples)
    sgd.learn_rate = 0.005
    for _ in range(25):
        nlp.update(examples, sgd=sgd)
    docs = list(nlp.pipe(eg.predicted.copy() for eg in examples))
    assert [len(doc._.relations) for doc in docs] == [1, 0] * 3
    again = make_nlp(model={"encoder": "gone", "input_style": style, "max_length": 96}).from_bytes(nlp.to_bytes())
    assert [get_records(again(eg.predicted.copy())) for eg in examples] == [get_records(doc) for doc in docs]
    extractor = nlp.get_pipe("relation_extractor")
    ((_, weights),) = extractor.explain(docs[0])
    assert sum(weight for _, weight in weights) == pytest.approx(1, abs=1e-5)
    assert [token.text for token, _ in weights if not token.is_space] == [t.text for t in docs[0] if not t.is_space]


def test_setting_that_the_encoder_does_not_have(tiny_encoder):
    with pytest.raises(BioreError, match=r"BR205.*atention_dropout.*hidden_dropout_prob"):
        load_encoder(tiny_encoder, {}, {"atention_dropout": 0.1})


def test_weights_that_were_not_downloaded_completely(tiny_encoder, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BioreError, match=r"BR200.*cut"):
        load_encoder(str(tmp_path / "cut"), {})


def test_misspelt_folder_is_not_looked_for_on_the_hub(tiny_encoder: str):
    with pytest.raises(BioreError, match=r"BR200.*not there \(did you mean .*tiny_encoder") as caught:
        find_encoder(tiny_encoder.replace("tiny_encoder", "tiny_encodr"))
    assert "hub:" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("num_attention_heads", 5), ("num_attention_heads", 0), ("hidden_dropout_prob", None), ("num_hidden_layers", 2.0)],
)
def test_settings_that_the_encoder_can_not_be_loaded_with(tiny_encoder: str, setting: str, value: object):
    with pytest.raises(BioreError, match=rf"BR207.*{setting}.*{value}"):
        load_encoder(tiny_encoder, {}, {setting: value})


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (FNetConfig(**SIZES, num_hidden_layers=1), "attention_mask"),
        (SqueezeBertConfig(**SIZES, embedding_size=32, num_attention_heads=4, num_hidden_layers=1), "not callable"),
    ],
    ids=["no mask", "its pooler"],
)
def test_encoder_that_does_not_encode_as_bert_does(config, problem: str, tiny_encoder: str, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path, dirs_exist_ok=True)
    config.vocab_size = len(AutoTokenizer.from_pretrained(tiny_encoder))
    AutoModel.from_config(config).save_pretrained(tmp_path)
    with pytest.raises(BioreError, match=rf"BR212.*{type(config).__name__[:4]}.*{problem}"):
        load_encoder(str(tmp_path), {})


def test_encoder_of_any_length(tiny_encoder: str, tmp_path):
    shutil.copytree(tiny_encoder, tmp_path, dirs_exist_ok=True)
    AutoModel.from_config(XLNetConfig(vocab_size=50, d_model=32, n_layer=1, n_head=4, d_inner=16)).save_pretrained(
        tmp_path
    )
    assert max_positions(load_encoder(str(tmp_path), {}).transformer) == sys.maxsize


@pytest.mark.parametrize(
    ("setting", "value"), [("context", -1), ("batch_tokens", 0), ("dropout", 1.0), ("dropout", -0.1)]
)
def test_model_setting_out_of_range(tiny_encoder: str, setting: str, value: float):
    with pytest.raises(BioreError, match=f"BR206.*{setting} is {value}"):
        build_relation_model(tiny_encoder, **{setting: value})
