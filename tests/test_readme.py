"""The examples of the README, run as they stand there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_biore.assembly.assemble import assemble

README = Path(__file__).parents[1] / "README.md"
PACKAGE = "en_biore_chemprot_sm"
MODEL = "training/sample/model-final"


def block_of(name: str) -> str:
    """Return the one example of the README that loads a pipeline of this name."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf8"), re.DOTALL)
    [block] = [block for block in blocks if name in block]
    return block


@pytest.fixture(scope="module")
def example() -> str:
    """The example with the package."""
    return block_of(PACKAGE)


@pytest.fixture
def pipelines(
    make_recogniser: Callable[..., Language], relation_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Language]:
    """The pipelines that ``spacy.load`` finds: a recogniser with a relation extractor, under the package's name."""
    recogniser = make_recogniser(["CHEMICAL", "GENE"], terms={"gefitinib": "CHEMICAL", "EGFR": "GENE"})
    known = {PACKAGE: assemble(recogniser, spacy.load(relation_path), abbreviations=False).nlp}
    monkeypatch.setattr(spacy, "load", known.__getitem__)
    return known


def test_example_has_ten_lines(example: str):
    assert len([line for line in example.splitlines() if line]) == 10


@pytest.mark.filterwarnings("ignore:.*BRW62")
def test_example_prints_tabulates_and_saves_relations(
    example: str,
    pipelines: dict[str, Language],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(README), "exec"), {})
    first, columns, row = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert first[:3] == ["gefitinib", "INHIBITS", "EGFR"] and 0 <= float(first[3]) <= 1
    [doc] = DocBin().from_disk("relations.spacy").get_docs(pipelines[PACKAGE].vocab)
    [relation] = doc._.relations
    assert (relation.head.text, relation.label, relation.tail.text) == ("gefitinib", "INHIBITS", "EGFR")
    [record] = doc._.relation_records
    table = dict(zip(columns, row[1:], strict=True))
    assert (table["head.text"], table["tail.text"]) == ("gefitinib", "EGFR")
    assert (table["label"], float(table["score"])) == ("INHIBITS", pytest.approx(record["score"], abs=1e-4))
    assert (int(table["head.start"]), int(table["tail.end"])) == (record["head"]["start"], record["tail"]["end"])


def test_a_relation_model_alone_reads_the_entities_of_a_ruler(relation_path: Path, capsys: pytest.CaptureFixture[str]):
    exec(block_of(MODEL).replace(MODEL, str(relation_path)), {})
    assert capsys.readouterr().out.split()[:3] == ["gefitinib", "INHIBITS", "EGFR"]
