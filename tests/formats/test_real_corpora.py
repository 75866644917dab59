"""The published counts of real corpora, where a machine has them (the environment variable BIORE_CORPORA)."""

import tarfile
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_biore.cli import biore_cli
from spacy_biore.formats import FORMATS


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
def test_chemprot_as_printed(folder, tmp_path):
    result = CliRunner().invoke(biore_cli, ["convert", "chemprot", str(folder), str(tmp_path / "out")])
    printed = " ".join(result.output.split())
    assert "documents read 1020 612 800" in printed
    assert "relations read 4157 2416 3458" in printed


@pytest.mark.parametrize("folder", ["bc5cdr"], indirect=True)
def test_bc5cdr(folder):
    found = totals("pubtator", folder)
    assert {name: numbers[:2] for name, numbers in found.items()} == {
        "train": (500, 1038),
        "dev": (500, 1012),
        "test": (500, 1066),
    }


@pytest.mark.parametrize("folder", ["ner/NCBIdisease_TrainDev.PubTator"], indirect=True)
def test_ncbi_disease_has_a_document_twice(folder):
    (source,) = FORMATS["pubtator"].find(folder).sources
    documents = list(FORMATS["pubtator"].read(source, on_mismatch="drop"))
    (twice,) = (doc_id for doc_id, number in Counter(document.id for document in documents).items() if number == 2)
    first, second = (document for document in documents if document.id == twice)
    assert first == second


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
