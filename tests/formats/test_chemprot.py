import warnings

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation
from spacy_biore.formats.chemprot import find_chemprot, read_chemprot

ABSTRACTS = "11\tZorbin and QRX2.\tZorbin blocks QRX2 and the QRX family.\n12\tNothing here.\tNo result.\n"
ENTITIES = "11\tT1\tCHEMICAL\t17\t23\tZorbin\n11\tT2\tGENE-Y\t31\t35\tQRX2\n11\tT3\tGENE-N\t44\t54\tQRX family\n"
GOLD = "11\tCPR:4\tArg1:T1\tArg2:T2\n11\tCPR:4\tArg1:T1\tArg2:T3\n"
RELATIONS = (
    "11\tCPR:4\tY \tINHIBITOR\tArg1:T1\tArg2:T2\n"
    "11\tCPR:2\tN \tDIRECT-REGULATOR\tArg1:T1\tArg2:T2\n"
    "11\tCPR:4\tY \tINHIBITOR\tArg1:T1\tArg2:T3\n"
)


def write(folder, split="training", suffix="", **tables):
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"abstracts": ABSTRACTS, "entities": ENTITIES, **tables}
    for role, text in tables.items():
        (folder / f"chemprot_{split}_{role}{suffix}.tsv").write_text(text, encoding="utf-8")
    return folder


def read(folder, **kwargs):
    return list(read_chemprot(find_chemprot(folder).sources[0], **kwargs))


def test_documents_mentions_and_relations(tmp_path):
    first, second = read(write(tmp_path, gold_standard=GOLD))
    assert first.text == "Zorbin and QRX2.\tZorbin blocks QRX2 and the QRX family."
    assert first.mentions[1] == Mention("T2", 31, 35, "GENE")
    assert {mention.type for mention in first.mentions} == {"CHEMICAL", "GENE"}
    assert first.relations == [Relation("T1", "T2", "CPR:4"), Relation("T1", "T3", "CPR:4")]
    assert (second.id, second.mentions, second.relations) == ("12", [], [])
    assert first.counts.mentions.read == 3 and first.counts.relations.read == 2


def test_gold_standard_is_preferred_to_the_table_of_relations(tmp_path):
    document, _ = read(write(tmp_path, gold_standard=GOLD.splitlines()[0], relations=RELATIONS))
    assert document.relations == [Relation("T1", "T2", "CPR:4")]


def test_without_gold_standard_the_evaluated_relations_are_read_and_the_others_counted(tmp_path):
    document, _ = read(write(tmp_path, relations=RELATIONS))
    assert document.relations == [Relation("T1", "T2", "CPR:4"), Relation("T1", "T3", "CPR:4")]
    assert document.counts.relations.read == 3
    assert document.counts.relations.dropped == {"not an evaluated class": 1}


def test_drugprot_files_are_found_and_read(tmp_path):
    for role, text in {"abstracs": ABSTRACTS, "entities": ENTITIES, "relations": GOLD}.items():
        (tmp_path / f"drugprot_development_{role}.tsv").write_text(text)
    (source,) = find_chemprot(tmp_path).sources
    assert source.name == "dev"
    assert len(next(read_chemprot(source)).relations) == 2


def test_splits_of_a_distribution_without_the_sample(tmp_path):
    write(tmp_path / "chemprot_test_gs", "test", "_gs")
    write(tmp_path / "chemprot_training")
    write(tmp_path / "chemprot_sample", "sample")
    found = find_chemprot(tmp_path)
    assert [source.name for source in found.sources] == ["train", "test"]
    assert set(found.skipped.values()) == {"sample set"}


def test_names_are_read_without_the_whitespace_around_them(tmp_path):
    entities = ENTITIES.replace("GENE-Y", " GENE-Y ").replace("CHEMICAL", "CHEMICAL ")
    document, _ = read(write(tmp_path, gold_standard=GOLD.replace("CPR:4", "CPR:4 "), entities=entities))
    assert {mention.type for mention in document.mentions} == {"CHEMICAL", "GENE"}
    assert {relation.label for relation in document.relations} == {"CPR:4"}


def test_a_sample_alone_is_read(tmp_path):
    (source,) = find_chemprot(write(tmp_path, "sample")).sources
    assert source.name == "chemprot_sample"


def test_split_without_relations_is_read_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="BRW11.*'train'"):
        first, _ = read(write(tmp_path))
    assert first.relations == [] and len(first.mentions) == 3


def test_no_warning_where_there_are_relations(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(write(tmp_path, gold_standard=GOLD))


def test_relation_of_a_mention_dropped_for_its_text_is_counted(tmp_path):
    entities = ENTITIES.replace("31\t35\tQRX2", "31\t35\tQRX3")
    document, _ = read(write(tmp_path, gold_standard=GOLD, entities=entities), on_mismatch="drop")
    assert document.relations == [Relation("T1", "T3", "CPR:4")]
    assert document.counts.relations.dropped == {"its mention was dropped": 1}


def test_input_must_be_a_folder(tmp_path):
    write(tmp_path)
    with pytest.raises(BioreError, match="BR100.*from a folder"):
        find_chemprot(tmp_path / "chemprot_training_abstracts.tsv")


def test_nothing_found(tmp_path):
    with pytest.raises(BioreError, match="BR110"):
        find_chemprot(tmp_path)


def test_two_tables_for_one_place(tmp_path):
    write(tmp_path / "a", "test")
    write(tmp_path / "b", "test", "_gs")
    with pytest.raises(BioreError, match="BR111.*'test'"):
        find_chemprot(tmp_path)


def test_split_without_entities(tmp_path):
    (write(tmp_path) / "chemprot_training_entities.tsv").unlink()
    with pytest.raises(BioreError, match="BR112.*'train'.*entities"):
        find_chemprot(tmp_path)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"abstracts": "11\tTitle only\n"}, r"BR103.*abstracts\.tsv, line 1: 2 columns where 3"),
        ({"entities": ""}, r"BR101.*entities\.tsv"),
        ({"entities": ENTITIES + "13\tT1\tCHEMICAL\t0\t1\tZ\n"}, r"BR108.*entities\.tsv, line 4: .*'13'"),
        ({"gold_standard": GOLD + "13\tCPR:3\tArg1:T1\tArg2:T2\n"}, r"BR108.*line 3: .*'13'"),
        ({"gold_standard": "11\tCPR:4\tArg1:T1\tArg2:T9\n"}, r"BR109.*line 1: document '11'.*'T9'"),
        (
            {"entities": ENTITIES.replace("GENE-N", " ")},
            r"BR118.*line 3: document '11': the type of a mention is empty",
        ),
        ({"gold_standard": "11\t\tArg1:T1\tArg2:T2\n"}, r"BR118.*line 1: document '11': the label of a relation"),
        ({"gold_standard": "11\tCPR:4\tT1\tArg2:T2\n"}, r"BR113.*line 1: document '11': argument 1 .*'T1'"),
        ({"gold_standard": "11\tCPR:4\tArg2:T2\tArg1:T1\n"}, r"BR113.*argument 1"),
        ({"gold_standard": "11\tCPR:4\tINHIBITOR\tArg1:T1\tArg2:T2\n"}, r"BR103.*5 columns where 4 or 6"),
    ],
)
def test_bad_rows(tmp_path, tables, message):
    with pytest.raises(BioreError, match=message):
        read(write(tmp_path, **{"gold_standard": GOLD, **tables}))
