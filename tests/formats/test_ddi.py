import zipfile
from xml.sax.saxutils import quoteattr

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation
from spacy_biore.formats.ddi import find_ddi, read_ddi

FIRST = "Zorbin raises quellin levels."
SECOND = " Avoid loop or other diuretics with Zorbin.\r\n"


def entity(number, offsets, text, kind="drug"):
    return f'<entity id="D.d1.{number}" charOffset="{offsets}" type="{kind}" text={quoteattr(text)}/>'


def pair(number, first, second, ddi="true", label="effect"):
    attributes = f' type="{label}"' if label else ""
    return f'<pair id="D.d1.{number}" e1="D.d1.{first}" e2="D.d1.{second}" ddi="{ddi}"{attributes}/>'


def sentence(number, text, *children):
    escaped = quoteattr(text, {"\r": "&#xd;", "\n": "&#xa;"})
    return f'<sentence id="D.d1.s{number}" text={escaped}>{"".join(children)}</sentence>'


def document(*sentences, doc_id="D.d1"):
    return f'<?xml version="1.0" encoding="UTF-8"?><document id="{doc_id}">{"".join(sentences)}</document>'


ZORBIN, QUELLIN = entity("s0.e0", "0-5", "Zorbin", "brand"), entity("s0.e1", "14-20", "quellin", "drug_n")
LOOP, LAST = entity("s1.e0", "7-10;21-29", "loop diuretics", "group"), entity("s1.e1", "36-41", "Zorbin")
PAIR = pair("s0.p0", "s0.e0", "s0.e1")


@pytest.fixture
def read(tmp_path):
    def read_texts(*texts, **kwargs):
        (tmp_path / "Train").mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (tmp_path / "Train" / f"{number}.xml").write_text(text, encoding="utf-8")
        (source,) = find_ddi(tmp_path).sources
        return list(read_ddi(source, **kwargs))

    return read_texts


def test_sentences_become_one_text_with_known_boundaries(read):
    (found,) = read(
        document(sentence(0, FIRST, ZORBIN, QUELLIN, PAIR), sentence(1, SECOND, LOOP, LAST), sentence(2, "End."))
    )
    assert (found.id, found.group) == ("D.d1", "D.d1")
    assert found.text == "Zorbin raises quellin levels.  Avoid loop or other diuretics with Zorbin.\r\nEnd."
    assert [found.text[start:].split()[0] for start in found.sentences] == ["Zorbin", "Avoid", "End."]


def test_mentions_have_offsets_in_the_document_and_one_type(read):
    (found,) = read(document(sentence(0, FIRST, ZORBIN, QUELLIN), sentence(1, SECOND, LOOP, LAST)))
    assert [found.text[mention.start : mention.end] for mention in found.mentions] == [
        "Zorbin",
        "quellin",
        "loop or other diuretics",
        "Zorbin",
    ]
    assert found.mentions[0] == Mention("D.d1.s0.e0", 0, 6, "DRUG")
    assert {mention.type for mention in found.mentions} == {"DRUG"}


def test_discontinuous_name_is_covered_as_a_whole_and_counted(read):
    (found,) = read(document(sentence(0, SECOND, LOOP)))
    assert found.counts.mentions.read == 1
    assert found.counts.mentions.changed == {"discontinuous, covered as a whole": 1}


def test_discontinuous_name_that_is_off_by_one_is_moved_counted_and_pointed_out(read):
    shifted = LOOP.replace("7-10;21-29", "6-9;20-28")
    with pytest.warns(UserWarning, match=r"BRW16.*1 discontinuous.*0\.xml, document D\.d1"):
        (found,) = read(document(sentence(0, SECOND, shifted)))
    assert found.text[found.mentions[0].start : found.mentions[0].end] == "loop or other diuretics"
    assert found.counts.mentions.changed["discontinuous, moved by one character"] == 1


def test_pairs_become_relations_or_count_as_negative(read):
    pairs = (PAIR, pair("s0.p1", "s0.e0", "s0.e2", "false", ""), pair("s0.p2", "s0.e1", "s0.e2", "false", ""))
    (found,) = read(document(sentence(0, FIRST, ZORBIN, QUELLIN, entity("s0.e2", "22-27", "levels"), *pairs)))
    assert found.relations == [Relation("D.d1.s0.e0", "D.d1.s0.e1", "effect")]
    assert (found.counts.relations.read, found.counts.negatives) == (1, 2)


def test_head_is_the_mention_that_comes_first_in_the_text(read):
    (found,) = read(document(sentence(0, FIRST, QUELLIN, ZORBIN, pair("s0.p0", "s0.e1", "s0.e0", label="int"))))
    assert found.relations == [Relation("D.d1.s0.e0", "D.d1.s0.e1", "int")]


def test_interaction_without_a_type_is_a_counted_drop_and_pointed_out(read):
    good = document(sentence(0, FIRST, ZORBIN, QUELLIN, PAIR), doc_id="D.d0")
    bad = document(sentence(0, FIRST, ZORBIN, QUELLIN, pair("s0.p0", "s0.e0", "s0.e1", label="")))
    with pytest.warns(UserWarning, match=r"BRW15.*1 interaction\(s\) without a type.*1\.xml, document D\.d1") as caught:
        first, second = read(good, bad)
    assert len(caught) == 1
    assert len(first.relations) == 1 and second.relations == []
    assert (second.counts.relations.read, second.counts.relations.dropped) == (1, {"no type": 1})


def test_mismatch_can_be_dropped_with_its_relation(read):
    other = entity("s0.e1", "14-20", "quellon")
    (found,) = read(document(sentence(0, FIRST, ZORBIN, other, PAIR)), on_mismatch="drop")
    assert [mention.id for mention in found.mentions] == ["D.d1.s0.e0"]
    assert found.counts.mentions.dropped == {"text differs": 1}
    assert found.counts.relations.dropped == {"its mention was dropped": 1}


def test_all_contradictions_are_named_before_the_error(read):
    texts = [document(sentence(0, FIRST, entity("s0.e0", "0-6", "Zorbin")), doc_id=f"D.d{n}") for n in range(12)]
    with pytest.raises(BioreError, match=r"BR156.* 12 mentions .*'D\.d0', 0:7 .*'D\.d\d+', 0:7 .*and 2 more"):
        read(*texts)


def test_sentences_without_text_are_none(read):
    (found,) = read(document(sentence(0, ""), sentence(1, FIRST, ZORBIN), sentence(2, " ")))
    assert (found.sentences, found.mentions[0].start) == ([0], 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<document", r"BR150.*0\.xml \(unclosed token"),
        ('<?xml version="1.0" encoding="none"?><document/>', r"BR150.*0\.xml"),
        ("<html/>", r"BR150.*0\.xml.*no element <document> in <html>"),
        ("<document/>", r"BR151.*0\.xml.*<document> '' has no attribute 'id'"),
        (document('<sentence id="D.d1.s0"/>'), r"BR151.*sentence D\.d1\.s0.*no attribute 'text'"),
        (document(sentence(0, FIRST, '<entity id="e"/>')), r"BR151.*<entity> 'e' has no attribute 'charOffset'"),
        (document(sentence(0, FIRST, entity("s0.e0", "0", "Zorbin"))), r"BR152.*document 'D.d1'.*'D.d1.s0.e0'.*'0'"),
        (document(sentence(0, FIRST, entity("s0.e0", "0-5;", "Zorbin"))), r"BR152"),
        (document(sentence(0, FIRST, entity("s0.e0", "-1-5", "Zorbin"))), r"BR152"),
        (document(sentence(0, FIRST, entity("s0.e0", "0-29", "Zorbin"))), r"BR106.*document 'D.d1'.*0:30.*has ''"),
        (document(sentence(0, FIRST, entity("s0.e0", "5-0", "Zorbin"))), r"BR106.*5:1"),
        (document(sentence(0, FIRST, entity("s0.e0", "0-6", "Zorbin"))), r"BR106.*s0: document 'D.d1'.*'Zorbin '"),
        (document(sentence(0, FIRST, ZORBIN), sentence(1, FIRST, ZORBIN)), r"BR107.*sentence D.d1.s1: .*'D.d1.s0.e0'"),
        (document(sentence(0, FIRST, entity("s0.e0", "0-5", "Zorbin", kind=""))), r"BR118.*document 'D.d1': the type"),
        (document(sentence(0, FIRST, ZORBIN, PAIR)), r"BR109.*sentence D.d1.s0: document 'D.d1'.*'D.d1.s0.e1'"),
        (
            document(sentence(0, FIRST, ZORBIN, '<pair id="p" ddi="true" type="int"/>')),
            r"BR151.*'p' has no attribute 'e1'",
        ),
        (
            document(sentence(0, FIRST, ZORBIN, QUELLIN, PAIR.replace('"true"', '"yes"'))),
            r"BR151.*'ddi' of <pair>.*'yes'",
        ),
    ],
)
def test_bad_documents(read, text, message):
    with pytest.raises(BioreError, match=message):
        read(text)


MEMBERS = {
    "DDI/Train/DrugBank/a.xml": "D.d1",
    "DDI/Train/MedLine/b.xml": "D.d2",
    "DDI/Test/Test for DDI task/DrugBank/c.xml": "D.d3",
    "DDI/Test/Test for DrugNER task/DrugBank/d.xml": "D.d4",
    "DDI/.DS_Store": "",
    "__MACOSX/DDI/Train/._a.xml": "",
}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "DDI-2013.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, doc_id in MEMBERS.items():
            file.writestr(name, document(sentence(0, FIRST, ZORBIN), doc_id=doc_id))
    return path


def test_splits_of_an_archive(archive):
    found = find_ddi(archive)
    assert {source.name: [doc.id for doc in read_ddi(source)] for source in found.sources} == {
        "train": ["D.d1", "D.d2"],
        "test": ["D.d3"],
    }
    reasons = {path.name: reason for path, reason in found.skipped.items()}
    assert reasons["d.xml"] == "test set of the recognition task, without interactions"
    assert reasons[".DS_Store"] == reasons["._a.xml"] == "not a document, by its name"


def test_member_is_named_in_messages(archive):
    (document, *_) = read_ddi(find_ddi(archive).sources[0])
    assert document.source == f"{archive}, member DDI/Train/DrugBank/a.xml, document D.d1"


def test_an_unpacked_folder_is_read_like_the_archive(archive, tmp_path):
    zipfile.ZipFile(archive).extractall(tmp_path / "unpacked")
    unpacked, packed = find_ddi(tmp_path / "unpacked").sources, find_ddi(archive).sources
    assert [(source.name, list(read_ddi(source))) for source in unpacked] == [
        (source.name, list(read_ddi(source))) for source in packed
    ]


@pytest.mark.parametrize(("folder", "split"), [("DDI/Train", "train"), ("DDI/Test/Test for DrugNER task", "test")])
def test_the_folder_of_one_split(archive, tmp_path, folder, split):
    zipfile.ZipFile(archive).extractall(tmp_path / "unpacked")
    assert [source.name for source in find_ddi(tmp_path / "unpacked" / folder).sources] == [split]


def test_nothing_found(tmp_path):
    with pytest.raises(BioreError, match="BR110.*Train and Test"):
        find_ddi(tmp_path)
