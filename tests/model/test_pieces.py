"""Word pieces of a pair: what is cut out, what is replaced, and where the window stands."""

import copy
import pickle
import string
import time

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import ByteLevel, Metaspace

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.instances import Edit, Instance, make_instances, special_tokens
from spacy_biore.model.encoders import load_encoder
from spacy_biore.model.pieces import EncodedPair, PieceTokenizer, centre_window, encode_pairs, tokenize
from spacy_biore.schema import Schema

SCHEMA = Schema.from_config([{"label": "R", "head": "CHEMICAL", "tail": "GENE"}])
VOCAB = spacy.blank("xx").vocab


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: str) -> PieceTokenizer:
    tokens = special_tokens(SCHEMA, "anonymised") | special_tokens(SCHEMA, "marked")
    return load_encoder(tiny_encoder, tokens).tokenizer


def encode(doc: Doc, tokenizer: PieceTokenizer, *, style: str = "anonymised", max_length: int = 64) -> list:
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    return encode_pairs(doc, make_instances(doc, candidates, style=style), tokenizer, max_length=max_length)


def words(pair: EncodedPair, tokenizer: PieceTokenizer) -> list[str]:
    return [tokenizer.backend.id_to_token(int(piece)) for piece in pair.ids]


def check_entities(pair: EncodedPair, tokenizer: PieceTokenizer) -> None:
    """Both mentions lie inside the text part, and the pieces there are theirs."""
    for (start, end), name in ((pair.head, "CHEMICAL"), (pair.tail, "GENE")):
        assert 1 <= start < end <= len(pair.ids) - 1
        assert name in words(pair, tokenizer)[start] and name in words(pair, tokenizer)[end - 1]


def test_anonymised(make_doc, tokenizer):
    (pair,) = encode(make_doc("The [protein inase|GENE] of [ab|CHEMICAL]."), tokenizer)
    assert words(pair, tokenizer) == ["[CLS]", "the", "@GENE$", "of", "@CHEMICAL$", ".", "[SEP]"]
    assert (pair.head, pair.tail) == ((4, 5), (2, 3))
    assert pair.chars.tolist() == [-1, 0, 4, 18, 21, 23, -1]


@pytest.mark.parametrize("style", ["anonymised", "marked"])
@pytest.mark.parametrize("before", [0, 5, 40, 90])
@pytest.mark.parametrize("after", [0, 5, 40, 90])
def test_a_window_is_cut_out_of_a_long_sentence_as_out_of_the_whole(make_doc, tokenizer, style, before, after):
    doc = make_doc(f"{'of the gene ' * before} [ab|CHEMICAL] and [cd|GENE] {'the disease ' * after}", spans_key="sc")
    (cut,) = encode(doc, tokenizer, style=style, max_length=32)
    (whole,) = encode(doc, tokenizer, style=style, max_length=100_000)
    places = min(whole.head[0], whole.tail[0]) - 1, max(whole.head[1], whole.tail[1]) - 1
    start, end = centre_window(len(whole.ids) - 2, *places, size=30)
    assert cut.ids.tolist() == [whole.ids[0], *whole.ids[1:-1][start:end], whole.ids[-1]]
    assert cut.head == (whole.head[0] - start, whole.head[1] - start)


def test_marked(make_doc, tokenizer):
    (pair,) = encode(make_doc("The [proteinase|GENE] of [ab|CHEMICAL]."), tokenizer, style="marked")
    expected = "[CLS] the <T:GENE> protein ##ase </T:GENE> of <H:CHEMICAL> a ##b </H:CHEMICAL> . [SEP]"
    assert words(pair, tokenizer) == expected.split()
    assert (pair.head, pair.tail) == ((7, 11), (2, 6))


def test_special_tokens_in_the_text_are_plain_text(make_doc, tokenizer):
    text = "[CLS] is [SEP] @GENE$ <H:CHEMICAL> "
    (pair,) = encode(make_doc(text + "[x|CHEMICAL] [y|GENE]"), tokenizer)
    pieces = words(pair, tokenizer)
    assert pieces[0] == "[CLS]" and pieces[-3:] == ["@CHEMICAL$", "@GENE$", "[SEP]"]
    assert not {"[CLS]", "[SEP]", "@GENE$", "<H:CHEMICAL>"} & set(pieces[1:-3])
    assert "".join(piece.removeprefix("##") for piece in pieces[1:-3]) == text.replace(" ", "").lower()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
def test_a_copied_tokenizer_reads_no_special_tokens_either(tokenizer, duplicate):
    doc = Doc(VOCAB, words=["[SEP]", "@GENE$"])
    assert tokenize(doc, duplicate(tokenizer)).ids.tolist() == tokenize(doc, tokenizer).ids.tolist()
    assert tokenizer.sep_id not in tokenize(doc, tokenizer).ids


def test_unknown_special_token_is_an_error(tokenizer):
    with pytest.raises(KeyError, match="@PLANT"):
        tokenizer.special_id("@PLANT$")


# The text is one word piece, "chemical" (0 to 8), then "##in" (8 to 10) and "gene" (11 to 15). Each case: characters of
# head and tail, anonymised input, marked input.
STRADDLING = {
    "begins inside": ((3, 10), (11, 15), "@CHEMICAL$ @GENE$", "<H> chemical ##in </H> <T> gene </T>"),
    "ends inside": ((0, 3), (11, 15), "@CHEMICAL$ ##in @GENE$", "<H> chemical </H> ##in <T> gene </T>"),
    "lies inside": ((3, 5), (11, 15), "@CHEMICAL$ ##in @GENE$", "<H> chemical </H> ##in <T> gene </T>"),
    "both inside": ((0, 3), (5, 8), "@CHEMICAL$ @GENE$ ##in gene", "<H> chemical </H> <T> </T> ##in gene"),
    "touching inside": ((0, 3), (3, 8), "@CHEMICAL$ @GENE$ ##in gene", "<H> chemical </H> <T> </T> ##in gene"),
}


@pytest.mark.parametrize("case", STRADDLING)
def test_word_pieces_across_a_mention_boundary(tokenizer, case: str):
    head, tail, anonymised, marked = STRADDLING[case]
    doc = Doc(VOCAB, words=["che", "mi", "cal", "in", "gene"], spaces=[False, False, False, True, False])
    doc.spans["sc"] = [
        doc.char_span(*head, label="CHEMICAL"),
        doc.char_span(*tail, label="GENE"),
    ]
    short = {"<H:CHEMICAL>": "<H>", "</H:CHEMICAL>": "</H>", "<T:GENE>": "<T>", "</T:GENE>": "</T>"}
    for style, expected in (("anonymised", anonymised), ("marked", marked)):
        (pair,) = encode(doc, tokenizer, style=style)
        assert [short.get(word, word) for word in words(pair, tokenizer)[1:-1]] == expected.split()
        check_entities(pair, tokenizer)


TEXT = st.lists(st.text(string.ascii_letters + string.digits + "-.,()αβ[]$@", min_size=1, max_size=8), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    before=TEXT, between=TEXT, after=TEXT, chemical_first=st.booleans(), style=st.sampled_from(["anonymised", "marked"])
)
def test_text_around_the_mentions_is_tokenised_as_ever(tokenizer, before, between, after, chemical_first, style):
    doc = Doc(VOCAB, words=[*before, "xx", *between, "yy", *after])
    first, second = len(before), len(before) + len(between) + 1
    labels = ("CHEMICAL", "GENE") if chemical_first else ("GENE", "CHEMICAL")
    doc.set_ents([Span(doc, i, i + 1, label=label) for i, label in zip((first, second), labels, strict=True)])
    (pair,) = encode(doc, tokenizer, style=style, max_length=10_000)
    parts = [pair.head, pair.tail] if chemical_first else [pair.tail, pair.head]
    expected = [doc[:first].text, doc[first + 1 : second].text, doc[second + 1 :].text]
    shown = [pair.ids[1 : parts[0][0]], pair.ids[parts[0][1] : parts[1][0]], pair.ids[parts[1][1] : -1]]
    for text, ids in zip(expected, shown, strict=True):
        assert ids.tolist() == tokenizer.backend.encode(text, add_special_tokens=False).ids
    check_entities(pair, tokenizer)


def test_an_instance_without_edits_inside_is_the_text_itself(tokenizer, make_doc):
    doc = make_doc("The proteinase inhibits chemical and gene.")
    edits = (
        Edit(0, 0, "<H:CHEMICAL>"),
        Edit(0, 0, "</H:CHEMICAL>"),
        Edit(42, 42, "<T:GENE>"),
        Edit(42, 42, "</T:GENE>"),
    )
    (pair,) = encode_pairs(doc, [Instance(0, 42, edits, (0, 1), (2, 3))], tokenizer, max_length=64)
    assert pair.ids[3:-3].tolist() == tokenizer.backend.encode(doc.text, add_special_tokens=False).ids


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_window_is_centred(data):
    length = data.draw(st.integers(2, 60))
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    size = data.draw(st.integers(1, 70))
    window = centre_window(length, start, end, size=size)
    if end - start > size:
        assert window is None
        return
    first, last = window
    assert 0 <= first <= start < end <= last <= length
    assert last - first == min(size, length)
    # Unbalanced only where the text ends.
    assert abs((start - first) - (last - end)) <= 1 or first == 0 or last == length


def test_both_entities_stay_in_the_window(tokenizer):
    tokens = ["a"] * 300
    for gap, at in ((0, 0), (10, 150), (60, 100), (59, 238), (5, 290)):
        doc = Doc(VOCAB, words=tokens)
        doc.set_ents([Span(doc, at, at + 1, label="CHEMICAL"), Span(doc, at + gap + 1, at + gap + 2, label="GENE")])
        (pair,) = encode(doc, tokenizer)
        assert len(pair.ids) == 64
        check_entities(pair, tokenizer)


def test_pair_too_far_apart_is_none(tokenizer):
    doc = Doc(VOCAB, words=["a"] * 100)
    for far, fits in ((62, True), (63, False)):
        doc.set_ents([Span(doc, 0, 1, label="CHEMICAL"), Span(doc, far - 1, far, label="GENE")])
        (pair,) = encode(doc, tokenizer)
        assert (pair is not None) is fits


def test_sentence_of_5000_tokens_is_tokenised_once(tokenizer, monkeypatch):
    doc = Doc(VOCAB, words=["gene", "of"] * 2500)
    doc.set_ents([Span(doc, i, i + 1, label="CHEMICAL" if i % 500 else "GENE") for i in range(0, 5000, 50)])
    texts = []
    monkeypatch.setattr("spacy_biore.model.pieces.tokenize", lambda *args: texts.append(args) or tokenize(*args))
    start = time.process_time()
    pairs = encode(doc, tokenizer)
    assert time.process_time() - start < 5
    assert (len(pairs), len(texts)) == (900, 1)
    fitting = [pair for pair in pairs if pair is not None]
    # The neighbours of each gene at distance 50; the first gene has one neighbour only.
    assert len(fitting) == 19
    assert all(np.array_equal(np.sort(pair.chars[1:-1]), pair.chars[1:-1]) for pair in fitting)


@pytest.mark.parametrize("pre_tokenizer", [Metaspace(), ByteLevel(add_prefix_space=True, trim_offsets=False)])
def test_a_piece_begins_with_its_word_whatever_blanks_a_tokenizer_counts_to_it(make_doc, pre_tokenizer):
    text = "We saw it. Yesterday [aspirin|CHEMICAL] blocked [EGFR|GENE] strongly."
    doc = make_doc(text)
    pieces = {piece for piece, _ in pre_tokenizer.pre_tokenize_str(doc.text)}
    tokens = ["[UNK]", *sorted(pieces), "@CHEMICAL$", "@GENE$", "[CLS]", "[SEP]"]
    backend = Tokenizer(WordLevel({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizer
    backend.add_special_tokens(["@CHEMICAL$", "@GENE$"])
    ids = {"cls_id": len(tokens) - 2, "sep_id": len(tokens) - 1, "pad_id": 0}
    tokenizer = PieceTokenizer.from_json(backend.to_str(), **ids)
    (pair,) = encode(doc, tokenizer)
    shown = "".join(word.strip("▁Ġ") for word in words(pair, tokenizer))
    assert shown == "[CLS]Yesterday@CHEMICAL$blocked@GENE$strongly.[SEP]"
    assert "".join(doc.text[char] for char in pair.chars[1:-1]) in ("YabEs", "YabEs.")
