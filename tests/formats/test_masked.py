import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation, Source
from spacy_biore.formats.masked import find_masked, read_masked

PAIR = ("CHEMICAL", "GENE")


@pytest.fixture
def read(tmp_path):
    def read_text(text, **kwargs):
        path = tmp_path / "train.tsv"
        path.write_bytes(text.encode("utf-8"))
        return list(read_masked(Source("train", {"file": path}), **kwargs))

    return read_text


def test_tags_become_mentions_and_the_label_a_relation(read):
    (document,) = read("index\tsentence\tlabel\n77.T1.T2\t@GENE$ is hit by @CHEMICAL$-X.\tCPR:4\n", pair=PAIR)
    assert (document.id, document.group, document.text) == ("77.T1.T2", "77", "@GENE$ is hit by @CHEMICAL$-X.")
    assert document.mentions == [Mention("T2", 17, 27, "CHEMICAL"), Mention("T1", 0, 6, "GENE")]
    assert document.relations == [Relation("T2", "T1", "CPR:4")]


@pytest.mark.parametrize("label", ["false", "0", "DDI-false", "False", "FALSE "])
def test_null_labels_mean_no_relation(read, label):
    (document,) = read(f"77.1\t@DRUG$ and @DRUG$\t{label}\n")
    assert len(document.mentions) == 2 and document.relations == []


def test_instances_without_a_relation_are_negative_pairs(read):
    documents = read("1\t@DRUG$ and @DRUG$\tfalse\n2\t@DRUG$ or @DRUG$\teffect\n")
    assert [(doc.counts.negatives, doc.counts.relations.read) for doc in documents] == [(1, 0), (0, 1)]


def test_an_instance_is_one_sentence(read):
    (document,) = read("1\tHere. @DRUG$ vs. @DRUG$. There.\t0\n")
    assert document.sentences == [0]


def test_folds_of_two_columns_and_of_three_with_a_header(tmp_path):
    """The form in which the sets GAD and EU-ADR are passed on."""
    for fold in (1, 2, 10):
        folder = tmp_path / str(fold)
        folder.mkdir()
        (folder / "train.tsv").write_text(f'Fold {fold}: @GENE$ in @DISEASE$ .\t1\nThe @DISEASE$ ("@GENE$") .\t0\n')
        (folder / "test.tsv").write_text("index\tsentence\tlabel\n0\tA @DISEASE$ without @GENE$ .\t0\n")
    found = find_masked(tmp_path)
    assert sorted(source.name for source in found.sources) == sorted(
        f"{fold}/{split}" for fold in (1, 2, 10) for split in ("train", "test")
    )
    documents = {
        source.name: list(read_masked(source, pair=("GENE", "DISEASE"), null_labels=["0"])) for source in found.sources
    }
    first, second = documents["10/train"]
    assert (first.id, first.text, first.relations) == (
        "10/train:1",
        "Fold 10: @GENE$ in @DISEASE$ .",
        [Relation("T1", "T2", "1")],
    )
    assert [mention.type for mention in second.mentions] == ["GENE", "DISEASE"]
    (third,) = documents["2/test"]
    assert (third.id, third.relations, third.counts.negatives) == ("0", [], 1)


def test_null_labels_can_be_chosen(read):
    first, second = read("@DRUG$ and @DRUG$\tnone\n@DRUG$ or @DRUG$\tfalse\n", null_labels=["none"])
    assert first.relations == [] and second.relations[0].label == "false"


def test_labels_are_read_without_the_whitespace_around_them(read):
    (document,) = read("1\t@DRUG$ and @DRUG$\teffect \n")
    assert document.relations[0].label == "effect"


def test_first_mention_is_the_head_where_both_have_one_type(read):
    (document,) = read("0\t@DRUG$ and @DRUG$\teffect\n")
    assert document.relations == [Relation("T1", "T2", "effect")]
    assert document.mentions[0].start < document.mentions[1].start


def test_merged_tag_becomes_two_mentions_on_the_same_characters(read):
    (document,) = read("77.1\tthe @CHEM-GENE$ site\tCPR:9\n", pair=PAIR)
    assert document.mentions == [Mention("T1", 4, 15, "CHEMICAL"), Mention("T2", 4, 15, "GENE")]
    assert document.relations == [Relation("T1", "T2", "CPR:9")]


@pytest.mark.parametrize(("tag", "entity_type"), [("DRUG-DRUG", "DRUG"), ("PROT12", "PROTEIN"), ("CELL-CELL", "CELL")])
def test_merged_tag_of_one_type(read, tag, entity_type):
    (document,) = read(f"the @{tag}$ site\t1\n")
    assert [(mention.type, mention.start, mention.end) for mention in document.mentions] == [
        (entity_type, 4, 6 + len(tag))
    ] * 2


def test_aliases_can_be_chosen(read):
    (document,) = read("@PROT1$ binds @PROT2$\t1\n", aliases={"PROT1": "PROTEIN", "PROT2": "PROTEIN"})
    assert [mention.type for mention in document.mentions] == ["PROTEIN", "PROTEIN"]


@pytest.mark.parametrize(
    "text",
    [
        "index\tsentence\tlabel\r\n3\t@GENE$ in @GENE$ \t1\r\n",
        "\ufeffindex\tsentence\tlabel\n3\t@GENE$ in @GENE$ \t1\n",
        "3\t@GENE$ in @GENE$ \t1\n",
        "Sentence\tLabel\n@GENE$ in @GENE$ \t1\n",
        "@GENE$ in @GENE$ \t1",
    ],
)
def test_variants_of_the_file(read, text):
    (document,) = read(text)
    assert (document.text, document.relations[0].label) == ("@GENE$ in @GENE$ ", "1")


def test_ids_of_a_file_without_index_are_line_numbers_in_the_split(read):
    assert [document.id for document in read("@A$ @A$\t0\n\n@A$ @A$\t1\n")] == ["train:1", "train:3"]


@pytest.mark.parametrize(
    ("index", "group"),
    [
        ("10064839.T56.T49", "10064839"),
        ("DDI-MedLine.d119.s1.p0", "DDI-MedLine.d119"),
        ("AIMed.d7.s2.p1", "AIMed.d7"),
        ("17", "train:17"),
        ("pair.3", "train:pair.3"),
    ],
)
def test_group_is_the_article_that_the_index_names(read, index, group):
    (document,) = read(f"{index}\t@A$ @A$\t0\n")
    assert document.group == group


def test_empty_sentence_end_is_not_an_instance_without_tags(read):
    (document,) = read("1\t@A$ cost 5$ @ @A$\t0\n")
    assert [(mention.start, mention.end) for mention in document.mentions] == [(0, 3), (14, 17)]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "BR101"),
        ("a\tb\tc\td\n", {}, r"BR103.*line 1: 4 columns where 2 or 3"),
        ("1\t@A$ @A$\t0\n@A$ @A$\t0\n", {}, r"BR103.*line 2: 2 columns where 3"),
        ("id\ttext\tclass\n1\t@A$ @A$\t0\n", {}, r"BR120.*line 1: document 'id'.*has 0 \(tags: none\).*header"),
        ("1\t@A$ @A$\t\n", {}, r"BR118.*line 1: document '1': the label is empty"),
        ("1\tonly @A$ here\t0\n", {}, r"BR120.*line 1: document '1'.*has 1 \(tags: @A\$\)"),
        ("1\t@A$ @A$ @A$\t0\n", {}, r"BR120.*has 3 "),
        ("1\t@A-A$ @A$\t0\n", {}, r"BR120.*has 3 "),
        ("1\t@A$ @B$\t0\n", {}, r"BR121.*line 1: document '1'.*--pair A,B or --pair B,A"),
        ("1\t@CHEMICAL$ @DISEASE$\t0\n", {"pair": PAIR}, r"BR122.*'1'.*CHEMICAL, DISEASE.*CHEMICAL, GENE"),
        ("1\t@GENE$ @GENE$\t0\n", {"pair": PAIR}, r"BR122"),
    ],
)
def test_bad_instances(read, text, options, message):
    with pytest.raises(BioreError, match=message):
        read(text, **options)
