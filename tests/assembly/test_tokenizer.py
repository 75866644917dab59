"""scispaCy's tokenizer for pipelines of our own."""

import re
import sys
import warnings

import pytest
import spacy
from spacy.language import Language

from spacy_biore.assembly.assemble import assemble
from spacy_biore.assembly.scispacy_parts import make_tokenizer, make_tokenizer_callback, single_bars, use_tokenizer
from spacy_biore.errors import BioreError

TEXT = "An aspirin-induced (SST)-positive IL-2/IL-4 effect of Ca(2+), e.g. pre- and 1,25(OH)2D3; see [3H]thymidine."


def words(nlp: Language, text: str = TEXT) -> list[str]:
    doc = nlp.make_doc(text)
    assert doc.text == text
    return [token.text for token in doc]


def test_tokens_are_scispacys():
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    nlp = make_tokenizer_callback()(spacy.blank("en"))
    assert words(nlp) == [token.text for token in custom_tokenizer.combined_rule_tokenizer(spacy.blank("en"))(TEXT)]
    assert {"aspirin-induced", "IL-2/IL-4", "1,25(OH)2D3"} <= set(words(nlp))


def test_characters_to_split_at_are_tokens_of_their_own(tmp_path):
    pytest.importorskip("scispacy")
    nlp = make_tokenizer_callback(split="-/()[]:,+")(spacy.blank("en"))
    expected = (
        "An aspirin - induced ( SST ) - positive IL - 2 / IL - 4 effect of Ca ( 2 + ) , e.g. pre - and "
        "1 , 25 ( OH ) 2D3 ; see [ 3H ] thymidine ."
    )
    assert words(nlp) == expected.split()
    nlp.to_disk(tmp_path)
    assert words(spacy.load(tmp_path)) == expected.split()


@pytest.mark.parametrize("split", ["", "-/()[]:,+"])
def test_loading_a_pipeline_with_it_warns_of_nothing(split: str, tmp_path):
    pytest.importorskip("scispacy")
    use_tokenizer(spacy.blank("en"), split=split).to_disk(tmp_path)
    # Python warns of an expression when it is compiled, and remembers those that were.
    re.purge()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp = spacy.load(tmp_path)
    assert nlp.tokenizer(TEXT).text == TEXT


def test_suffixes_are_scispacys():
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    theirs, ours = custom_tokenizer.combined_rule_tokenizer(spacy.blank("en")), make_tokenizer(spacy.blank("en"))
    pattern = theirs.suffix_search.__self__.pattern
    assert ours.suffix_search.__self__.pattern == single_bars(pattern) != pattern
    for character in map(chr, range(0x20, 0x3100)):
        for text in (f"a{character}", f"A{character}.", f"{character}.", f"|{character}|."):
            assert str(theirs.suffix_search(text)) == str(ours.suffix_search(text)), text


def test_pipelines_with_scispacys_own_tokenizer_have_the_same(make_recogniser, relation_nlp):
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    recogniser.tokenizer = custom_tokenizer.combined_rule_tokenizer(recogniser)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assemble(recogniser, relation_nlp, scispacy_tokenizer=True, abbreviations=False)
    assert not [warning for warning in caught if "BRW66" in str(warning.message)]


def test_an_assembled_pipeline_does_not_warn_of_scispacys_own_tokenizer(make_recogniser, relation_nlp, tmp_path):
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    recogniser.tokenizer = custom_tokenizer.combined_rule_tokenizer(recogniser)
    expected = words(recogniser)
    with pytest.warns(UserWarning, match="BRW62"):
        assemble(recogniser, relation_nlp, abbreviations=False).nlp.to_disk(tmp_path)
    re.purge()
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        assert words(spacy.load(tmp_path)) == expected


@pytest.mark.parametrize("split", ["", "-", "^", "]", "\\"])
def test_every_character_can_be_split_at(split: str):
    pytest.importorskip("scispacy")
    tokenizer = make_tokenizer(spacy.blank("en"), split=split)
    text = f"a{split}b {split}"
    assert tokenizer(text).text == text
    if split:
        assert [token.text for token in tokenizer(text)] == ["a", split, "b", split]


def test_missing_scispacy_is_named_before_a_pipeline_is_trained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "scispacy.custom_tokenizer", None)
    nlp = spacy.blank("en")
    nlp.config["initialize"]["before_init"] = {"@callbacks": "spacy-biore.ScispacyTokenizer.v1"}
    with pytest.raises(BioreError, match=r"BR605.*'tokenizer'.*pip install scispacy=="):
        nlp.initialize()
