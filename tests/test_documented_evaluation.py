"""The examples of docs/evaluation.md, run as they stand there on a small corpus."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin

PAGE = Path(__file__).parents[1] / "docs" / "evaluation.md"
# The second gene stands for two concepts and one that is not known, the third for none; the first is found twice.
CORPUS = """1|t|Zorbin blocks qrx.
1|a|Zorbin blocks abc/d and vtk. Zorbin blocks qrx.
1	0	6	Zorbin	CHEMICAL	D1
1	14	17	qrx	GENE	7
1	19	25	Zorbin	CHEMICAL	D1
1	33	38	abc/d	GENE	8,9|-1
1	43	46	vtk	GENE	-1
1	48	54	Zorbin	CHEMICAL	D1
1	62	65	qrx	GENE	7
1	INHIBITS	D1	7
1	INHIBITS	D1	9	Novel
1	INHIBITS	D2	7
"""


def block_of(name: str) -> str:
    """Return the one example of the page that holds a name."""
    [block] = [b for b in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL) if name in b]
    return block


def test_a_pair_of_concepts_counts_once_an_abstract(
    biore: Callable[..., Any],
    relation_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    Path("CDR_TestSet.PubTator.txt").write_text(CORPUS)
    biore("convert", "pubtator", "CDR_TestSet.PubTator.txt", "corpus/bc5cdr/test.spacy", "--align", "cut")
    names: dict[str, Any] = {}
    exec(block_of("gold =").replace("training/bc5cdr/model-final", str(relation_path)), names)
    # The model answers every pair of a sentence.
    assert names["found"] == {("1", "INHIBITS", "D1", gene) for gene in ("7", "8", "9")}
    assert names["gold"] - names["found"] == {("1", "INHIBITS", "D2", "7")}
    assert capsys.readouterr().out == "P 2/3 R 2/3 F 0.667\n"


def test_a_model_is_scored_in_python(
    relation_path: Path,
    make_doc: Callable[..., Doc],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    Path("corpus").mkdir()
    gold = make_doc("[zorbin|CHEMICAL] blocks [qrx|GENE]. [vtk|GENE] too.", [(0, 1, "INHIBITS"), (0, 2, "INHIBITS")])
    DocBin(docs=[gold], store_user_data=True).to_disk("corpus/test.spacy")
    exec(block_of("survey(nlp").replace("training/model-best", str(relation_path)), {})
    precision, recall = 1, 1 / 2
    assert capsys.readouterr().out.split() == [str(2 * precision * recall / (precision + recall)), "1"]
