import json

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation
from spacy_biore.formats.ppi import find_ppi, read_ppi

TEXT = "Abc1 and Xyz bind Q2."
WORDS = ["Abc1", "Xyz", "Q2"]
INTERACTION = '<interaction id="A.d1.s0.i0" e1="A.d1.s0.e2" e2="A.d1.s0.e0" type="PPI" directed="false"/>'


def entities(ends, words=WORDS, text=TEXT):
    """Return entity elements; ``ends`` is added to the exclusive end of each."""
    places = [(word, text.index(word), text.index(word) + len(word) + ends) for word in words]
    return "".join(
        f'<entity id="A.d1.s0.e{number}" charOffset="{start}-{end}" type="protein" text="{word}"/>'
        for number, (word, start, end) in enumerate(places)
    )


def corpus(body, text=TEXT, doc_id="A.d1"):
    sentence = f'<sentence id="{doc_id}.s0" charOffset="0-1" text="{text}">{body}</sentence>'
    return f'<corpus source="A"><document id="{doc_id}" origId="7">{sentence}</document></corpus>'


@pytest.fixture
def read(tmp_path):
    def read_text(text, **kwargs):
        path = tmp_path / "A.xml"
        path.write_text(text, encoding="utf-8")
        (source,) = find_ppi(path).sources
        return list(read_ppi(source, **kwargs))

    return read_text


@pytest.mark.parametrize("ends", [0, -1], ids=["exclusive", "inclusive"])
def test_ends_are_found_out_from_the_texts(read, ends):
    (document,) = read(corpus(entities(ends)))
    assert document.mentions[0] == Mention("A.d1.s0.e0", 0, 4, "PROTEIN")
    assert [document.text[mention.start : mention.end] for mention in document.mentions] == WORDS


def test_a_mention_that_only_fits_the_other_convention_is_a_contradiction(read):
    odd = entities(0).replace('"18-20"', '"18-19"')
    with pytest.raises(BioreError, match=r"BR106.*A\.xml, sentence A\.d1\.s0: document 'A.d1': at 18:19 .*'Q2'.*'Q'"):
        read(corpus(odd))


def test_discontinuous_mention(read):
    body = '<entity id="e" charOffset="0-2,9-11" type="Complex" text="AbcXyz"/>' + entities(-1)
    (document,) = read(corpus(body))
    assert document.mentions[0] == Mention("e", 0, 12, "Complex")
    assert document.counts.mentions.changed == {"discontinuous, covered as a whole": 1}


def test_unlisted_pairs_are_negative(read):
    (document,) = read(corpus(entities(0) + INTERACTION))
    assert document.relations == [Relation("A.d1.s0.e0", "A.d1.s0.e2", "PPI")]
    assert (document.counts.relations.read, document.counts.negatives) == (1, 2)


def test_a_pair_that_is_listed_twice_is_no_two_pairs(read):
    other_way = INTERACTION.replace("s0.e2", "x").replace("s0.e0", "s0.e2").replace("x", "s0.e0")
    (document,) = read(corpus(entities(0) + INTERACTION + other_way))
    assert document.relations[0] == document.relations[1]
    assert document.counts.negatives == 2


def test_listed_pairs(read):
    pairs = "".join(
        f'<pair id="p{n}" e1="A.d1.s0.e{a}" e2="A.d1.s0.e{b}" interaction="{value}"/>'
        for n, (a, b, value) in enumerate([(0, 1, "True"), (0, 2, "False")])
    )
    (document,) = read(corpus(entities(0) + pairs))
    assert document.relations == [Relation("A.d1.s0.e0", "A.d1.s0.e1", "PPI")]
    assert (document.counts.relations.read, document.counts.negatives) == (1, 1)


def test_unknown_mention(read):
    with pytest.raises(BioreError, match=r"BR109.*document 'A.d1'.*'A.d1.s0.e2'"):
        read(corpus(entities(0, WORDS[:2]) + INTERACTION))


def test_mismatch_can_be_dropped(read):
    (document,) = read(corpus(entities(0).replace('text="Q2"', 'text="Q3"') + INTERACTION), on_mismatch="drop")
    assert len(document.mentions) == 2 and document.relations == []
    assert document.counts.relations.dropped == {"its mention was dropped": 1}


def test_files_of_a_folder(tmp_path):
    for name in ("A-train.xml", "A-test.xml", "folds/test_0.json", "folds/test_10.json", "folds/train_0.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "folds" / "relation_types.json").write_text("{}")
    found = find_ppi(tmp_path)
    assert [(source.name, source.is_fold) for source in found.sources] == [
        ("train", False),
        ("test", False),
        ("folds/fold_0", True),
        ("folds/fold_10", True),
    ]
    assert {path.name for path in found.skipped} == {"train_0.json", "relation_types.json"}


def test_one_fold_alone(tmp_path):
    (tmp_path / "test_3.json").write_text("x")
    (source,) = find_ppi(tmp_path).sources
    assert (source.name, source.is_fold) == ("fold_3", True)


def test_folder_with_training_sides_only(tmp_path):
    (tmp_path / "train_0.json").write_text(json.dumps({}))
    with pytest.raises(BioreError, match="BR110"):
        find_ppi(tmp_path)
