"""The published counts of real corpora, where a machine has them (the environment variable BIORE_CORPORA)."""

import tarfile
from collections import Counter
from pathlib import Path

import bioc
import pytest
from bioc import biocjson, biocxml
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.formats import FORMATS, Counts, Document
from spacy_biore.relations import get_records
from spacy_biore.schema import Schema
from spacy_biore.targets import gold_labels


@pytest.fixture
def folder(corpora, request):
    path = corpora / request.param
    if not path.exists():
        pytest.skip(f"BIORE_CORPORA has no {request.param}")
    return path


def totals(name, path, **options):
    """Return the numbers of documents, relation rows and relations of each split."""
    found = {}
    for source in FORMATS[name].find(path).sources:
        documents = list(FORMATS[name].read(source, **options))
        found[source.name] = (
            len(documents),
            sum(document.counts.relations.read for document in documents),
            sum(len(document.relations) for document in documents),
        )
    return found


def unpacked(folder: Path, name: str, target: Path) -> Path:
    with tarfile.open(folder / f"{name}.tar.gz") as archive:
        archive.extractall(target, filter="data")
    return target / name


@pytest.mark.parametrize("folder", ["chemprot"], indirect=True)
def test_chemprot(folder):
    assert totals("chemprot", folder) == {
        "train": (1020, 4157, 4157),
        "dev": (612, 2416, 2416),
        "test": (800, 3458, 3458),
    }


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["chemprot"], indirect=True)
def test_chemprot_as_printed(biore, folder, tmp_path):
    result = biore("convert", "chemprot", folder, tmp_path / "out")
    assert "documents read 1020 612 800" in result.text
    assert "relations read 4157 2416 3458" in result.text


@pytest.mark.parametrize("folder", ["bc5cdr"], indirect=True)
def test_bc5cdr(folder):
    found = totals("pubtator", folder)
    assert {name: numbers[:2] for name, numbers in found.items()} == {
        "train": (500, 1038),
        "dev": (500, 1012),
        "test": (500, 1066),
    }


def as_bioc(document: Document) -> bioc.BioCDocument:
    """Write a document as BioC does: relations name mentions, and offsets count in the document."""
    written, passage = bioc.BioCDocument(), bioc.BioCPassage()
    written.id, passage.offset, passage.text = document.id, 0, document.text
    for mention in document.mentions:
        annotation = bioc.BioCAnnotation()
        annotation.id, annotation.text = mention.id, document.text[mention.start : mention.end]
        annotation.infons = {"type": mention.type} | ({"MESH": mention.concept} if mention.concept else {})
        annotation.add_location(bioc.BioCLocation(mention.start, mention.end - mention.start))
        passage.add_annotation(annotation)
    for number, one in enumerate(document.relations):
        relation = bioc.BioCRelation()
        relation.id, relation.infons = f"R{number}", {"relation": one.label}
        relation.nodes = [bioc.BioCNode(one.head, "Chemical"), bioc.BioCNode(one.tail, "Disease")]
        written.add_relation(relation)
    written.add_passage(passage)
    return written


@pytest.mark.parametrize("writer", [biocxml, biocjson], ids=["xml", "json"])
@pytest.mark.parametrize("folder", ["bc5cdr"], indirect=True)
def test_bc5cdr_as_bioc(folder, writer, tmp_path):
    source = FORMATS["pubtator"].find(folder).sources[-1]
    documents, collection = list(FORMATS["pubtator"].read(source)), bioc.BioCCollection()
    for document in documents:
        collection.add_document(as_bioc(document))
    (tmp_path / "c.bioc").write_text(writer.dumps(collection), encoding="utf-8")
    (written,) = FORMATS["bioc"].find(tmp_path / "c.bioc").sources
    assert list(FORMATS["bioc"].read(written)) == documents


@pytest.mark.parametrize("folder", ["ner/NCBIdisease_TrainDev.PubTator"], indirect=True)
def test_ncbi_disease_has_a_document_twice(folder):
    (source,) = FORMATS["pubtator"].find(folder).sources
    documents = list(FORMATS["pubtator"].read(source, on_mismatch="drop"))
    (twice,) = (doc_id for doc_id, number in Counter(document.id for document in documents).items() if number == 2)
    first, second = (document for document in documents if document.id == twice)
    assert first == second


@pytest.mark.parametrize("folder", ["ner/NLMchem_Test.PubTator"], indirect=True)
def test_nlm_chem_is_made_of_passages(folder):
    (source,) = FORMATS["pubtator"].find(folder).sources
    documents = list(FORMATS["pubtator"].read(source))
    assert (len(documents), sum(len(document.mentions) for document in documents)) == (50, 12411)


def numbers_in(doc_bins, schema):
    """Return the numbers of candidate pairs on different characters, of pairs with a label, and of relations."""
    generate, vocab = make_candidate_generator(spans_key="entities"), Vocab()
    numbers = Counter()
    for path in doc_bins:
        for doc in DocBin().from_disk(path).get_docs(vocab):
            candidates = generate(doc, schema)
            ends = [(mention.start, mention.end) for mention in candidates.mentions]
            numbers["candidates"] += len({(ends[head], ends[tail]) for head, tail in candidates.pairs})
            numbers["positive"] += int(gold_labels(doc, candidates, schema).any(axis=1).sum())
            numbers["relations"] += len(get_records(doc))
    return tuple(numbers[name] for name in ("candidates", "positive", "relations"))


def symmetric(entity_type, *labels):
    entries = [{"label": label, "head": entity_type, "tail": entity_type, "symmetric": True} for label in labels]
    return Schema.from_config(entries)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["ddi2013/DDICorpus-2013.zip"], indirect=True)
def test_ddi(biore, folder, tmp_path):
    result = biore("convert", "ddi", folder, tmp_path / "out")
    assert "documents written 714 191" in result.text
    assert "relations read 4021 979" in result.text
    assert "relations dropped: no type 1 0" in result.text
    assert "discontinuous, covered as a whole 38 9" in result.text
    assert "negative pairs read 23771 4737" in result.text
    schema = symmetric("DRUG", "advise", "effect", "int", "mechanism")
    assert numbers_in([tmp_path / "out" / "train.spacy"], schema) == (27792, 4020, 4020)
    # 5716, but two discontinuous mentions of one sentence are covered by the same text.
    assert numbers_in([tmp_path / "out" / "test.spacy"], schema) == (5714, 979, 979)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["ppi/aimed_folds"], indirect=True)
def test_aimed_folds(biore, folder, tmp_path):
    result = biore("convert", "ppi", folder, tmp_path / "out")
    totals = {" ".join(filter(str.isalpha, row)): row[-1] for row in result.rows if "read" in row}
    assert totals == {
        "documents read": "220",
        "mentions read": "3801",
        "relations read": "1000",
        "negative pairs read": "4834",
    }
    doc_bins = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in doc_bins] == [f"fold_{n}.spacy" for n in range(10)]
    assert numbers_in(doc_bins, symmetric("PROTEIN", "PPI")) == (5834, 1000, 1000)


@pytest.mark.parametrize("folder", ["ppi/unified_xml"], indirect=True)
def test_unified_aimed(folder):
    counts = Counts()
    for source in FORMATS["ppi"].find(folder).sources:
        for document in FORMATS["ppi"].read(source):
            counts.add(document.counts)
    assert (counts.relations.read, counts.negatives, counts.mentions.read) == (991, 4784, 4202)


CHEMPROT_INSTANCES = {"train": (18035, 4112), "dev": (11268, 2408), "test": (15745, 3430)}
DDI_INSTANCES = {"train": (25296, 3551), "dev": (2496, 469), "test": (5716, 979)}


@pytest.mark.parametrize("folder", ["su_eval_sets"], indirect=True)
@pytest.mark.parametrize(
    ("name", "options", "numbers"),
    [
        ("ChemProtMS", {"pair": ("CHEMICAL", "GENE")}, CHEMPROT_INSTANCES),
        ("ddi2013ms", {}, DDI_INSTANCES),
    ],
)
def test_instances(folder, tmp_path, name, options, numbers):
    found = totals("masked", unpacked(folder, name, tmp_path), **options)
    assert {split: (documents, relations) for split, (documents, _, relations) in found.items()} == numbers


@pytest.mark.parametrize("folder", ["su_eval_sets"], indirect=True)
def test_aimed_instances(folder, tmp_path):
    found = totals("masked", unpacked(folder, "aimed", tmp_path))
    assert len(found) == 20
    for fold in range(1, 11):
        train, test = found[f"{fold}/train"], found[f"{fold}/test"]
        assert (train[0] + test[0], train[2] + test[2]) == (5834, 1000)
