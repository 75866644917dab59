import zipfile

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation
from spacy_biore.formats.brat import find_brat, read_brat

TEXT = "Zorbin blocks αQRX.\r\nIt causes loop and other pain.\n"
MENTIONS = "T1\tCHEMICAL 0 6\tZorbin\nT2\tGENE 14 18\tαQRX\n"


@pytest.fixture
def folder(tmp_path):
    """A function that writes pairs of text and annotations, by name."""

    def write(**pairs):
        for name, (text, annotations) in pairs.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".txt").write_bytes(text.encode())
            path.with_suffix(".ann").write_bytes(annotations.encode())
        return tmp_path

    return write


@pytest.fixture
def read(folder):
    def read_one(annotations, text=TEXT, **kwargs):
        (source,) = find_brat(folder(d1=(text, annotations))).sources
        (document,) = read_brat(source, **kwargs)
        return document

    return read_one


def test_text_mentions_and_relations(read):
    document = read(MENTIONS + "R1\tINHIBITS Arg1:T1 Arg2:T2\t\nR2\tBINDS Theme:T2 Cause:T1\n")
    assert (document.id, document.text, document.sentences) == ("d1", TEXT, None)
    assert document.mentions == [Mention("T1", 0, 6, "CHEMICAL"), Mention("T2", 14, 18, "GENE")]
    assert document.relations == [Relation("T1", "T2", "INHIBITS"), Relation("T2", "T1", "BINDS")]
    assert (document.counts.mentions.read, document.counts.relations.read) == (2, 2)


def test_concepts_of_a_mention(read):
    concepts = "N1\tReference T1 MESH:D1\tzorbin\nN2\tReference T1 CHEBI:2\n"
    assert [mention.concept for mention in read(concepts + MENTIONS).mentions] == ["MESH:D1|CHEBI:2", None]


def test_discontinuous_mention_is_covered_as_a_whole_and_counted(read):
    document = read("T1\tDISEASE 31 35;46 50\tloop pain\n")
    assert document.mentions == [Mention("T1", 31, 50, "DISEASE")]
    assert document.counts.mentions.changed == {"discontinuous, covered as a whole": 1}


def test_line_breaks_in_a_mention_are_spaces_in_its_annotation(read):
    document = read("T1\tGENE 14 23\tαQRX.  It\n")
    assert document.text[14:23] == "αQRX.\r\nIt"
    assert document.mentions == [Mention("T1", 14, 23, "GENE")]


def test_what_is_no_relation_of_mentions_is_a_counted_drop(read):
    others = (
        "E1\tBlock:T1 Theme:T2\nR1\tCAUSES Arg1:E1 Arg2:T2\n*\tEquiv T1 T2\nA1\tNegated E1\n#1\tNote T1\tsee\tthere\n"
    )
    document = read(MENTIONS + others)
    assert (document.relations, document.counts.relations.read) == ([], 3)
    assert document.counts.relations.dropped == {"an event": 1, "an equivalence": 1, "between events": 1}


def test_no_annotations_at_all(read):
    assert (read("").mentions, read("\n \n").relations) == ([], [])


def test_mismatch_can_be_dropped_with_its_relation(read):
    document = read(MENTIONS.replace("αQRX", "aQRX") + "R1\tX Arg1:T1 Arg2:T2\n", on_mismatch="drop")
    assert [mention.id for mention in document.mentions] == ["T1"]
    assert document.counts.relations.dropped == {"its mention was dropped": 1}


def test_folders_name_splits_and_ids_stay_unique(folder):
    pair = (TEXT, MENTIONS)
    root = folder(train__a__1=pair, train__b__1=pair, train__b__2=pair, Test__3=pair)
    (root / "train" / "4.txt").write_text("x")
    (root / "annotation.conf").write_text("x")
    found = find_brat(root)
    ids = {source.name: [document.id for document in read_brat(source)] for source in found.sources}
    assert ids == {"train": ["train/a/1", "train/b/1", "2"], "test": ["3"]}
    assert {path.name: reason for path, reason in found.skipped.items()} == {
        "annotation.conf": "neither text nor annotations, by its name",
        "4.txt": "no .ann beside it",
    }


def test_an_archive(folder, tmp_path):
    root = folder(train__1=(TEXT, MENTIONS))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for path in sorted(root.rglob("1.*")):
            archive.write(path, path.relative_to(root))
    (source,) = find_brat(tmp_path / "c.zip").sources
    assert [(document.id, len(document.mentions)) for document in read_brat(source)] == [("1", 2)]


def test_nothing_to_read(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BioreError, match=r"BR110.*\*\.txt and \*\.ann"):
        find_brat(tmp_path)


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("X1\tCHEMICAL 0 6\tZorbin\n", r"BR160.*d1\.ann, line 1: .*'?X1"),
        ("\nT1 CHEMICAL 0 6 Zorbin\n", r"BR160.*d1\.ann, line 2"),
        ("T1\tCHEMICAL 0 6\n", r"BR103.*line 1: 2 columns"),
        ("T1\tCHEMICAL 0\tZorbin\n", r"BR160.*line 1: .*'CHEMICAL 0'"),
        ("T1\tCHEMICAL 0 6;\tZorbin\n", r"BR160.*line 1"),
        ("T1\tCHEMICAL 0 60\tZorbin\n", r"BR106.*line 1"),
        ("T1\tCHEMICAL 1 7\tZorbin\n", r"BR106.*line 1: document 'd1'.*'Zorbin'.*'orbin '"),
        (MENTIONS + "T1\tGENE 0 6\tZorbin\n", r"BR107.*line 3: document 'd1'.*'T1'"),
        (MENTIONS + "R1\tX Arg1:T1\n", r"BR160.*line 3: .*'X Arg1:T1'"),
        (MENTIONS + "R1\tX Arg1:T1 Arg2:T2 Arg3:T1\n", r"BR160.*line 3"),
        (MENTIONS + "R1\tX Arg1:T1 Arg2:T9\n", r"BR109.*line 3: document 'd1'.*'T9'"),
        (MENTIONS + "N1\tReference T1\n", r"BR160.*line 3"),
        (MENTIONS + "N1\tReference T9 MESH:D1\n", r"BR160.*line 3: .*'T9'"),
    ],
)
def test_bad_lines(read, annotations, message):
    with pytest.raises(BioreError, match=message):
        read(annotations)


def test_not_utf8(folder):
    root = folder(d1=(TEXT, MENTIONS))
    (root / "d1.txt").write_bytes(b"one\ntw\xff")
    (source,) = find_brat(root).sources
    with pytest.raises(BioreError, match=r"BR102.*d1\.txt, line 2: byte 0xff at position 3"):
        list(read_brat(source))
